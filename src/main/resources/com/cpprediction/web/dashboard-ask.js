/** The box that asks for a prediction and says why it came out so. */

import { $, bar, element, known, share, write } from './dashboard-format.js';
import { learn, named } from './dashboard-names.js';
import { request } from './dashboard-token.js';

const EXAMPLE = 'Kadri Hills, near Kadri Temple, Mangalore 575002';
const SHOWN = 6;

/** What the ranker looks at, in words. */
const FEATURES = {
  cosine_words: 'Likeness of the words',
  cosine_chars: 'Likeness of the spelling',
  cosine_words_of_best: 'Likeness of the words, beside the best CP',
  cosine_chars_of_best: 'Likeness of the spelling, beside the best CP',
  bm25_words_of_best: 'Relevance of the words, beside the best CP',
  bm25_chars_of_best: 'Relevance of the spelling, beside the best CP',
  vote_words: 'Its share of the words',
  vote_chars: 'Its share of the spelling',
  vote_squares: 'Its share of words that are mostly its own',
  purest_word: 'The word that says most',
  second_word: 'The word that says second most',
  purest_pair: 'The pair of words that says most',
  purest_word_of_best: 'The word that says most, beside the best CP',
  known_words: 'How many of the words it has',
  known_chars: 'How much of the spelling it has',
  office_exact: 'One of its post offices is named',
  office_share: 'Names of its post offices',
  own_office_share: 'Name of its own post office',
  own_office_exact: 'Its own post office is named',
  office_found: 'Length of the office name found',
  region: 'Its taluk or district',
  named_own_office: 'Its own post office, named as such',
  named_office: 'One of its post offices, named as such',
  named_region: 'Its taluk or district, named as such',
  places_log: 'How many addresses it had',
  places_of_most: 'How many addresses it had, beside the largest CP',
  cps: 'How many CPs there are to choose from',
  words: 'How long the address is',
  votes: 'Its share of words and spelling',
  learned: 'What its words have come to mean',
  learned_share: 'What its words have come to mean, as a share',
  learned_words: 'What single words have come to mean',
  learned_pairs: 'What pairs of words have come to mean',
  learned_chars: 'What the spelling of known words has come to mean',
  learned_chars_of_unknown: 'What the spelling of unknown words has come to mean',
  learned_skeletons: 'What consonants have come to mean',
  learned_margin: 'Lead in what its words have come to mean',
  cosine_words_margin: 'Lead in likeness of the words',
  bm25_chars_margin: 'Lead in relevance of the spelling',
  votes_margin: 'Lead in its share of words and spelling',
  vote_squares_margin: 'Lead in words that are mostly its own',
  firsts: 'In how many respects it is first',
  learned_rank: 'How many CPs its words speak for more',
  learned_next_door: 'CPs of the next pincodes',
  learned_nearby: 'CPs of nearby pincodes',
  own_office_like: 'Words like the name of its own post office',
  own_office_alike: 'Length of words like the name of its own post office',
  office_like: 'Words like the name of one of its post offices',
  office_alike: 'Length of words like the name of one of its post offices',
  own_office_end: 'Where the name of its own post office ends',
  wrong_words: 'The words, as far as they are doubted',
  pincode: 'The pincode, as far as it is believed',
};

