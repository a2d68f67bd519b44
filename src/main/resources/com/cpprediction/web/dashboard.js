/** Listens to the service and shows what it says. */

import { startAsking } from './dashboard-ask.js';
import { $, bytes, count, digits, duration, element, known, moment, NONE, rate, share, show, terms, write } from './dashboard-format.js';
import { Failures } from './dashboard-failures.js';
import { History } from './dashboard-history.js';
import { Models } from './dashboard-models.js';
import { Outcomes, startSearching } from './dashboard-outcomes.js';
import { showDoubts, showShare } from './dashboard-pincodes.js';
import { Plots } from './dashboard-plots.js';

const STALE = 4; // seconds without news
const RECONNECT = 2000; // ms
const SMOOTH = 3; // seconds behind a rate
const RECENT = 10; // seconds behind a hit rate
const KINDS = ['caller', 'service'];
const SOURCES = ['model', 'cache'];
const KEPT_AS = {
  journal: 'in the journal',
  commit: 'committed in PostgreSQL',
  none: 'in memory only',
};

const plots = new Plots();
const models = new Models();
let state = null;
let catalogue = null;
let recent = []; // states of the last seconds, oldest first
let counted = []; // predictions by source during the last minutes, oldest first
let heard = null; // performance.now() of the last event

const ENOUGH = { p50: 1, p95: 20, p99: 100 }; // samples behind a percentile
const WINDOW = 120; // seconds that percentiles cover

const sum = counts => Object.values(counts ?? {}).reduce((total, value) => total + value, 0);
const answered = state => sum(state.meters.outcomes && { ok: state.meters.outcomes.ok });
const failed = state => sum(state.meters.outcomes) - answered(state);
const bySource = (state, source) => state.meters.predictions?.[source]?.count;

/** How much a count grew per second, since `seconds` ago or a little longer; null while nothing is known of then. */
function growth(of, seconds) {
  const now = recent.at(-1);
  const ago = ({ uptime_ms: then }) => (now.uptime_ms - then) / 1000;
  const then = recent.findLast(earlier => ago(earlier) > seconds - 0.3) ?? recent[0];
  if (ago(then) < 0.5 || !known(of(now)) || !known(of(then))) return null;
  return Math.max(0, of(now) - of(then)) / ago(then);
}

function hitRate(seconds) {
  const hits = growth(({ cache }) => cache.hits, seconds);
  const misses = growth(({ cache }) => cache.misses, seconds);
  return known(hits) && hits + misses > 0 ? hits / (hits + misses) : null;
}

/** Mean of a distribution over the last seconds. */
function mean(name) {
  const total = ({ meters }) => (meters[name] ? (meters[name].mean ?? 0) * meters[name].count : null);
  const [more, some] = [growth(total, RECENT), growth(({ meters }) => meters[name]?.count, RECENT)];
  return known(more) && some > 0 ? more / some : null;
}

function parts(counts) {
  const some = Object.entries(counts ?? {}).filter(([, value]) => value > 0).sort(([, a], [, b]) => b - a);
  return some.map(([name, value]) => `${name.replaceAll('_', ' ')} ${count(value)}`).join(', ');
}

/** What a health check that says no means. */
function unready(name, check) {
  const reasons = {
    models: () => `No model is loaded${check.directory ? ` from ${check.directory}` : ''}, so nothing can be predicted.`,
    persistence: () => `Predictions can’t be kept${check.journal?.error ? `: ${check.journal.error}` : '.'}`,
    database: () => `Answers wait for PostgreSQL, which can’t be reached${check.error ? `: ${check.error}` : '.'}`,
    cluster: () => 'This node is not yet part of its cluster as it should be.',
  };
  return reasons[name]?.() ?? `${name}: ${check.error ?? 'not ready'}`;
}

