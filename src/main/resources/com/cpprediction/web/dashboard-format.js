/** How the dashboard writes numbers and builds elements. Text is only ever set as text. */

export const NONE = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });

export const known = value => value !== null && value !== undefined && !Number.isNaN(value);

export const count = value => (known(value) ? whole.format(value) : NONE);

/** Three digits at least, but no more than a person reads: 0.046, 1.23, 12.3, 123. */
export function digits(value) {
  if (!known(value)) return NONE;
  if (value >= 100) return whole.format(value);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

export const rate = value => (!known(value) ? NONE : value >= 100 || value === 0 ? whole.format(value) : value.toFixed(1));

/** One decimal; two digits of what would look like nothing, and what isn't all doesn't look so. The number never parts from its sign. */
export function share(value) {
  if (!known(value)) return NONE;
  const percent = 100 * value;
  let text = percent.toFixed(1);
  if (percent > 0 && percent < 0.05) text = percent < 1e-4 ? '<0.0001' : String(Number(percent.toPrecision(2)));
  else if (percent < 100 && text === '100.0') text = percent >= 99.99 ? '>99.99' : percent.toFixed(2);
  return `${text}\u00a0%`;
}

export function bytes(value) {
  if (!known(value)) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? whole.format(value) : value.toFixed(1)}\u00a0${units[unit]}`;
}

export function duration(seconds) {
  if (!known(seconds)) return NONE;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A moment, with the day when it isn't today. */
export function moment(time) {
  if (!time) return NONE;
  const at = new Date(time);
  const today = at.toDateString() === new Date().toDateString();
  return today ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
}

export const $ = id => document.getElementById(id);

/** An element with attributes and children; strings become text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter(known));
  return made;
}

/** A bar of which `part`, 0..1, is filled. */
export function bar(part) {
  const fill = element('i');
  fill.style.width = `${Math.min(100, 100 * part)}%`;
  return element('span', { class: 'bar', 'aria-hidden': 'true' }, fill);
}

/** Sets a text, and nothing when it is there already: what is selected stays so. */
export function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/** Shows a number as text, and keeps it as it came for who reads the page by program. */
export function show(id, value, text, unit = '') {
  const where = $(id);
  where.value = known(value) ? String(value) : '';
  if (!known(value) || !unit) return write(where, text);
  if (where.firstChild?.nodeValue === text && where.children.length === 1) return;
  where.replaceChildren(text, '\u00a0', element('span', { class: 'unit' }, unit));
}

const SHORT = 24; // characters that stay in one line

const short = text => (text.textContent ?? String(text)).length <= SHORT;

/**
 * Fills a list of terms.
 *
 * @param rows [term, text or nodes, class]; null for a row that isn't there
 */
export function terms(id, rows) {
  const list = $(id);
  const wanted = rows.filter(row => row !== null);
  const key = JSON.stringify(wanted.map(row => row.map(part => (part instanceof Node ? part.textContent : part))));
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(
    ...wanted.map(([term, text, kind = '']) =>
      element(
        'div',
        { class: kind.includes('long') ? 'long' : null },
        element('dt', {}, term),
        element('dd', { class: `${kind.replace('long', '')} ${short(text) ? 'short' : ''}`.trim() || null }, text),
      ),
    ),
  );
}
