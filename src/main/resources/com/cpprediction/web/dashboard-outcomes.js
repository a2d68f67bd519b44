/** Accuracy over weeks, and what is stored of one shipment. */

import { $, element, moment, NONE, count, share, write } from './dashboard-format.js';
import { learn, named } from './dashboard-names.js';
import { onToken, request } from './dashboard-token.js';

const WEEKS = 12;
const LISTED = 10;
const WEEK = 7 * 86_400_000; // ms
const AGAIN = 300_000; // ms
const RESULTS = {
  right: 'as predicted',
  alternative: 'one of the alternatives',
  wrong: 'not predicted',
  unknown: 'no prediction is known of that time',
};

const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A bar for each week since `since`, as high as its accuracy; a week without outcomes is a gap. */
function bars(weeks, since) {
  const byWeek = new Map(weeks.map(week => [week.week, week]));
  const parts = Array.from({ length: WEEKS }, (_, i) => {
    const monday = new Date(Date.parse(since) + i * WEEK);
    const week = byWeek.get(monday.toISOString().slice(0, 10));
    const accuracy = week ? week.right / week.outcomes : 0;
    const title = week ? `week of ${day.format(monday)}: ${share(accuracy)} of ${count(week.outcomes)}` : `week of ${day.format(monday)}: no outcomes`;
    const fill = element('i');
    fill.style.height = `${Math.max(week ? 4 : 0, 100 * accuracy)}%`;
    return element('span', { title }, fill);
  });
  const said = weeks.map(({ week, right, outcomes }) => `${day.format(Date.parse(week))} ${share(right / outcomes)}`).join(', ');
  return element('span', { class: 'weeks', role: 'img', 'aria-label': `By week: ${said}` }, ...parts);
}

function row(name, { outcomes, right, weeks }, since) {
  return element(
    'tr',
    {},
    element('td', {}, ...[name].flat()),
    element('td', {}, count(outcomes)),
    element('td', {}, share(right / outcomes)),
    element('td', { class: 'left' }, bars(weeks, since)),
  );
}

/** The CPs and prefixes that an answer shows. */
function names({ by, worst }, prefix) {
  const listed = worst.slice(0, LISTED).map(({ name }) => name);
  const prefixes = prefix ? [prefix] : [];
  return by === 'cp' ? { cps: listed, prefixes } : { prefixes: [...prefixes, ...listed] };
}

const sum = (weeks, field) => weeks.reduce((total, week) => total + week[field], 0);

export class Outcomes {
  #timer;

  constructor() {
    $('weeks-prefix').addEventListener('change', () => this.#read());
    $('weeks-form').addEventListener('submit', event => {
      event.preventDefault();
      this.#read();
    });
    onToken(() => this.#read());
    this.#read();
  }

  async #read() {
    clearTimeout(this.#timer);
    const prefix = $('weeks-prefix').value.trim();
    if (prefix && !$('weeks-prefix').checkValidity()) return;
    let again = true;
    try {
      const response = await request(`outcomes/weeks?weeks=${WEEKS}${prefix ? `&prefix=${encodeURIComponent(prefix)}` : ''}`);
      const body = await response.json();
      if (response.ok) await learn(names(body, prefix));
      if (prefix !== $('weeks-prefix').value.trim()) return;
      if (response.ok) this.#show(body, prefix);
      else write($('weeks-note'), body.detail ?? body.title);
      again = response.status !== 401; // a token is typed first
    } catch (error) {
      write($('weeks-note'), `Outcomes can’t be read (${error.message})`);
    }
    if (again) this.#timer = setTimeout(() => this.#read(), AGAIN);
  }

  #show({ since, by, weeks, worst }, prefix) {
    $('weeks-table').hidden = weeks.length === 0;
    write($('weeks-note'), weeks.length ? '' : `No outcome was reported${prefix ? ` for ${prefix}` : ''} in ${WEEKS} weeks.`);
    write($('weeks-by'), by === 'cp' ? 'CP' : 'Prefix');
    const all = { outcomes: sum(weeks, 'outcomes'), right: sum(weeks, 'right'), weeks };
    const rows = worst.slice(0, LISTED).map(one => row(by === 'prefix' ? this.#chooser(one.name) : named('cp', one.name), one, since));
    const whole = prefix ? ['All of ', ...named('prefix', prefix)] : 'All';
    $('weeks-rows').replaceChildren(...(weeks.length ? [row(whole, all, since), ...rows] : []));
  }

  #chooser(prefix) {
    const [code, ...place] = named('prefix', prefix);
    const button = element('button', { type: 'button', class: 'open' }, code);
    button.addEventListener('click', () => {
      $('weeks-prefix').value = prefix;
      $('weeks-prefix').focus();
      this.#read();
    });
    return [button, ...place];
  }
}

function predicted({ cp, confidence, pincode, pincode_believed: believed, pincode_doubt: doubt, prefix, model, source, predicted_at: at }) {
  const pincodes = pincode ? `${pincode}${believed && believed !== pincode ? `, ${believed} believed` : ''}, doubt ${share(doubt)}` : `none, prefix ${prefix}`;
  const cells = [moment(at), named('cp', cp), share(confidence), pincodes, source === 'cache' ? `${model}, cached` : model];
  return element('tr', {}, ...cells.map(cell => element('td', { class: 'left' }, ...[cell].flat())));
}

function outcome({ cp, result, reported_at: at, origin, author }) {
  const by = origin === 'review' ? `reviewed${author ? ` by ${author}` : ''}` : `reported${author ? ` by ${author}` : ''}`;
  return element('p', { class: 'whole' }, 'It went to ', element('strong', {}, ...named('cp', cp)), `, ${RESULTS[result] ?? result}; ${by}, ${moment(at)}.`);
}

async function search(id) {
  const query = `shipment_id=${encodeURIComponent(id)}`;
  const [stored, known] = await Promise.all([request(`predictions?${query}`), request(`outcomes/shipment?${query}`)]);
  const [predictions, went] = await Promise.all([stored.json(), known.json()]);
  const shown = [...(stored.ok ? predictions.predictions : []), ...(known.ok ? [went] : [])];
  await learn({ cps: shown.map(({ cp }) => cp) });
  const rows = stored.ok ? predictions.predictions.map(predicted) : [];
  const heads = ['Time', 'CP', 'Confidence', 'Pincode', 'Model'].map(title => element('th', { scope: 'col', class: 'left' }, title));
  return [
    known.ok ? outcome(went) : element('p', { class: 'note' }, went.detail ?? went.title),
    rows.length
      ? element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Stored predictions' }, element('table', {}, element('thead', {}, element('tr', {}, ...heads)), element('tbody', {}, ...rows)))
      : element('p', { class: 'note' }, predictions.detail ?? predictions.title ?? NONE),
  ];
}

export function startSearching() {
  $('shipment-search').addEventListener('submit', async event => {
    event.preventDefault();
    try {
      $('shipment-found').replaceChildren(...(await search($('shipment-wanted').value)));
    } catch (error) {
      $('shipment-found').replaceChildren(element('p', { class: 'note' }, `Nothing can be read (${error.message})`));
    }
  });
}