function notices({ health, meters }) {
  const { checks, ready } = health;
  const list = [];
  const unfit = Object.entries(checks).filter(([, check]) => !check.ready);
  for (const [name, check] of unfit) list.push(['bad', 'Not ready', unready(name, check)]);
  if (!ready && unfit.length === 0) list.push(['bad', 'Not ready', 'The service is stopping.']);
  const { database, config, persistence, models: loaded } = checks;
  if (database?.status === 'down' && database.ready) {
    const kept = persistence?.ack === 'journal' ? ' Predictions wait in the journal and are stored later.' : '';
    list.push(['warn', 'PostgreSQL is down', `${database.error ?? `The reason: ${database.reason ?? 'not known yet'}.`}${kept}`]);
  }
  if (config?.outcome === 'refused') {
    list.push(['warn', 'Configuration refused', `${config.error ?? 'The log says why.'} What was in force before stays so.`]);
  }
  for (const [name, check] of Object.entries(checks)) {
    if (check.ready && check.degraded && name !== 'database') list.push(['warn', `Degraded: ${name}`, check.degraded === true ? 'The log says why.' : check.degraded]);
  }
  const refused = Object.entries(loaded?.failed ?? {});
  if (refused.length) list.push(['warn', `${count(refused.length)} refused in the release`, `${grouped(refused)} What answered before goes on.`]);
  if (!meters.on) list.push(['info', 'Metrics are off', 'Rates and times are not measured; metrics.enabled switches them on.']);
  return list;
}

/** Prefixes with the same reason in one sentence. */
function grouped(refused) {
  const reasons = new Map();
  for (const [prefix, reason] of refused) reasons.set(reason, [...(reasons.get(reason) ?? []), prefix]);
  return [...reasons]
    .slice(0, 5)
    .map(([reason, prefixes]) => {
      const more = prefixes.length > 8 ? ` and ${prefixes.length - 8} more` : '';
      return `${prefixes.slice(0, 8).join(', ')}${more}: ${reason}.`.replace(/\.\.$/, '.');
    })
    .join(' ');
}

function showNotices(list) {
  const key = JSON.stringify(list);
  if ($('notices').dataset.key === key) return;
  $('notices').dataset.key = key;
  $('notices').replaceChildren(
    ...list.map(([kind, title, text]) => element('p', { class: `notice ${kind}` }, element('strong', {}, `${title}. `), text)),
  );
}

/** Alerts that fire, each with its beginning and what to do. */
function showAlerts(alerts) {
  const key = JSON.stringify(alerts);
  if ($('alerts').dataset.key === key) return;
  $('alerts').dataset.key = key;
  $('alerts').replaceChildren(
    ...alerts.map(({ severity, since, summary, todo }) =>
      element(
        'li',
        { class: `notice ${severity === 'critical' ? 'bad' : 'warn'}` },
        element('strong', {}, `${summary}, since ${moment(since)}.`),
        element('small', {}, todo),
      ),
    ),
  );
}

function showNow({ meters, cache, in_flight: inFlight }) {
  const perSecond = growth(state => (state.meters.on ? answered(state) + failed(state) : null), SMOOTH);
  show('rate', perSecond, rate(perSecond));
  show('answered', meters.on ? answered(state) : null, meters.on ? count(answered(state)) : NONE);
  for (const source of SOURCES) {
    const times = meters.predictions?.[source];
    show(`${source}-count`, times?.count, count(times?.count));
    const samples = sampled(source);
    for (const percentile of ['p50', 'p95', 'p99']) {
      const time = samples >= ENOUGH[percentile] ? recently(times?.[percentile]) : null;
      show(`${source}-${percentile}`, time, digits(time), 'ms');
    }
  }
  const asked = cache.hits + cache.misses;
  show('hit-rate', asked ? cache.hit_rate : null, asked ? share(cache.hit_rate) : NONE);
  write($('hit-rate-sub'), cache.enabled ? `${count(cache.hits)} hits` : 'The cache is off');
  show('in-flight', inFlight.shipments, count(inFlight.shipments));
  show('in-flight-limit', inFlight.limit, count(inFlight.limit));
  for (const kind of KINDS) {
    const failures = meters.on ? sum(meters.failures?.[kind]) : null;
    show(`${kind}-failures`, failures, count(failures));
    write($(`${kind}-failures-sub`), parts(meters.failures?.[kind]) || 'since the start');
  }
  const shed = meters.on ? sum(meters.shed) : null;
  show('shed', shed, count(shed));
  write($('shed-sub'), parts(meters.shed) || 'since the start');
}

