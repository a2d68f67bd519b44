/** The panel of the shadow release: how often it agrees, which release was right, and the canary. Shown while there is one. */

import { $, count, element, known, moment, NONE, share, terms, write } from './dashboard-format.js';

const INTERVAL = 10_000; // ms between looks
const LISTED = 12; // prefixes
const NOTHING = { off: 'none', waiting: 'none, until PostgreSQL tells whether it may', stopped: 'none: it has fallen behind' };
const short = release => (release ? release.slice(0, 12) : NONE);
const interval = ({ agreement, low, high }) => (known(agreement) ? `${share(agreement)} (${share(low)} – ${share(high)})` : 'nothing compared yet');

function right({ known: outcomes, served_right: served, shadow_right: shadow } = {}) {
  return outcomes ? `served ${count(served)}, shadow ${count(shadow)}, of ${count(outcomes)}` : 'no outcomes yet';
}

function showCanary({ state, share: now, since, outcomes, errors, threshold, stopped }) {
  const evidence = ({ evidence: some }) => `${some >= 1000 ? '1,000 and more' : some.toFixed(2)} of ${count(threshold)}`;
  terms('shadow-canary', [
    ['Serves now', now ? `${share(now)} of the addresses` : NOTHING[state], stopped ? 'bad' : ''],
    since ? ['Since', moment(since)] : null,
    stopped ? ['Stopped', `${moment(stopped.at)}, for its ${stopped.reason}`, 'bad'] : null,
    outcomes ? ['Outcomes of its shipments', count(outcomes.known)] : null,
    outcomes ? ['Only served, only canary right', `${count(outcomes.served_only)}, ${count(outcomes.canary_only)}`] : null,
    outcomes ? ['Evidence that it is less accurate', evidence(outcomes)] : null,
    errors ? ['Evidence that it fails more often', evidence(errors)] : null,
  ]);
}

function listPrefixes(prefixes) {
  const worst = [...prefixes].sort((a, b) => b.disagreed - a.disagreed || b.sample - a.sample).slice(0, LISTED);
  const key = JSON.stringify(worst);
  const body = $('shadow-prefixes').querySelector('tbody');
  $('shadow-scroll').hidden = worst.length === 0;
  if (body.dataset.key === key) return;
  body.dataset.key = key;
  const cells = of => [of.prefix, interval(of), count(of.sample), count(of.disagreed), count(of.failed), count(of.shed), right(of.outcomes)];
  body.replaceChildren(...worst.map(of => element('tr', {}, ...cells(of).map(text => element('td', {}, text)))));
  write($('shadow-note'), prefixes.length > LISTED ? `The ${LISTED} prefixes of ${prefixes.length} that disagree most` : '');
}

function showShadow({ enabled, served, shadow, share: compared, since, comparisons, prefixes = [], outcomes, canary }) {
  $('shadow').hidden = !enabled;
  if (!enabled) return;
  const failed = Object.keys(shadow.failed).length;
  terms('shadow-agreement', [
    ['Agreement', element('strong', {}, interval(comparisons))],
    ['Compared', `${count(comparisons.sample)}, ${share(compared)} of the addresses`],
    ['Disagreed', count(comparisons.disagreed)],
    ['Failed', count(comparisons.failed), comparisons.failed ? 'warn' : ''],
    ['Not compared for lack of time', count(comparisons.shed)],
    ['Right where they disagree', outcomes ? right(outcomes) : 'unknown: the database is away'],
    ['Since', moment(since)],
    ['Served', `${short(served.release)}${served.promoted ? ', promoted' : ''}`],
    ['Shadow', `${short(shadow.release)}, ${count(shadow.models)} models`],
    failed ? ['Models of it that can’t be used', count(failed), 'bad'] : null,
  ]);
  showCanary(canary);
  listPrefixes(prefixes);
}

async function look() {
  try {
    if (!document.hidden && !$('link').classList.contains('bad')) { // as long as the service is there
      const response = await fetch('models/shadow');
      if (response.ok) showShadow(await response.json());
    }
  } catch {
    // the head of the page says that the service can't be reached
  }
  setTimeout(look, INTERVAL);
}

look();
