/** Where CPs and prefixes are, as the release names them. Codes are shown alone where it doesn't. */

import { element } from './dashboard-format.js';
import { onToken, request } from './dashboard-token.js';

const MOST = 100; // of one request

const places = { cp: new Map(), prefix: new Map() }; // by code; empty where the release has none
let refused = false; // until another token is typed

onToken(() => (refused = false));

const text = parts => parts.filter(Boolean).join(', ');

/** Reads the places that were not read yet; afterwards `named` has them. */
export async function learn({ cps = [], prefixes = [] }) {
  const unread = (kind, codes) => [...new Set(codes)].filter(code => !places[kind].has(code)).map(code => [kind, code]);
  const wanted = [...unread('cp', cps), ...unread('prefix', prefixes)].slice(0, MOST);
  if (refused || wanted.length === 0) return;
  try {
    const response = await request(`models/names?${new URLSearchParams(wanted)}`);
    refused = response.status === 401 || response.status === 403;
    if (!response.ok) return;
    const found = await response.json();
    for (const [kind, code] of wanted) places[kind].set(code, '');
    for (const { cp, office, district } of found.cps) places.cp.set(cp, text([office, district]));
    for (const { prefix, districts } of found.prefixes) places.prefix.set(prefix, text(districts));
  } catch (error) {
    console.info(`No names: ${error.message}`);
  }
}

/** A code and, where it is known, the place. */
export function named(kind, code) {
  const place = places[kind].get(code);
  return place ? [code, element('small', { class: 'place' }, ` ${place}`)] : [code];
}
