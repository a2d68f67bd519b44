/** The panel of drift: how far recent predictions and outcomes are from the training, worst prefixes first. */

import { $, count, element, known, moment, NONE, share, terms, write } from './dashboard-format.js';
import { learn, named } from './dashboard-names.js';

const INTERVAL = 60_000;
const SHOWN = 8; // prefixes
const NAMED = 6; // CPs
const LARGE = 0.25; // shift of the shares of CPs

const panel = $('drift');

function build() {
  panel.append(
    element(
      'div',
      { class: 'head' },
      element('h2', { id: 'drift-title' }, 'Drift'),
      element('p', { id: 'drift-note', class: 'note', role: 'status' }),
    ),
    element('dl', { id: 'drift-all' }),
    element(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Drift by prefix' },
      element(
        'table',
        { id: 'drift-prefixes' },
        element('thead', {}, element('tr', {}, ...['Prefix', 'Predictions', 'Unknown words', 'Confidence', 'At training', 'Shift of CPs', 'Right by outcomes', 'At training'].map(title => element('th', { scope: 'col' }, title)))),
        element('tbody'),
      ),
    ),
  );
  panel.hidden = false;
}

/** How much worse than at training a prefix is, by what is known of it. */
function concern({ cp_shift: shift, accuracy, accuracy_trained: trained }) {
  const lost = known(accuracy) && known(trained) ? trained - accuracy : 0;
  return Math.max((known(shift) ? shift : 0) / LARGE, lost / 0.05);
}

/** Bounds of what the confidence was on addresses held back from the training. */
const trained = bounds => (bounds ? `${share(bounds.from)} to ${share(bounds.to)}` : NONE);

function cps(list) {
  if (!list) return NONE;
  const first = list.first.slice(0, NAMED).flatMap(({ cp, prefix }, i) => [i ? ', ' : ': ', ...named('cp', cp), ` (${prefix})`]);
  return element('span', {}, count(list.count), ...first, list.count > NAMED ? ', …' : null);
}

const furthest = prefixes => prefixes.toSorted((a, b) => concern(b) - concern(a) || b.predictions - a.predictions).slice(0, SHOWN);

async function show(drift) {
  if (!$('drift-all')) build();
  const { outcomes, prefixes } = drift;
  const worst = furthest(prefixes);
  const closed = drift.closed_cps?.first.slice(0, NAMED) ?? [];
  await learn({ cps: closed.map(({ cp }) => cp), prefixes: worst.map(({ prefix }) => prefix) });
  const covered = outcomes ? `${count(outcomes.count)} since ${moment(outcomes.since)}` : 'none reported';
  terms('drift-all', [
    ['Right by outcomes', share(drift.accuracy)],
    ['At training', share(drift.accuracy_trained)],
    ['Outcomes counted', covered],
    ['CPs that the release lacks', cps(drift.new_cps)],
    ['CPs that may have closed', drift.closed_cps ? cps(drift.closed_cps) : 'not known before outcomes cover a day'],
  ]);
  const rows = worst.map(prefix => {
    const { cp_shift: shift } = prefix;
    const shifted = known(shift) ? `${shift.toFixed(2)}${shift >= LARGE ? ', large' : ''}` : NONE;
    const cells = [
      named('prefix', prefix.prefix),
      count(prefix.predictions),
      share(prefix.unknown_words),
      share(prefix.confidence),
      trained(prefix.confidence_trained),
      shifted,
      share(prefix.accuracy),
      share(prefix.accuracy_trained),
    ];
    return element('tr', {}, ...cells.map(cell => element('td', {}, ...[cell].flat())));
  });
  $('drift-prefixes').querySelector('tbody').replaceChildren(...rows);
  $('drift-prefixes').hidden = rows.length === 0;
  write($('drift-note'), rows.length ? `${rows.length} of ${prefixes.length} prefixes, those furthest from the training first; from ${count(drift.predictions)} sampled predictions` : 'No prediction was sampled yet.');
}

async function look() {
  try {
    const response = await fetch('models/drift', { headers: { Accept: 'application/json' } });
    if (response.ok) await show(await response.json());
  } catch (error) {
    if ($('drift-note')) write($('drift-note'), `No newer figures: ${error.message}`);
  } finally {
    setTimeout(look, INTERVAL);
  }
}

look();
