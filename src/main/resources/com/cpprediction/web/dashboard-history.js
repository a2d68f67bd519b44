/** The time that the plots show, and what the service stored of it. */

import { $, element, moment, write } from './dashboard-format.js';
import { onToken, request } from './dashboard-token.js';

const MINUTE = 60;
const AGAIN = 15_000; // ms after a refusal
const SHOWN_MARKS = 8;
const MILLIS = 1000;

/** Seconds of each choice; what is null is shown as it comes. */
const SPANS = { live: null, hour: 3600, day: 86_400, week: 604_800 };

const MARKS = {
  start: 'start',
  stop: 'stop',
  reload: 'other models',
  promotion: 'promotion',
  rollback: 'rollback',
  config: 'configuration edited',
};

const SOURCES = { postgresql: 'PostgreSQL', prometheus: 'Prometheus' };

/** Where a history is from, and what could not be read. */
function origin({ source, problems }) {
  const failed = Object.entries(problems ?? {}).map(([name, reason]) => `${SOURCES[name]}: ${reason}`);
  return [source ? `from ${SOURCES[source]}` : '', ...failed];
}

/** Columns of the plots, of the answer's series. */
function columns({ step_seconds: step, at, series }) {
  const per = (name, unit) => series[name].map((count, i) => (unit * count) / (series.seconds[i] || step));
  const times = source => ['p50', 'p95', 'p99'].map(p => series[`${source}_${p}_ms`]);
  return {
    'plot-rate': [per('from_model', 1), per('from_cache', 1)],
    'plot-failures': [per('caller_failures', MINUTE), per('service_failures', MINUTE)],
    'plot-latency': [...times('model'), ...times('cache')],
    'plot-hit': [series.hit_rate],
    'plot-confidence': [series.confidence, series.doubt],
    'plot-memory': [series.resident_bytes.map(bytes => bytes || null), series.heap_bytes, at.map(() => null)],
  };
}

/** Puts a gap where a step is missing, so that no line bridges it. */
function withGaps({ at, step_seconds: step }, all) {
  const times = [];
  const rows = Object.fromEntries(Object.entries(all).map(([id, lines]) => [id, lines.map(() => [])]));
  at.forEach((time, i) => {
    if (i > 0 && time - at[i - 1] > 1.5 * step) {
      times.push(at[i - 1] + step);
      for (const lines of Object.values(rows)) for (const line of lines) line.push(null);
    }
    times.push(time + step / 2);
    for (const [id, lines] of Object.entries(rows)) lines.forEach((line, j) => line.push(all[id][j][i]));
  });
  return { times, rows };
}

export class History {
  #plots;
  #span = 'day';
  #node = '';
  #timer;

  /** `plots` show what is read, now and each minute. */
  constructor(plots) {
    this.#plots = plots;
    for (const button of $('spans').querySelectorAll('button')) {
      button.addEventListener('click', () => this.#choose(button.value));
    }
    $('node-choice').addEventListener('change', ({ target }) => {
      this.#node = target.value;
      this.read();
    });
    onToken(() => this.read());
    document.addEventListener('visibilitychange', () => document.hidden || this.read());
    this.#choose(this.#span);
  }

  #choose(span) {
    this.#span = span;
    for (const button of $('spans').querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.value === span));
    }
    this.#plots.span(SPANS[span]);
    this.read();
  }

  /** Reads what was stored, again each minute. */
  async read() {
    clearTimeout(this.#timer);
    const span = SPANS[this.#span];
    if (span === null) return this.#show(null, 'since this page was opened');
    const now = Date.now();
    const query = new URLSearchParams({ from: new Date(now - span * MILLIS).toISOString(), to: new Date(now).toISOString() });
    if (this.#node) query.set('node', this.#node);
    let next = MINUTE * MILLIS;
    try {
      const response = await request(`history?${query}`);
      const body = await response.json();
      if (span !== SPANS[this.#span]) return; // another was chosen meanwhile
      if (response.ok) this.#show(body, '');
      else {
        this.#show(null, `${body.title ?? 'No history'}: ${body.detail ?? ''}`);
        next = response.status === 401 ? null : AGAIN; // a token is typed first
      }
    } catch (error) {
      write($('history-note'), `The history can’t be read (${error.message})`);
      next = AGAIN;
    }
    if (next !== null) this.#timer = setTimeout(() => this.read(), next);
  }

  #show(history, note) {
    if (history === null) {
      this.#plots.history(null, [], true);
      this.#list([]);
      return write($('history-note'), note);
    }
    this.#nodes(history.nodes);
    const { times, rows } = withGaps(history, columns(history));
    const ends = history.at.length ? history.at.at(-1) + history.step_seconds : 0;
    const marks = history.marks.map(mark => ({ ...mark, time: Date.parse(mark.at) / MILLIS }));
    this.#plots.history({ times, rows, ends }, marks, history.nodes.length < 2);
    this.#list(marks);
    const some = history.nodes.length > 1 && !this.#node ? `${history.nodes.length} nodes together` : '';
    const found = history.at.length ? some : 'Nothing is stored of this time yet; the first minute comes soon';
    write($('history-note'), [found, ...origin(history)].filter(Boolean).join(' · '));
  }

  #nodes(nodes) {
    $('node-choice-row').hidden = nodes.length < 2;
    const key = JSON.stringify(nodes);
    const choice = $('node-choice');
    if (choice.dataset.key === key) return;
    choice.dataset.key = key;
    choice.replaceChildren(element('option', { value: '' }, 'all'), ...nodes.map(node => element('option', {}, node)));
    choice.value = nodes.includes(this.#node) ? this.#node : '';
    if (choice.value === this.#node) return;
    this.#node = ''; // the other source has other names
    this.read();
  }

  #list(marks) {
    $('marks').hidden = marks.length === 0;
    const key = JSON.stringify(marks);
    if ($('marks').dataset.key === key) return;
    $('marks').dataset.key = key;
    const shown = marks.slice(0, SHOWN_MARKS);
    const more = marks.length - shown.length;
    $('marks').replaceChildren(
      ...shown.map(({ at, kind, node, text }) =>
        element(
          'li',
          {},
          element('i', { class: `mark ${kind in MARKS ? kind : ''}`, 'aria-hidden': 'true' }),
          element('time', { datetime: at }, moment(at)),
          ` ${MARKS[kind] ?? kind}${text ? `: ${text}` : ''} `,
          element('span', { class: 'soft' }, node),
        ),
      ),
      more > 0 ? element('li', { class: 'soft' }, `and ${more} before`) : '',
    );
  }
}