const newShipment = () => `dashboard-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;

const signed = value => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
const plain = value => (Number.isInteger(value) ? String(value) : value.toFixed(2).replace(/^-(0\.00)$/, '$1')).replace('-', '−');

/** A bar to the right for what speaks for the first CP, to the left for what speaks against it. */
function both(effect, most) {
  const fill = element('i', { class: effect < 0 ? 'against' : 'for' });
  fill.style.width = `${(50 * Math.abs(effect)) / most}%`;
  return element('span', { class: 'both', 'aria-hidden': 'true' }, fill);
}

function candidates(list, title) {
  return element(
    'ul',
    { class: 'candidates', 'aria-label': title },
    ...list.map(({ cp, confidence }, i) => {
      const [code, place] = named('cp', cp);
      return element('li', { class: i === 0 ? 'first' : null }, element('span', {}, code), bar(confidence), element('span', {}, share(confidence)), place);
    }),
  );
}

function effects(list, name, detail) {
  const shown = list.filter(({ effect }) => effect !== 0).slice(0, SHOWN);
  const most = Math.max(...shown.map(({ effect }) => Math.abs(effect)));
  return element(
    'ul',
    { class: 'effects' },
    ...shown.map(item =>
      element(
        'li',
        {},
        element('span', { class: 'name' }, name(item), element('small', {}, detail(item))),
        both(item.effect, most),
        element('span', { class: 'effect' }, signed(item.effect)),
      ),
    ),
  );
}

/** The parts of an explanation, each of which stands beside the answer. */
function explanation({ first, second, features, words }) {
  if (!second) return [part(element('p', { class: 'note' }, 'There was no other candidate to compare with.'))];
  const against = item => `${plain(item.first)} against ${plain(item.second)}`;
  return [
    part(
      element('h3', {}, `Why ${first} rather than ${second}`),
      effects(features, ({ feature }) => FEATURES[feature] ?? feature, against),
    ),
    part(
      element('h3', {}, 'What each word said for it'),
      words.length === 0
        ? element('p', { class: 'note' }, 'No word of the address is known.')
        : effects(words, ({ word }) => word, against),
    ),
  ];
}

/** What decided the prefix, and how far the pincode is believed. */
function place({ pincode, pincode_doubt: doubt, pincode_believed: believed, prefix, prefix_source: source }) {
  if (!pincode) return `prefix ${prefix}, told from the words`;
  const instead = believed === pincode ? '' : `, ${believed} believed instead`;
  const against = source === 'corrected' ? ', told from the words against the pincode' : '';
  return `pincode ${pincode} (doubt ${share(doubt)}${instead}), prefix ${prefix}${against}`;
}

const part = (...content) => element('div', {}, ...content);

function answered(prediction, ms) {
  const { cp, confidence, alternatives, model, source } = prediction;
  const from = source === 'cache' ? 'the cache' : `model ${model}`;
  const where = place(prediction);
  return [
    part(
      element('p', { class: 'cp' }, cp),
      candidates([{ cp, confidence }, ...alternatives], 'Candidates and how likely they are'),
      element('p', { class: 'note' }, `From ${from}; ${where}. ${ms} ms, network included.`),
    ),
    ...explanation(prediction.explanation),
  ];
}

function refused({ title, detail, guesses }) {
  return [
    element('p', { class: 'whole' }, element('strong', { class: 'bad' }, title ?? 'No answer'), element('br'), detail ?? ''),
    guesses ? part(element('h3', {}, 'Best guesses'), candidates(guesses, 'Best guesses')) : null,
  ].filter(known);
}

async function predict() {
  const shipment = { shipment_id: $('shipment').textContent, address: $('address').value };
  const pincode = $('pincode').value.trim();
  if (pincode) shipment.pincode = pincode;
  const headers = { 'Content-Type': 'application/json' };
  const begun = performance.now();
  let response;
  let body;
  try {
    response = await request('predict?explain=true', { method: 'POST', headers, body: JSON.stringify(shipment) });
    body = await response.json();
  } catch (error) {
    return refused({ title: 'No answer', detail: `The service can’t be reached (${error.message}).` });
  }
  if (response.status === 401) $('token').focus();
  const ms = Math.round(performance.now() - begun);
  const shown = response.ok ? [body, ...body.alternatives] : (body.guesses ?? []);
  await learn({ cps: shown.map(({ cp }) => cp) });
  if (!response.ok) return refused(body);
  write($('shipment'), newShipment());
  return answered(body, ms);
}

export function startAsking() {
  const form = $('ask');
  const button = $('predict');
  write($('shipment'), newShipment());
  form.addEventListener('submit', async event => {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true'); // not disabled: it would lose the focus
    try {
      $('answer').replaceChildren(...(await predict()));
    } finally {
      button.removeAttribute('aria-disabled');
    }
  });
  $('address').addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  $('example').addEventListener('click', () => {
    $('address').value = EXAMPLE;
    $('pincode').value = '';
    $('address').focus();
  });
}
