"use strict";

const HISTORY = 600; // seconds that the plots show
const SHORTEST = 120; // seconds that they span at least
const FIRST = 20; // models shown before all are asked for
const STALE_MS = 4000;

const $ = id => document.getElementById(id);
const set = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
const element = (tag, text, cls) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};

// Numbers -----------------------------------------------------------------------------------

const known = value => value !== undefined && value !== null;
const count = value => known(value) ? Math.round(value).toLocaleString("en") : "–";
const millis = value => !known(value) ? "–" : value >= 100 ? count(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const signed = value => (value > 0 ? "+" : "−") + Math.abs(value).toFixed(2);
const percent = value => known(value) ? `${(100 * value).toFixed(1)} %` : "–";
const megabytes = bytes => known(bytes) ? `${count(bytes / 1e6)} MB` : "–";
const time = iso => {
  if (!iso) return "–";
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return today ? at.toLocaleTimeString("en-GB") : `${at.toLocaleDateString("en-CA")} ${at.toLocaleTimeString("en-GB")}`;
};
const duration = seconds => {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600) % 24} h`;
};

/** Rows of name, value and, where it is bad news, true. */
function facts(id, rows) {
  $(id).replaceChildren(...rows.filter(row => row).flatMap(([name, value, bad]) =>
    [element("dt", name), element("dd", value, bad ? "bad-text" : "")]));
}

// Plots -------------------------------------------------------------------------------------

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const PLOTS = {
  rate: [["model", "--model"], ["cache", "--cache"]],
  latency: [["model p50", "--model"], ["model p99", "--fourth"], ["cache p50", "--cache"], ["cache p99", "--third"]],
  hits: [["hit rate", "--cache"]],
  memory: [["heap", "--model"], ["process", "--third"]],
};
const UNITS = {rate: "/s", latency: " ms", hits: " %", memory: " MB"};
const data = Object.fromEntries(Object.entries(PLOTS).map(([name, series]) => [name, [[], ...series.map(() => [])]]));
const charts = {};

function draw(name) {
  const place = $("plot-" + name);
  const axis = {stroke: css("--soft"), grid: {stroke: css("--grid"), width: 1}, ticks: {show: false}, font: "12px system-ui, sans-serif"};
  const short = value => value >= 1000 ? count(value) : String(+value.toPrecision(3));
  charts[name]?.destroy();
  charts[name] = new uPlot({
    width: place.clientWidth,
    height: 170,
    cursor: {y: false},
    scales: {
      x: {range: (u, min, max) => {
        const end = max ?? Date.now() / 1e3;
        return [Math.max(end - HISTORY, Math.min(min ?? end, end - SHORTEST)), end];
      }},
      y: {range: (u, min, max) => name === "hits" ? [0, 100] : [0, max > 0 ? max * 1.1 : 1]},
    },
    axes: [
      {...axis, space: 70, values: (u, at) => at.map(t => new Date(t * 1e3).toLocaleTimeString("en-GB", {hour: "2-digit", minute: "2-digit"}))},
      {...axis, size: 52, values: (u, at) => at.map(short)},
    ],
    series: [
      {label: "time", value: (u, t) => known(t) ? new Date(t * 1e3).toLocaleTimeString("en-GB") : "–"},
      ...PLOTS[name].map(([label, colour]) => ({
        label, stroke: css(colour), width: 2, points: {show: false}, spanGaps: false,
        value: (u, v) => known(v) ? short(v) + UNITS[name] : "–",
      })),
    ],
  }, data[name], place);
}

function push(name, at, values) {
  const rows = data[name];
  [at, ...values].forEach((value, i) => rows[i].push(known(value) ? value : null));
  while (rows[0][0] < at - HISTORY) rows.forEach(row => row.shift());
  if (!document.hidden) charts[name].setData(rows);
}

for (const name of Object.keys(PLOTS)) {
  draw(name);
  let width = $("plot-" + name).clientWidth;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width || !now) return;
    width = now;
    charts[name].setSize({width, height: 170});
  }).observe($("plot-" + name));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Object.keys(PLOTS).forEach(draw));

// State -------------------------------------------------------------------------------------

let before = null;

function show(state) {
  const ready = state.not_ready.length === 0;
  $("ready").className = "pill " + (ready ? "good" : "bad");
  set("ready", ready ? "ready" : "not ready");
  set("ready-why", ready ? "" : state.not_ready.map(name => why(name, state.checks[name])).join("; "));
  $("unmeasured").hidden = state.measured;

  const cache = state.cache;
  set("hit-rate", cache.hits + cache.misses ? percent(cache.hit_rate) : "–");
  set("cache-size", count(cache.size));
  set("cache-max", count(cache.max_size));
  if (state.measured) measured(state);
  stored(state);

  const config = state.checks.config ?? {};
  facts("config", [
    ["Last read", time(config.at)],
    ["Outcome", config.error ? "refused, the one before is in force" : "in force", config.error],
    config.error && ["Why", config.error, true],
  ]);
  const cluster = state.checks.cluster;
  facts("node", [
    ["Version", state.version],
    ["Running for", duration((Date.now() - Date.parse(state.started)) / 1e3)],
    state.node && ["Node", state.node],
    cluster && known(cluster.members) && ["Nodes", Array.isArray(cluster.members) ? String(cluster.members.length) : String(cluster.members)],
    cluster && known(cluster.replicas_missing) && ["Owners missing", count(cluster.replicas_missing), cluster.replicas_missing > 0],
  ]);
  before = {state, at: performance.now()};
}

function why(name, check) {
  switch (name) {
    case "stopping": return "it is stopping";
    case "models": return "no model is loaded";
    case "database": return "PostgreSQL is away: " + (check?.error ?? "it can't be reached");
    case "persistence": return "answers can't be kept: " + (check?.journal?.error ?? "the journal or the queue is full");
    default: return name;
  }
}

function measured(state) {
  const answered = source => state.predictions[source]?.count ?? 0;
  const total = answered("model") + answered("cache");
  set("answered", count(total));
  for (const source of ["model", "cache"]) {
    const times = state.predictions[source] ?? {};
    for (const p of ["p50", "p95", "p99"]) set(`${source}-${p}`, millis(times[p]));
    set(`${source}-count`, count(times.count));
  }
  set("in-flight", count(state.in_flight));
  const sum = all => Object.values(all).reduce((a, b) => a + b, 0);
  set("shed", count(sum(state.shed)));
  const failed = Object.entries(state.outcomes).filter(([outcome, n]) => outcome !== "ok" && n > 0).sort((a, b) => b[1] - a[1]);
  set("failed", count(failed.reduce((n, one) => n + one[1], 0)));
  set("failed-by", failed.length ? failed.slice(0, 2).map(([outcome, n]) => `${count(n)} ${outcome}`).join(", ") : "no errors");

  const now = Date.now() / 1e3;
  const memory = state.memory;
  push("memory", now, [memory.heap_used_bytes / 1e6, known(memory.rss_bytes) ? memory.rss_bytes / 1e6 : null]);
  facts("memory", [
    ["Heap", `${megabytes(memory.heap_used_bytes)} of ${megabytes(memory.heap_max_bytes)}`, memory.heap_used_bytes > .9 * memory.heap_max_bytes],
    known(memory.rss_bytes) && ["Process", megabytes(memory.rss_bytes)],
    known(memory.limit_bytes) && ["Machine or container", megabytes(memory.limit_bytes)],
    ["Models, mapped", megabytes(mapped)],
  ]);
  facts("pool", state.pools.map(pool => [
    pool.name === "cp-write" ? "Writing" : pool.name === "cp-read" ? "Reading" : pool.name,
    `${count(pool.in_use)} of ${count(pool.size)} in use, ${count(pool.waiting)} waiting`,
    pool.waiting > 0 && pool.in_use >= pool.size]));

  if (before?.state.measured) {
    const seconds = (performance.now() - before.at) / 1e3;
    const rate = source => Math.max(0, answered(source) - (before.state.predictions[source]?.count ?? 0)) / seconds;
    const [scored, cached] = [rate("model"), rate("cache")];
    set("rate", count(scored + cached));
    push("rate", now, [scored, cached]);
    const [hits, misses] = [state.cache.hits - before.state.cache.hits, state.cache.misses - before.state.cache.misses];
    push("hits", now, [hits + misses > 0 ? 100 * hits / (hits + misses) : null]);
    const p = (source, name) => state.predictions[source]?.[name];
    push("latency", now, [p("model", "p50"), p("model", "p99"), p("cache", "p50"), p("cache", "p99")]);
  }
}

function stored(state) {
  const books = state.checks.persistence ?? {};
  const database = state.checks.database ?? {};
  const journal = books.journal;
  const flush = state.database?.flush ?? {};
  facts("store", [
    ["PostgreSQL", database.status === "up" ? `up since ${time(database.since)}` : `away since ${time(database.since)}`, database.status !== "up"],
    database.error && ["Why", database.error, true],
    journal && ["Journal", `${megabytes(journal.bytes)} of ${megabytes(journal.max_bytes)}`, journal.error || journal.bytes > .8 * journal.max_bytes],
    journal?.error && ["Journal's error", journal.error, true],
    ["Answered after", {journal: "it is in the journal", commit: "PostgreSQL committed it", none: "nothing"}[books.ack] ?? "–"],
    ["Waiting", `${count(books.waiting)} rows, the oldest ${duration(books.oldest_seconds ?? 0)}`, books.oldest_seconds > 60],
    ["Stored", count(books.stored)],
    (books.rejected > 0 || books.dropped > 0) && ["Set aside, dropped", `${count(books.rejected)}, ${count(books.dropped)}`, true],
    known(flush.p50) && ["One insert", `p50 ${millis(flush.p50)} ms, p99 ${millis(flush.p99)} ms`],
  ]);
}

// Models ------------------------------------------------------------------------------------

let models = [];
let mapped = null;
let by = "requests";
let descending = true;
let all = false;

const KEYS = {
  live: model => model.live?.accuracy ?? -1,
  accuracy: model => model.accuracy ?? -1,
};
const key = model => (KEYS[by] ?? (one => one[by] ?? ""))(model);

function showRelease(release) {
  models = release.models;
  mapped = models.reduce((sum, model) => sum + (model.mapped_bytes ?? 0), 0);
  const reload = release.last_reload ?? {};
  const refused = Object.entries(reload.failed ?? {});
  const left = release.failed ?? [];
  const live = release.live ?? {};
  const reasons = new Map();
  for (const [what, reason] of refused) reasons.set(reason, [...(reasons.get(reason) ?? []), what]);
  facts("release", [
    ["Models", `${count(release.loaded)}, ${release.engine}${release.mapping === "heap" ? ", on the heap" : ""}${release.preload === "per_request" ? ", read for each request" : ""}`, release.loaded === 0],
    ["Release", (release.release || "none").slice(0, 12)],
    ["Last reload", `${time(reload.at)}: ${count(reload.loaded)} loaded, ${count(reload.unchanged)} unchanged, ${count(reload.removed)} removed`],
    ...[...reasons].map(([reason, what]) => ["Refused", `${what.slice(0, 5).join(", ")}${what.length > 5 ? ` and ${what.length - 5} more` : ""}: ${reason}`, true]),
    !refused.length && left.length > 0 && ["Not served", left.slice(0, 5).map(one => one.prefix).join(", "), true],
    live.outcomes > 0 && ["Right in service", `${percent(live.accuracy)} of ${count(live.outcomes)} reported`],
  ]);
  showModels();
}

function showModels() {
  const prefix = $("filter").value.trim();
  const found = models.filter(model => model.prefix.startsWith(prefix));
  found.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const order = x < y ? -1 : x > y ? 1 : 0;
    return (descending ? -order : order) || (a.prefix < b.prefix ? -1 : 1);
  });
  const some = all ? found : found.slice(0, FIRST);
  $("models").tBodies[0].replaceChildren(...some.map(row));
  set("shown", `${some.length} of ${found.length} models`);
}

function row(model) {
  const tr = element("tr");
  const live = model.live?.outcomes ? `${percent(model.live.accuracy)} of ${count(model.live.outcomes)}` : "–";
  const cells = [model.prefix, count(model.requests), percent(model.accuracy), live, count(model.cps),
    count(model.training_rows), millis(model.load_ms), count(model.mapped_bytes / 1e3), time(model.loaded_at)];
  for (const cell of cells) tr.append(element("td", cell));
  const name = element("td", "");
  name.append(element("code", model.model));
  if (model.last_error) name.append(element("span", " " + model.last_error, "bad-text"));
  tr.append(name);
  return tr;
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    descending = by === button.dataset.by ? !descending : button.dataset.by !== "prefix";
    by = button.dataset.by;
    document.querySelectorAll("th[aria-sort]").forEach(th => th.removeAttribute("aria-sort"));
    button.parentElement.setAttribute("aria-sort", descending ? "descending" : "ascending");
    showModels();
  });
}
$("filter").addEventListener("input", showModels);
$("all").addEventListener("click", () => {
  all = !all;
  $("all").setAttribute("aria-pressed", String(all));
  set("all", all ? `Show ${FIRST}` : "Show all");
  showModels();
});

// Listening ---------------------------------------------------------------------------------

let heard = performance.now();

function listen() {
  const source = new EventSource("events");
  source.addEventListener("state", event => {
    heard = performance.now();
    show(JSON.parse(event.data));
  });
  source.addEventListener("models", event => showRelease(JSON.parse(event.data)));
  // A server that refuses closes it for good; one that is away is tried again by the browser.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}
setInterval(() => {
  const silent = performance.now() - heard;
  $("stale").hidden = silent < STALE_MS;
  if (silent < STALE_MS) return;
  set("stale", `Nothing heard from the service for ${duration(silent / 1e3)}; the numbers below are old. Trying again.`);
  $("ready").className = "pill bad";
  set("ready", "disconnected");
  set("ready-why", "");
}, 1000);
listen();

// Asking ------------------------------------------------------------------------------------

let shipment;
const another = () => {
  shipment = "dashboard-" + Array.from(crypto.getRandomValues(new Uint8Array(5)), byte => byte.toString(16).padStart(2, "0")).join("");
  set("shipment", shipment);
};
another();

const FEATURES = {
  ridge: "the words of the address",
  cent: "likeness to the addresses it serves",
  dir_c: "likeness to the offices of its pincodes",
  offexact: "its office named in full",
  off_c: "likeness to the name of its office",
  own_c: "likeness to its own offices",
  prior: "how much it serves",
  K: "how many CPs there are",
  ntok: "how long the address is",
  pin_absent: "no pincode",
  pin_eq: "its own pincode",
  pin_share: "how much of the pincode is its own",
  pin_agree: "digits of the pincode that agree",
  pin_diff: "distance between the pincodes",
  pincode_trust: "trust in the given pincode",
};

$("ask").addEventListener("submit", async event => {
  event.preventDefault();
  const body = {shipment_id: shipment, address: $("address").value};
  if ($("pincode").value.trim()) body.pincode = $("pincode").value.trim();
  const headers = {"Content-Type": "application/json"};
  if ($("token").value) headers.Authorization = "Bearer " + $("token").value;
  let parts;
  try {
    const response = await fetch("predict?explain=true", {method: "POST", headers, body: JSON.stringify(body)});
    const json = await response.json();
    if (response.status === 401) $("token-row").hidden = false;
    parts = response.ok ? answer(json) : problem(json);
  } catch (error) {
    parts = [element("p", `The service did not answer: ${error.message}`, "bad-text")];
  }
  $("answer").replaceChildren(...parts);
  another();
});

function answer(json) {
  const from = json.source === "cache" ? "known from the cache" : "scored by the model";
  const found = json.prefix_source === "text" ? ", found by the words" : "";
  const what = element("p", `Pincode ${json.pincode ?? "not given"}, prefix ${json.prefix}${found}, model `);
  what.append(element("code", json.model), `, ${from}.`);
  const parts = [candidates([{cp: json.cp, confidence: json.confidence}, ...json.alternatives]), what];
  const explanation = json.explanation;
  if (explanation?.second) {
    parts.push(element("h3", `Why ${explanation.first} rather than ${explanation.second}`));
    const told = [...explanation.features].filter(one => Math.abs(one.effect) >= .01)
      .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, 5)
      .map(one => `${one.effect > 0 ? "for" : "against"} it, ${signed(one.effect)}: ${FEATURES[one.feature] ?? one.feature}`);
    const words = [...explanation.words].filter(one => Math.abs(one.effect) >= .005)
      .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, 5)
      .map(one => `“${one.word}” ${signed(one.effect)}`);
    parts.push(list(told));
    if (words.length) parts.push(element("p", "Among the words: " + words.join(", ") + "."));
  }
  return parts;
}

function candidates(all) {
  const ul = element("ul", undefined, "candidates");
  for (const {cp, confidence} of all) {
    const li = element("li");
    const bar = element("span", undefined, "bar");
    const fill = element("i");
    fill.style.width = `${100 * confidence}%`;
    bar.append(fill);
    li.append(element("span", cp, "cp"), bar, element("span", percent(confidence), "percent"));
    ul.append(li);
  }
  return ul;
}

function list(texts) {
  const ul = element("ul", undefined, "why");
  ul.append(...texts.map(text => element("li", text)));
  return ul;
}

function problem(json) {
  const parts = [element("p", json.detail ?? json.title ?? "It was refused", "bad-text")];
  if (json.guesses?.length) {
    parts.push(element("p", "The best guesses by the words alone:"));
    parts.push(candidates(json.guesses));
  }
  return parts;
}
