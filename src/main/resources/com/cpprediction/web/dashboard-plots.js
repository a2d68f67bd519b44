/** The plots: their history is kept here, for as long as the page is open. */

import { $, bytes, digits, element, known, NONE, rate, share, write } from './dashboard-format.js';

const SPAN = 600; // seconds
const SHORTEST = 60;
const MIB = 2 ** 20;

const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = name => () => style(name);

const line = (label, ink, dash, width = 1.75) => ({ label, ink, dash, width });

/** A range from zero that leaves room above. */
const fromZero = least => (plot, min, max) => [0, Math.max(least, (max ?? 0) * 1.12)];

const PLOTS = {
  'plot-rate': {
    lines: [line('model', 'model'), line('cache', 'cache'), line('errors', 'bad')],
    text: rate,
    axis: value => (value >= 10_000 ? `${value / 1000}k` : String(value)),
    scale: { range: fromZero(1) },
    area: true,
  },
  'plot-latency': {
    lines: [
      line('model p50', 'model'),
      line('p95', 'model', [6, 4], 1.5),
      line('p99', 'model', [1.5, 3], 1.5),
      line('cache p50', 'cache'),
      line('p95', 'cache', [6, 4], 1.5),
      line('p99', 'cache', [1.5, 3], 1.5),
    ],
    text: digits,
    axis: value => String(Number(value.toPrecision(1))),
    scale: { distr: 3, range: decades },
    splits: (plot, axis, min, max) => Array.from({ length: Math.round(Math.log10(max / min)) + 1 }, (_, i) => min * 10 ** i),
    legend: 'grid',
  },
  'plot-hit': {
    lines: [line('hits', 'cache')],
    text: share,
    axis: value => `${Math.round(100 * value)} %`,
    scale: { range: () => [0, 1] },
    incrs: [0.25, 0.5, 1],
    area: true,
  },
  'plot-memory': {
    lines: [line('process', 'model'), line('heap', 'extra'), line('mapped models', 'soft', [6, 4])],
    text: bytes,
    axis: value => bytes(value),
    scale: { range: fromZero(64 * MIB) },
    incrs: Array.from({ length: 20 }, (_, i) => MIB * 2 ** i),
  },
};

/** Whole powers of ten around what there is, in milliseconds. */
function decades(plot, min, max) {
  if (!known(min) || !known(max)) return [0.01, 10];
  const low = Math.floor(Math.log10(min));
  return [10 ** low, 10 ** Math.max(low + 1, Math.ceil(Math.log10(max)))];
}

const twoDigits = number => String(number).padStart(2, '0');

function timeOfDay(seconds, withSeconds) {
  const at = new Date(seconds * 1000);
  const time = `${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}`;
  return withSeconds ? `${time}:${twoDigits(at.getSeconds())}` : time;
}

class Plot {
  constructor(id, options) {
    this.options = options;
    this.place = $(id);
    this.columns = [[], ...options.lines.map(() => [])];
    this.values = options.lines.map(({ label, ink, dash }) => {
      const value = element('b', {}, NONE);
      const swatch = element('i', { class: `${ink}-ink ${dash ? (dash[0] < 3 ? 'dotted' : 'dashed') : ''}` });
      $(`${id}-legend`).append(element('li', {}, swatch, `${label} `, value));
      return value;
    });
    if (options.legend) $(`${id}-legend`).classList.add(options.legend);
    this.plot = new uPlot(this.#settings(), this.columns, this.place);
    new ResizeObserver(() => this.plot.setSize(this.#size())).observe(this.place);
  }

  #size() {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  #settings() {
    const font = '11px system-ui, sans-serif';
    const axis = { stroke: colour('--soft'), font, ticks: { show: false } };
    return {
      ...this.#size(),
      padding: [8, 26, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'all' }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { range: (plot, min, max) => this.#window(max) }, y: this.options.scale },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 24,
          gap: 4,
          space: 76,
          values: (plot, splits, index, space, step) => splits.map(at => timeOfDay(at, step < 60)),
        },
        {
          ...axis,
          grid: { stroke: colour('--grid'), width: 1 },
          size: 54,
          gap: 6,
          space: 34,
          incrs: this.options.incrs,
          splits: this.options.splits,
          filter: (plot, splits) => splits, // all of them, on a log scale too
          values: (plot, splits) => splits.map(this.options.axis),
        },
      ],
      series: [
        {},
        ...this.options.lines.map(({ label, ink, dash, width }) => ({
          label,
          stroke: colour(`--${ink}`),
          fill: this.options.area ? () => `${style(`--${ink}`)}1f` : undefined,
          dash,
          width,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [() => this.#legend()] },
    };
  }

  #window(max) {
    const last = known(max) ? max : Date.now() / 1000;
    const first = this.columns[0][0] ?? last;
    return [Math.max(last - SPAN, Math.min(first, last - SHORTEST)), last];
  }

  /** What is under the pointer, else the newest. */
  #legend() {
    const index = this.plot?.cursor.idx ?? this.columns[0].length - 1;
    this.values.forEach((value, i) => write(value, this.options.text(this.columns[i + 1][index])));
  }

  add(at, values) {
    this.columns[0].push(at);
    values.forEach((value, i) => this.columns[i + 1].push(known(value) ? value : null));
    const old = this.columns[0].findIndex(time => time >= at - SPAN);
    if (old > 0) for (const column of this.columns) column.splice(0, old);
    if (!document.hidden) this.draw();
  }

  draw() {
    this.plot.setData(this.columns);
    this.#legend();
  }

  recolour() {
    this.plot.redraw();
  }
}

export class Plots {
  #plots = Object.fromEntries(Object.entries(PLOTS).map(([id, options]) => [id, new Plot(id, options)]));

  constructor() {
    document.addEventListener('visibilitychange', () => document.hidden || this.#each(plot => plot.draw()));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#each(plot => plot.recolour()));
  }

  /**
   * One more moment.
   *
   * @param at seconds since the epoch
   * @param values by plot, one for each of its lines; null for what isn't known
   */
  add(at, values) {
    for (const [id, row] of Object.entries(values)) this.#plots[id].add(at, row);
  }

  /** Lines stop here and go on later: nothing was heard in between. */
  interrupt(at) {
    for (const [id, { lines }] of Object.entries(PLOTS)) this.#plots[id].add(at, lines.map(() => null));
  }

  #each(action) {
    Object.values(this.#plots).forEach(action);
  }
}
