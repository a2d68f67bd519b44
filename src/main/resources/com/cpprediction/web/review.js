// The review desk: one shipment at a time, by keyboard. Decisions wait in an outbox of this tab until the
// service has stored them, and shipments stay this tab's while it asks for them: neither is lost when the
// service restarts, and none is stored twice.

const TOKEN = 'cp-review-token';
const DESK = 'cp-review-desk';
const OUTBOX = 'cp-review-outbox';
const AHEAD = 5; // shipments held, the shown one included
const RETRY_MS = 1000;
const REFRESH_MS = 15000;
const SEARCH_MS = 150;

const WHY = {
  'low-confidence': 'low confidence',
  'pincode-doubt': 'doubtful pincode',
  corrected: 'predicted for another prefix than that of the pincode',
  refused: 'refused: a pincode is required',
};

const $ = id => document.getElementById(id);
const desk = sessionStorage.getItem(DESK) ?? newDesk();
const outbox = JSON.parse(sessionStorage.getItem(OUTBOX) ?? '[]');
const settled = new Set(outbox.map(sent => sent.shipment_id)); // not to be shown again
const past = []; // what can be undone, newest last
let queue = [];
let found = [];
let selected = 0;
let sending = false;
let claiming = false;
let again = false;
let signedOut = false;
let failing = false;
let reviewed = 0;
let skipped = 0;

