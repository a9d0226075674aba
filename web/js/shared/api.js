// The services' REST, as docs/openapi.yaml has it: sessions, CSRF, problems, keys against doing a thing twice.
import { noteServerTime } from './time.js';

const BASE = '/api/v1';
const TIMEOUT_MS = 10000;
const RETRY_MS = [400, 1200, 3000];

/** Refused: `status` (0: nobody answered), `code` of the problem+json, `about` the whole of it, seconds to wait. */
export class Problem extends Error {
  constructor(status, code, about = {}, retryAfter = 0) {
    super(`${status} ${code}`);
    Object.assign(this, { status, code, about, retryAfter });
  }
}

async function problemOf(response) {
  let about = {};
  try {
    about = await response.json();
  } catch { /* not problem+json: the status says enough */ }
  return new Problem(response.status, about.code ?? `http_${response.status}`, about, Number(response.headers.get('retry-after')) || 0);
}

async function exchange(method, path, { body, headers = {}, timeoutMs = TIMEOUT_MS } = {}) {
  const isJson = body !== undefined && !(body instanceof Blob);
  const options = { method, headers: { Accept: 'application/json', ...headers }, signal: AbortSignal.timeout(timeoutMs) };
  if (body !== undefined) {
    options.headers['Content-Type'] = isJson ? 'application/json' : body.type;
    options.body = isJson ? JSON.stringify(body) : body;
  }
  try {
    const response = await fetch(BASE + path, options);
    noteServerTime(response.headers.get('date'));
    if (!response.ok) throw announced(await problemOf(response));
    return response.status === 204 ? null : await response.json(); // its time may run out here, too
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(0, error.name === 'TimeoutError' ? 'timeout' : 'unreachable');
  }
}

/* Whose session ended elsewhere is told so by the page, not by each of its parts. */
function announced(problem) {
  if (problem.code === 'sign_in' && known) {
    known = null;
    dispatchEvent(new Event('signed-out'));
  }
  return problem;
}

let known = null; // the promise of who we are

/** Who this browser is: {role, name, login, csrf, shop}. Asked once. */
export function session() {
  known ??= exchange('GET', '/session').catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

export function forgetSession() {
  known = null;
}

function remember(who) {
  known = Promise.resolve(who);
  return who;
}

/** Somebody with a session: a guest is made when this browser has none yet. */
export async function somebody() {
  const who = await session();
  if (who.csrf) return who;
  return remember(await exchange('POST', '/guests', { body: {} }));
}

export const get = (path) => exchange('GET', path);

async function withToken(who, method, path, options) {
  const headers = { ...options.headers };
  if (who.csrf) headers['X-CSRF-Token'] = who.csrf;
  return exchange(method, path, { ...options, headers });
}

/** Change something. `isAnyone`: without making a guest first (signing in, taking up an invitation). */
export async function write(method, path, body = {}, { headers = {}, isAnyone = false, timeoutMs } = {}) {
  const who = await (isAnyone ? session() : somebody());
  const options = { body: method === 'DELETE' ? undefined : body, headers, timeoutMs };
  try {
    return await withToken(who, method, path, options);
  } catch (error) {
    if (error.code !== 'csrf') throw error;
    forgetSession(); // another tab signed in or out meanwhile
    return withToken(await session(), method, path, options);
  }
}

export const post = (path, body, options) => write('POST', path, body, options);
export const put = (path, body, options) => write('PUT', path, body, options);
export const patch = (path, body, options) => write('PATCH', path, body, options);

export const signIn = async (login, password) => remember(await post('/session', { login, password }, { isAnyone: true }));
export const acceptInvite = async (body) => remember(await post('/invites/accept', body, { isAnyone: true }));

export async function signOut() {
  await write('DELETE', '/session', undefined, { isAnyone: true });
  forgetSession();
}

const digest = async (text) => {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
};

/* The same content keeps its key until it was answered, over a reload too: pressing twice is buying once. */
async function keyOf(path, body) {
  const place = `key:${path}:${await digest(JSON.stringify(body))}`;
  const key = sessionStorage.getItem(place) ?? crypto.randomUUID();
  sessionStorage.setItem(place, key);
  return { place, key };
}

/** POST that may be sent again when no answer came: the server does it once (Idempotency-Key). */
export async function postOnce(path, body) {
  const { place, key } = await keyOf(path, body);
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await post(path, body, { headers: { 'Idempotency-Key': key } });
      sessionStorage.removeItem(place);
      return answer;
    } catch (error) {
      const isOpen = error.status === 0 || error.status >= 502 || error.code === 'idempotency_running';
      if (!isOpen) sessionStorage.removeItem(place);
      if (!isOpen || attempt >= RETRY_MS.length) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[attempt]));
    }
  }
}

export const pictureUrl = (hash, size) => `/pictures/${encodeURIComponent(hash)}/${size}`;