/** Predictions of a source that its percentiles are of, as far as they are known. */
function sampled(source) {
  const now = counted.at(-1);
  const then = counted.find(({ uptime }) => now.uptime - uptime <= WINDOW * 1000);
  const before = now.uptime - counted[0].uptime >= (WINDOW - 2) * 1000 ? then[source] : 0;
  return now[source] - before;
}

/** A percentile of the last minutes is zero when nothing happened in them. */
const recently = time => time || null;

const milliseconds = times => (recently(times?.p50) ? `p50 ${digits(times.p50)}, p99 ${digits(times.p99)} ms` : NONE);

function showCards({ uptime_ms: uptime, health, meters, cache }) {
  const { persistence = {}, database = {}, config } = health.checks;
  const { journal } = persistence;
  const rows = meters.database?.rows;
  terms('storing', [
    ['An answer is kept', KEPT_AS[persistence.ack] ?? NONE],
    ['Rows waiting', count(persistence.queued)],
    ['The oldest waits', persistence.queued ? duration(persistence.oldest_seconds) : NONE],
    journal ? ['Journal', `${bytes(journal.bytes)} of ${bytes(journal.max_bytes)}`] : null,
    journal?.error ? ['Journal’s error', journal.error, 'long bad'] : null,
    ['Stored', count(persistence.stored)],
    ['Already there', count(rows?.duplicate)],
    ['Rejected', count(persistence.rejected), persistence.rejected ? 'bad' : ''],
    ['Dropped', count(persistence.dropped), persistence.dropped ? 'bad' : ''],
  ]);
  terms('database', [
    ['State', `${database.status ?? NONE} since ${moment(database.since)}`, database.status === 'up' ? '' : 'bad'],
    database.error ? ['Last error', database.error, 'long bad'] : null,
    ['Inserts', count(meters.database?.flush.count)],
    ['Time of an insert', milliseconds(meters.database?.flush)],
    ...(meters.pools ?? []).map(({ name, size, in_use: used, waiting }) => [
      `Pool ${name}`,
      `${count(used)} of ${count(size)} in use, ${count(waiting)} waiting`,
      waiting ? 'warn' : '',
    ]),
  ]);
  const { memory } = meters;
  terms('process', [
    ['Up', duration(uptime / 1000)],
    ['In memory', `${bytes(memory.rss_bytes)} of ${bytes(memory.limit_bytes)}`],
    ['Heap', `${bytes(memory.heap_used_bytes)} of ${bytes(memory.heap_max_bytes)}`],
    ['Mapped models', catalogue ? bytes(mapped()) : NONE],
    ['Cache entries', cache.enabled ? `${count(cache.size)} of ${count(cache.max_size)}` : 'the cache is off'],
    ['Evicted', count(cache.evictions)],
    ['Scoring', milliseconds(meters.score)],
    ['Loop delay', milliseconds(meters.event_loop_delay)],
  ]);
  const refused = config?.outcome === 'refused';
  terms('config', [
    ['Configuration', config ? `${refused ? 'refused' : 'in force'} since ${moment(config.at)}` : NONE, refused ? 'bad' : ''],
    config?.error ? ['Why', config.error, 'long bad'] : null,
  ]);
}

const mapped = () => catalogue.models.reduce((total, model) => total + model.mapped_bytes, 0);

function showRelease() {
  const { engine, mapping, last_reload: reload, loaded, release, live } = catalogue;
  const refused = Object.entries(reload.failed ?? {});
  terms('release', [
    ['Release', release ? element('code', { title: release }, release.slice(0, 12)) : NONE],
    ['Engine', `${engine}, ${mapping}`],
    ['Last reload', known(reload.ms) ? `${moment(reload.at)}, took ${count(reload.ms)} ms` : NONE],
    ['Loaded, unchanged, removed', `${count(reload.loaded)}, ${count(reload.unchanged)}, ${count(reload.removed)}`],
    ['Refused', count(refused.length), refused.length ? 'bad' : ''],
    refused.length ? ['Why', grouped(refused), 'long bad'] : null,
    ['Models', count(loaded)],
    ['Live accuracy', live?.outcomes ? `${share(live.accuracy)} of ${count(live.outcomes)}` : 'no outcomes yet'],
  ]);
  models.show(catalogue.models);
  showWrongPincodes();
  showCluster(catalogue.cluster);
}

