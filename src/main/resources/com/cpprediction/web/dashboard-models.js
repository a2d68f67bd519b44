/** The table of models. */

import { $, bytes, count, digits, element, known, NONE, share, write } from './dashboard-format.js';

const FIRST = 20;

const live = model => (model.live?.outcomes ? model.live.accuracy : null);

/** title, what to sort by, and what to show */
const COLUMNS = [
  ['Prefix', model => model.prefix, model => model.prefix],
  ['Requests', model => model.requests, model => count(model.requests)],
  ['District', model => model.districts?.[0], shownDistricts, 'left'],
  ['Model', model => model.model, model => model.model, 'left'],
  ['Version', model => model.version, model => model.version ?? NONE, 'left'],
  ['CPs', model => model.cps, model => count(model.cps)],
  ['Training\nrows', model => model.training_rows, model => count(model.training_rows)],
  ['Accuracy\nat training,\nwith pincode', model => model.trained?.full, model => share(model.trained?.full)],
  ['Accuracy\nat training,\nwithout pincode', model => model.trained?.prefix_only, model => share(model.trained?.prefix_only)],
  ['Live accuracy', live, shownLive],
  ['Load ms', model => model.load_ms, model => digits(model.load_ms)],
  ['Size', model => model.mapped_bytes, model => bytes(model.mapped_bytes)],
];

function shownDistricts({ districts }) {
  if (!districts?.length) return NONE;
  return element('span', { title: districts.join(', ') }, districts.length > 1 ? `${districts[0]}, …` : districts[0]);
}

function shownLive(model) {
  const accuracy = live(model);
  if (!known(accuracy)) return NONE;
  return [share(accuracy), element('small', {}, ` of ${count(model.live.outcomes)}`)];
}

function compare(a, b) {
  if (!known(a) || !known(b)) return known(a) ? 1 : known(b) ? -1 : 0;
  return typeof a === 'string' ? a.localeCompare(b, 'en', { numeric: true }) : a - b;
}

export class Models {
  #models = [];
  #column = 1;
  #descending = true;
  #all = false;

  constructor() {
    $('models').tHead.rows[0].append(...COLUMNS.map((column, i) => this.#header(column, i)));
    $('filter').addEventListener('input', () => this.#draw());
    $('all').addEventListener('click', () => {
      this.#all = !this.#all;
      this.#draw();
    });
  }

  show(models) {
    this.#models = models;
    this.#draw();
  }

  #header([title, , , kind], i) {
    const button = element('button', { type: 'button' }, title);
    button.addEventListener('click', () => {
      this.#descending = this.#column === i ? !this.#descending : i > 0 && kind !== 'left';
      this.#column = i;
      this.#draw();
    });
    return element('th', { scope: 'col', class: kind }, button);
  }

  #sorted() {
    const wanted = $('filter').value.trim();
    const key = COLUMNS[this.#column][1];
    const sign = this.#descending ? -1 : 1;
    return this.#models
      .filter(({ prefix }) => prefix.startsWith(wanted))
      .sort((a, b) => sign * compare(key(a), key(b)) || compare(a.prefix, b.prefix));
  }

  #draw() {
    const found = this.#sorted();
    const shown = this.#all ? found : found.slice(0, FIRST);
    [...$('models').tHead.rows[0].cells].forEach((cell, i) => {
      if (i === this.#column) cell.setAttribute('aria-sort', this.#descending ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    });
    $('models').tBodies[0].replaceChildren(...(shown.length ? shown.map(row) : [this.#none()]));
    write($('models-note'), this.#note(shown.length, found.length));
    $('all').hidden = found.length <= FIRST;
    $('all').setAttribute('aria-pressed', String(this.#all));
    write($('all'), this.#all ? `Show ${FIRST}` : `Show all ${count(found.length)}`);
  }

  #none() {
    const text = this.#models.length ? 'No model has a prefix that begins so.' : 'This node has no models.';
    return element('tr', {}, element('td', { class: 'empty', colspan: COLUMNS.length }, text));
  }

  #note(shown, found) {
    return shown < found ? `${count(shown)} of ${count(found)}` : `${count(found)}`;
  }
}

function row(model) {
  return element(
    'tr',
    { title: model.last_error },
    ...COLUMNS.map(([, , text, kind]) => element('td', { class: kind }, ...[text(model)].flat())),
  );
}
