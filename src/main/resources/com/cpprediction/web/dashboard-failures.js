/** The lists behind the numbers of failures. */

import { $, element, moment, NONE, write } from './dashboard-format.js';
import { onToken, request } from './dashboard-token.js';

const TITLES = { caller: 'Callers’ mistakes', service: 'Our failures' };
const PERIOD = 5000; // ms

export class Failures {
  #kind = null;
  #timer;

  constructor() {
    for (const kind of Object.keys(TITLES)) {
      $(`${kind}-failures-open`).addEventListener('click', () => this.#open(this.#kind === kind ? null : kind));
    }
    $('failures-close').addEventListener('click', () => {
      const button = $(`${this.#kind}-failures-open`);
      this.#open(null);
      button.focus();
    });
    onToken(() => this.#read());
  }

  #open(kind) {
    this.#kind = kind;
    for (const other of Object.keys(TITLES)) {
      $(`${other}-failures-open`).setAttribute('aria-expanded', String(other === kind));
    }
    $('failures').hidden = kind === null;
    if (kind === null) return clearTimeout(this.#timer);
    write($('failures-title'), `${TITLES[kind]}: the newest hundred of this node`);
    $('failures-rows').replaceChildren();
    $('failures-rows').dataset.key = '';
    this.#read();
  }

  async #read() {
    clearTimeout(this.#timer);
    const kind = this.#kind;
    if (kind === null) return;
    try {
      const response = await request(`failures?kind=${kind}`);
      const body = await response.json();
      if (kind !== this.#kind) return;
      if (response.ok) this.#show(body.newest);
      else write($('failures-note'), body.detail ?? body.title);
    } catch (error) {
      write($('failures-note'), `The list can’t be read (${error.message})`);
    }
    this.#timer = setTimeout(() => this.#read(), PERIOD);
  }

  #show(newest) {
    write($('failures-note'), newest.length ? '' : 'None since the start.');
    $('failures-table').hidden = newest.length === 0;
    const key = JSON.stringify(newest);
    if ($('failures-rows').dataset.key === key) return;
    $('failures-rows').dataset.key = key;
    $('failures-rows').replaceChildren(...newest.map(row));
  }
}

function row({ at, code, status, route, caller, shipment_id: shipment, request_id: id }) {
  const cells = [moment(at), `${status} ${code}`, route, caller || NONE, shipment ?? NONE];
  return element(
    'tr',
    {},
    ...cells.map(text => element('td', { class: 'left' }, text)),
    element('td', { class: 'left' }, element('code', {}, id)),
  );
}