function newDesk() {
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem(DESK, id);
  return id;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The service responds with ${status}`);
    this.status = status;
    this.code = problem.code;
  }
}

async function call(path, body) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers['Content-Type'] = 'application/json';
  const response = await fetch(path, {
    method: body ? 'POST' : 'GET',
    headers,
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20000),
  });
  const json = await response.json();
  if (!response.ok) throw new Refused(response.status, json);
  return json;
}

/** Whether the same call may succeed later. */
const passes = error => !(error instanceof Refused) || error.status >= 500;

const pause = millis => new Promise(resolve => setTimeout(resolve, millis));

function signOut(error) {
  signedOut = true;
  $('sign-in').hidden = false;
  say('Sign in', 'bad');
  notice(sessionStorage.getItem(TOKEN) ? error.message : '', 'bad');
  show();
  $('token').focus();
}

function say(text, kind = '') {
  $('state').textContent = text;
  $('state').className = `pill ${kind}`;
}

function notice(text, kind = '') {
  $('notices').replaceChildren(...(text ? [element('p', { class: `notice ${kind}` }, text)] : []));
}

function trouble(error) {
  if (error.status === 401 || error.status === 403) {
    signOut(error);
    return;
  }
  failing = true;
  say('Retrying…', 'bad');
  const waits = outbox.length === 0 ? '' : ` ${outbox.length === 1 ? 'One decision waits' : `${outbox.length} decisions wait`} here and will be sent.`;
  notice(`The service does not respond.${waits}`, 'bad');
}

function well() {
  if (failing) notice('');
  failing = false;
  say('Ready', 'good');
}

function selection() {
  const chosen = {};
  for (const name of ['order', 'kind', 'prefix']) if ($(name).value && $(name).checkValidity()) chosen[name] = $(name).value;
  return chosen;
}

/** Holds enough shipments ahead; the response has those held already, too. */
async function claim() {
  again = claiming;
  if (claiming || signedOut) return;
  claiming = true;
  try {
    const chosen = selection();
    const page = await call('review/claims', { count: Math.min(20, AHEAD + outbox.length), desk, ...chosen });
    const held = new Map(page.shipments.map(shipment => [shipment.shipment_id, shipment]));
    const before = queue[0];
    queue = queue.filter(shipment => held.has(shipment.shipment_id));
    const known = new Set(queue.map(shipment => shipment.shipment_id));
    for (const shipment of held.values()) {
      if (!known.has(shipment.shipment_id) && !settled.has(shipment.shipment_id)) queue.push(shipment);
    }
    well();
    if (before !== queue[0] || $('shipment').hidden) show();
  } catch (error) {
    trouble(error);
    if (!signedOut) setTimeout(claim, RETRY_MS);
  } finally {
    claiming = false;
    if (again) claim();
  }
}

async function count() {
  if (signedOut) return;
  try {
    const { waiting } = await call(`review?${new URLSearchParams({ ...selection(), limit: 1 })}`);
    $('waiting').textContent = waiting >= 1000 ? '1,000+' : waiting;
  } catch (error) {
    if (!passes(error)) trouble(error);
  }
}

function keep() {
  sessionStorage.setItem(OUTBOX, JSON.stringify(outbox));
}

/** Sends decisions one after the other, each until the service has taken it. */
async function send() {
  if (sending) return;
  sending = true;
  while (outbox.length > 0 && !signedOut) {
    const decision = outbox[0];
    try {
      const { skip, undo: back, ...body } = decision;
      await call(skip ? 'review/skips' : back ? 'review/undo' : 'review/decisions', { ...body, desk });
      outbox.shift();
      keep();
      well();
      if (decision.skip) skipped++;
      else if (!decision.undo) reviewed++;
      counts();
    } catch (error) {
      if (passes(error) || error.status === 401 || error.status === 403) {
        trouble(error);
        if (!signedOut) await pause(RETRY_MS);
        continue;
      }
      outbox.shift();
      keep();
      notice(`${decision.shipment_id}: ${error.message}`, 'bad');
      const at = past.findIndex(done => done.shipment.shipment_id === decision.shipment_id);
      if (at >= 0) {
        const [{ shipment }] = past.splice(at, 1);
        if (error.code === 'unknown-cp') restore(shipment);
      }
    }
  }
  sending = false;
  if (!signedOut) claim();
}

function counts() {
  $('reviewed').textContent = reviewed;
  $('skipped').textContent = skipped;
}

function restore(shipment) {
  settled.delete(shipment.shipment_id);
  queue = [shipment, ...queue.filter(other => other.shipment_id !== shipment.shipment_id)];
  show();
}

function decide(decision) {
  const shipment = queue.shift();
  if (!shipment) return;
  notice('');
  settled.add(shipment.shipment_id);
  past.push({ shipment, decision });
  outbox.push({ shipment_id: shipment.shipment_id, ...decision });
  keep();
  show();
  send();
}

function undo() {
  const last = past.pop();
  if (!last) return;
  const { shipment, decision } = last;
  const waits = outbox.findIndex((sent, i) => i > 0 && sent.shipment_id === shipment.shipment_id);
  if (waits > 0) outbox.splice(waits, 1); // never sent: nothing to take back
  else {
    outbox.push({ shipment_id: shipment.shipment_id, undo: true });
    if (decision.skip) skipped--;
    else reviewed--;
  }
  keep();
  restore(shipment);
  counts();
  send();
}

const percent = part => `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;

function where({ office, district, state, pincode }) {
  return [...new Set([office, district, state, pincode].filter(Boolean))].join(', ');
}

function candidate(cp, i) {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.width = `${Math.min(100, 100 * cp.confidence)}%`;
  const button = element(
    'button',
    { type: 'button', class: 'candidate', 'data-cp': cp.cp },
    bar,
    element('kbd', {}, String(i + 1)),
    element('span', {}, element('strong', {}, cp.cp), element('span', { class: 'where' }, where(cp))),
    element('span', {}, percent(cp.confidence)),
  );
  button.addEventListener('click', () => decide({ cp: cp.cp }));
  return element('li', {}, button);
}

function show() {
  const shipment = signedOut ? undefined : queue[0];
  $('shipment').hidden = !shipment;
  $('empty').hidden = Boolean(shipment) || signedOut || failing;
  $('filter').hidden = signedOut;
  for (const id of ['undo', 'undo-empty']) $(id).disabled = past.length === 0;
  leaveSearch();
  if (!shipment) return;
  $('shipment').dataset.shipment = shipment.shipment_id;
  $('shipment-id').textContent = shipment.shipment_id;
  $('at').textContent = new Date(shipment.at).toLocaleString();
  $('at').dateTime = shipment.at;
  $('address').textContent = shipment.address;
  $('given').textContent = shipment.pincode ?? 'none';
  $('believed').textContent = shipment.pincode_believed ?? '–';
  $('believed').className = shipment.pincode_believed && shipment.pincode_believed !== shipment.pincode ? 'differs' : '';
  $('doubt').textContent = shipment.pincode_doubt === null ? '–' : percent(shipment.pincode_doubt);
  $('why').replaceChildren(...shipment.why.map(reason => element('li', {}, WHY[reason] ?? reason)));
  $('detail').textContent = shipment.detail ?? '';
  const candidates = shipment.candidates.slice(0, 3);
  $('candidates').replaceChildren(...candidates.map(candidate));
  $('no-candidates').hidden = candidates.length > 0;
}

let searchTimer;
let searches = 0;

async function search() {
  const query = $('search').value.trim();
  const mine = ++searches;
  if (!query) {
    showFound([]);
    return;
  }
  try {
    const { cps } = await call(`review/cps?${new URLSearchParams({ q: query })}`);
    if (mine === searches) showFound(cps, query);
  } catch (error) {
    if (mine === searches) trouble(error);
  }
}

function showFound(cps, query = '') {
  found = cps;
  selected = 0;
  $('found').hidden = !query;
  $('search').setAttribute('aria-expanded', String(Boolean(query)));
  const options = cps.map((cp, i) => {
    const option = element(
      'li',
      { role: 'option', id: `found-${i}`, 'aria-selected': String(i === 0) },
      element('strong', {}, cp.cp),
      element('span', { class: 'where' }, where(cp)),
    );
    option.addEventListener('click', () => decide({ cp: cp.cp }));
    return option;
  });
  $('found').replaceChildren(...(options.length > 0 || !query ? options : [unknown(query)]));
  active();
}

/** Offers a code that the release lacks, such as that of a CP opened since. */
function unknown(query) {
  found = [{ cp: query, unknown: true }];
  const option = element(
    'li',
    { role: 'option', id: 'found-0', 'aria-selected': 'true' },
    element('strong', {}, query),
    element('span', { class: 'where' }, 'not in the release; Enter takes it for the code of a new CP'),
  );
  option.addEventListener('click', () => decide({ cp: query, confirmed: true }));
  return option;
}

function active() {
  [...$('found').children].forEach((option, i) => option.setAttribute('aria-selected', String(i === selected)));
  if (found.length > 0) $('search').setAttribute('aria-activedescendant', `found-${selected}`);
  else $('search').removeAttribute('aria-activedescendant');
  $('found').children[selected]?.scrollIntoView({ block: 'nearest' });
}

function leaveSearch() {
  clearTimeout(searchTimer);
  searches++;
  $('search').value = '';
  showFound([]);
  $('search').blur();
}

$('search').addEventListener('input', () => {
  clearTimeout(searchTimer);
  searches++; // Enter waits for what is typed now
  found = [];
  searchTimer = setTimeout(search, SEARCH_MS);
});

$('search').addEventListener('keydown', event => {
  if (event.key === 'Escape') leaveSearch();
  else if (event.key === 'Enter' && found[selected]) {
    const { cp, unknown: confirmed } = found[selected];
    decide(confirmed ? { cp, confirmed } : { cp });
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    const step = event.key === 'ArrowDown' ? 1 : -1;
    selected = Math.max(0, Math.min(found.length - 1, selected + step));
    active();
  } else return;
  event.preventDefault();
});

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches('input, select, textarea')) return;
  const key = event.key.toLowerCase();
  if (key === 'u') undo();
  else if ($('shipment').hidden) return;
  else if (key === 's') decide({ skip: true });
  else if (key === '/') $('search').focus();
  else if (/^[1-3]$/.test(key)) $('candidates').children[Number(key) - 1]?.firstChild.click();
  else return;
  event.preventDefault();
});

$('skip').addEventListener('click', () => decide({ skip: true }));
for (const id of ['undo', 'undo-empty']) $(id).addEventListener('click', undo);

$('filter').addEventListener('submit', event => event.preventDefault());
$('filter').addEventListener('change', () => {
  queue = queue.slice(0, 1);
  claim();
  count();
});

$('sign-in').addEventListener('submit', event => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $('token').value.trim());
  $('token').value = '';
  $('sign-in').hidden = true;
  signedOut = false;
  notice('');
  say('Connecting…');
  begin();
});

function begin() {
  if (outbox.length > 0) send();
  else claim();
  count();
}

setInterval(() => {
  if (document.visibilityState !== 'visible' || failing) return;
  claim(); // also keeps what is shown this tab's
  count();
}, REFRESH_MS);

begin();
