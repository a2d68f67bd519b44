/** The plots: what is stored of the time they show, and what this page has heard since it was opened. */

import { $, bytes, digits, element, known, NONE, rate, share, write } from './dashboard-format.js';

const SPAN = 600; // seconds
const SHORTEST = 60;
const GAP = 90; // seconds without a value that no line bridges
const MIB = 2 ** 20;

const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = name => () => style(name);

const line = (label, ink, dash, width = 1.75) => ({ label, ink, dash, width });

/** A range from zero that leaves room above. */
const fromZero = least => (plot, min, max) => [0, Math.max(least, (max ?? 0) * 1.12)];

const PLOTS = {
  'plot-rate': {
    lines: [line('model', 'model'), line('cache', 'cache')],
    text: rate,
    axis: value => (value >= 10_000 ? `${value / 1000}k` : String(value)),
    scale: { range: fromZero(1) },
    area: true,
  },
  'plot-failures': {
    lines: [line('callers’ mistakes', 'extra'), line('our failures', 'bad')],
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
  'plot-confidence': {
    lines: [line('confidence', 'model'), line('doubt of the pincode', 'extra', [6, 4])],
    text: share,
    axis: value => `${Math.round(100 * value)} %`,
    scale: { range: () => [0, 1] },
    incrs: [0.25, 0.5, 1],
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

const DAY = 86_400;
const twoDigits = number => String(number).padStart(2, '0');

function timeOfDay(seconds, step) {
  const at = new Date(seconds * 1000);
  const withSeconds = step < 60;
  if (step >= DAY) return `${at.getDate()}.${at.getMonth() + 1}.`;
  const time = `${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}`;
  return withSeconds ? `${time}:${twoDigits(at.getSeconds())}` : time;
}

class Plot {
  constructor(id, options) {
    this.options = options;
    this.place = $(id);
    this.live = [[], ...options.lines.map(() => [])];
    this.columns = this.live;
    this.stored = null;
    this.marks = [];
    this.span = null;
    this.goesOn = true;
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
          values: (plot, splits, index, space, step) => splits.map(at => timeOfDay(at, step)),
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
      hooks: { setCursor: [() => this.#legend()], drawAxes: [plot => this.#drawMarks(plot)] },
    };
  }

  #window(max) {
    if (this.span !== null) {
      const now = Date.now() / 1000;
      return [now - this.span, now];
    }
    const last = known(max) ? max : Date.now() / 1000;
    const first = this.columns[0][0] ?? last;
    return [Math.max(last - SPAN, Math.min(first, last - SHORTEST)), last];
  }

  /** What is under the pointer, else the newest. */
  #legend() {
    const index = this.plot?.cursor.idx ?? this.columns[0].length - 1;
    this.values.forEach((value, i) => write(value, this.options.text(this.columns[i + 1][index])));
  }

  /** A line where something was done. */
  #drawMarks({ ctx, bbox, valToPos }) {
    if (!this.plot || this.span === null) return;
    ctx.save();
    ctx.strokeStyle = style('--soft');
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    for (const { time } of this.marks) {
      const x = this.plot.valToPos(time, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  add(at, values) {
    this.live[0].push(at);
    values.forEach((value, i) => this.live[i + 1].push(known(value) ? value : null));
    const old = this.live[0].findIndex(time => time >= at - SPAN);
    if (old > 0) for (const column of this.live) column.splice(0, old);
    if (!document.hidden) this.draw();
  }

  /** What is stored, and of what was heard since what came later. */
  #together() {
    if (this.span === null) return this.live;
    const { times, rows, ends } = this.stored ?? { times: [], rows: this.options.lines.map(() => []), ends: 0 };
    const from = this.goesOn ? this.live[0].findIndex(time => time > ends) : -1;
    if (from < 0) return [times, ...rows];
    const gap = times.length > 0 && this.live[0][from] - ends > GAP;
    const tail = (column, between) => [...(gap ? [between] : []), ...column.slice(from)];
    return [[...times, ...tail(this.live[0], ends)], ...rows.map((row, i) => [...row, ...tail(this.live[i + 1], null)])];
  }

  draw() {
    this.columns = this.#together();
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

  /** Shows the last `seconds`; null for what was heard since the page was opened. */
  span(seconds) {
    this.#each(plot => {
      plot.span = seconds;
      plot.stored = null;
      plot.marks = [];
      plot.draw();
    });
  }

  /**
   * What is stored of the time that is shown.
   *
   * @param stored times and rows by plot, and when they end; null for nothing
   * @param marks each with a `time` in seconds
   * @param goesOn whether what is heard belongs to the same nodes
   */
  history(stored, marks, goesOn) {
    for (const [id, plot] of Object.entries(this.#plots)) {
      plot.stored = stored && { times: stored.times, rows: stored.rows[id], ends: stored.ends };
      plot.marks = marks;
      plot.goesOn = goesOn;
      plot.draw();
    }
  }

  /** Lines stop here and go on later: nothing was heard in between. */
  interrupt(at) {
    for (const [id, { lines }] of Object.entries(PLOTS)) this.#plots[id].add(at, lines.map(() => null));
  }

  #each(action) {
    Object.values(this.#plots).forEach(action);
  }
}