const showWrongPincodes = () => showShare(catalogue.wrong_pincodes, state && state.at - state.uptime_ms);

function showCluster({ enabled, node, members = [], replicas, replicas_missing: missing, unanswered = [] }) {
  $('cluster-card').hidden = !enabled;
  write($('node'), enabled ? `node ${node.name}` : '');
  if (!enabled) return;
  const said = ({ fresh, leaving, suspect }) => (leaving ? 'leaving' : suspect ? 'silent' : fresh ? 'just started' : 'well');
  terms('cluster', [
    ...members.map(member => [
      `${member.name}${member.self ? ' (this one)' : ''}`,
      `${said(member)}, ${count(member.ready)} models`,
      member.suspect ? 'warn' : '',
    ]),
    ['Owners of each prefix', count(replicas)],
    ['Owners missing', count(missing), missing ? 'warn' : ''],
    ['Prefixes without a node', count(unanswered.length), unanswered.length ? 'bad' : ''],
  ]);
}

function plot({ at, meters, cache }) {
  const second = of => growth(of, 1);
  const { memory, predictions } = meters;
  const times = source => ['p50', 'p95', 'p99'].map(p => (sampled(source) >= ENOUGH[p] && predictions?.[source]?.[p]) || null); // no zero on a log scale
  const failures = kind => growth(({ meters }) => (meters.on ? sum(meters.failures?.[kind]) : null), RECENT);
  plots.add(at / 1000, {
    'plot-rate': SOURCES.map(source => second(state => bySource(state, source))),
    'plot-failures': KINDS.map(failures).map(perSecond => (known(perSecond) ? 60 * perSecond : null)),
    'plot-latency': SOURCES.flatMap(times),
    'plot-hit': [hitRate(RECENT)],
    'plot-confidence': [mean('confidence'), mean('pincode_doubt')],
    'plot-memory': [memory.rss_bytes, memory.heap_used_bytes, catalogue && mapped()],
  });
}

function showState(fresh) {
  if (state && fresh.uptime_ms < state.uptime_ms) recent = counted = []; // another process: it counts anew
  state = fresh;
  counted = [
    ...counted.filter(({ uptime }) => fresh.uptime_ms - uptime <= WINDOW * 1000),
    { uptime: fresh.uptime_ms, ...Object.fromEntries(SOURCES.map(source => [source, bySource(fresh, source) ?? 0])) },
  ];
  recent = [...recent.slice(-RECENT - 2), fresh];
  write($('version'), `version ${fresh.version}`);
  showNow(fresh);
  showCards(fresh);
  showDoubts(fresh.meters);
  if (catalogue) showWrongPincodes();
  showAlerts(fresh.alerts ?? []);
  showNotices(notices(fresh));
  plot(fresh);
  showLink();
}

/** Whether the numbers are of now, and whether the service is ready. */
function showLink() {
  const silent = heard === null ? 0 : (performance.now() - heard) / 1000;
  const link = $('link');
  let text = 'Connecting…';
  let kind = '';
  if (lost || silent > STALE) {
    text = state ? `Disconnected: this is how it was at ${moment(state.at)}; trying again` : 'Can’t reach the service; trying again';
    kind = 'bad';
  } else if (state) {
    const { ready, status } = state.health;
    text = !ready ? 'Not ready' : status === 'up' ? 'Ready' : 'Degraded';
    kind = { 'Not ready': 'bad', Ready: 'good', Degraded: 'warn' }[text];
  }
  write(link, text);
  link.className = `pill ${kind}`;
  document.title = `${kind === 'bad' ? '⚠ ' : ''}CP Prediction Service`;
}

let lost = false;

function listen() {
  const source = new EventSource('events');
  const on = (name, handle) =>
    source.addEventListener(name, event => {
      heard = performance.now();
      lost = false;
      handle(JSON.parse(event.data));
    });
  on('state', showState);
  on('models', fresh => {
    catalogue = fresh;
    showRelease();
  });
  source.addEventListener('error', () => {
    if (!lost && state) plots.interrupt(Date.now() / 1000);
    lost = true;
    recent = [];
    showLink();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RECONNECT); // refused, not broken off
  });
}

startAsking();
new History(plots);
new Failures();
new Outcomes();
startSearching();
listen();
setInterval(showLink, 1000);
