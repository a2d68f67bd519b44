/** The panel of wrong pincodes: the share that predictions assume, its moves, and doubts of pincodes. */

import { $, bar, count, element, known, moment, NONE, share, terms, write } from './dashboard-format.js';

const KEPT = 20; // moves in the history of the service
const WIDTH = 100; // of the step line's view box
const HEIGHT = 40;
const SHARES = 1.15; // height of the plot in largest shares

/** Shows the share and its moves. `started` is the start of the process in ms; null before it is known. */
export function showShare(wrong, started) {
  const { share: assumed, kinds, source, estimate, observed, moves = [], callers = {} } = wrong ?? {};
  const configured = source === 'configured';
  terms('wrong-share', [
    ['Assumed now', element('strong', {}, share(assumed))],
    ['Typing errors', share(kinds?.slips)],
    ['Other pincodes of the prefix', share(kinds?.near)],
    ['Any other pincodes', share(kinds?.far)],
    ['Set by', source ? (configured ? 'the configuration' : 'the estimate') : NONE],
    ['Estimate', share(sum(estimate))],
    ['Latest predictions behind it', count(observed)],
    ...Object.entries(callers).map(([name, { share: own }]) => [`Assumed for ${name}`, share(own)]),
  ]);
  write($('wrong-moves-title'), configured ? 'Moves of the estimate, unused while configured' : 'Moves of the estimate');
  $('wrong-moves').hidden = moves.length === 0;
  $('wrong-unmoved').hidden = moves.length > 0;
  if (moves.length === 0) return;
  drawSteps(moves, started);
  listMoves(moves);
}

/** The share of all kinds of errors. */
function sum(kinds) {
  return kinds ? kinds.slips + kinds.near + kinds.far : undefined;
}

/** Shares as steps over time, up to now. */
function drawSteps(moves, started) {
  const times = moves.map(({ at }) => Date.parse(at));
  const complete = moves.length < KEPT && known(started);
  const begin = Math.min(complete ? started : times[0], times[0]);
  const end = Math.max(Date.now(), times.at(-1));
  const most = Math.max(...moves.flatMap(({ from, to }) => [from, to]));
  const x = time => ((WIDTH * (time - begin)) / Math.max(1, end - begin)).toFixed(2);
  const y = value => (HEIGHT - (HEIGHT * value) / (SHARES * most)).toFixed(2);
  const steps = moves.map(({ to }, i) => `H${x(times[i])}V${y(to)}`).join('');
  $('wrong-line').setAttribute('d', `M0 ${y(moves[0].from)}${steps}H${WIDTH}`);
  $('wrong-most').setAttribute('d', `M0 ${y(most)}H${WIDTH}`);
  write($('wrong-most-label'), share(most));
  write($('wrong-begin'), moment(begin));
  const from = complete ? 'since the start' : `in the latest ${moves.length} moves`;
  $('wrong-plot').setAttribute('aria-label', `The estimate went from ${share(moves[0].from)} to ${share(moves.at(-1).to)} ${from}; the table below has each move`);
}

function listMoves(moves) {
  const body = $('wrong-moves').querySelector('tbody');
  const key = JSON.stringify(moves);
  if (body.dataset.key === key) return;
  body.dataset.key = key;
  const cells = ({ at, from, to }) => [moment(at), share(from), share(to)].map(text => element('td', {}, text));
  body.replaceChildren(...moves.toReversed().map(move => element('tr', {}, ...cells(move))));
}

/** Shows how many predictions were corrected, and the distribution of doubts. */
export function showDoubts({ on, corrected, outcomes, pincode_doubt: doubt }) {
  const predicted = outcomes?.ok;
  terms('doubt', [
    ['Predictions corrected', known(corrected) ? `${count(corrected)}${predicted ? ` (${share(corrected / predicted)})` : ''}` : NONE],
    ['Predictions with a pincode', count(doubt?.count)],
    ['Mean doubt', share(doubt?.mean)],
  ]);
  const buckets = doubt?.count ? doubt.buckets : [];
  $('doubts').hidden = buckets.length === 0;
  $('undoubted').hidden = buckets.length > 0;
  write($('undoubted'), on ? 'No pincode was weighed yet.' : 'Doubts are not measured while metrics are off.');
  drawDoubts(buckets, doubt?.count);
}

function drawDoubts(buckets, all) {
  const key = JSON.stringify(buckets);
  if ($('doubts').dataset.key === key) return;
  $('doubts').dataset.key = key;
  const percent = bound => String(Number((100 * bound).toPrecision(6)));
  const range = i => `${i === 0 ? '0' : percent(buckets[i - 1].to)}–${percent(buckets[i].to)} %`;
  $('doubts').replaceChildren(
    ...buckets.map(({ count: some }, i) =>
      element('li', {}, element('span', {}, range(i)), bar(some / all), element('span', {}, count(some))),
    ),
  );
}
