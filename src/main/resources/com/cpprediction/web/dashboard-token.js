/** Requests with the token that was typed, which stays in this page's memory. */

import { $, write } from './dashboard-format.js';

/** The answer to `path`; shows the box for the token where the service asks for one. */
export async function request(path, options = {}) {
  const token = $('token').value;
  const headers = { Accept: 'application/json', ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401) askForToken(token !== '');
  return response;
}

function askForToken(sent) {
  $('token-row').hidden = false;
  write($('token-note'), `${sent ? 'This token is not accepted.' : 'This service asks for a token.'} It stays in this page’s memory.`);
}

/** Calls `again` once another token was typed. */
export function onToken(again) {
  $('token').addEventListener('change', again);
}
