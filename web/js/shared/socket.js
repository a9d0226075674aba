// A show's WebSocket: a one-time ticket, hello, and back by itself after a break.
import { forgetSession, post, session, somebody } from './api.js';
import { Channel } from './channel.js';
import { setServerTime } from './time.js';

const BACKOFF_MS = [1000, 2000, 4000, 8000, 16000];
const ANSWER_TIMEOUT_MS = 8000;
const QUIET_MS = 60000; // the server pings every 25 s
const CLOSE_LOGGED_OUT = 4410;
const CLOSE_FINAL = [4403, 4404, 4409]; // banned, no such show, too many pages of one person: coming again is of no use

/** Wait before attempt `n` (0 the first): full jitter, so that a restarted server isn't met by everybody at once. */
export const backoffMs = (n, random = Math.random) => random() * BACKOFF_MS[Math.min(n, BACKOFF_MS.length - 1)];

export class SocketRefused extends Error {
  constructor({ c, t = 0, ra = 0 }) {
    super(c);
    Object.assign(this, { code: c, isTemporary: t === 1, retryAfterMs: ra });
  }
}

export class ShowSocket {
  #show;
  #listener;
  #socket = null;
  #attempt = 0;
  #nextId = 1;
  #waiting = new Map(); // answers by id: {resolve, reject, timer}
  #timers = {};
  #isStopped = false;
  #isSomebody = false;
  channel = new Channel();
  state = 'connecting'; // connecting | open | broken | closed

  /** `listener(pushes)` is called after each frame that came, and with [] when the state changed. */
  constructor(show, listener) {
    this.#show = show;
    this.#listener = listener;
    document.addEventListener('visibilitychange', this.#onVisible);
    addEventListener('online', this.#onOnline);
  }

  start() {
    this.#connect();
    return this;
  }

  stop() {
    this.#isStopped = true;
    document.removeEventListener('visibilitychange', this.#onVisible);
    removeEventListener('online', this.#onOnline);
    this.#drop();
    this.#set('closed');
  }

  /** Ask the server for an act; resolves to its answer, throws SocketRefused. `isAnyone`: readers without a session may. */
  async ask(m, d, { key, isAnyone = false } = {}) {
    if (!isAnyone) await this.#asSomebody();
    return this.#send(m, d, key);
  }

  /** A message gets its key here once: sent again, it is still one message. */
  say(text, key = crypto.randomUUID()) {
    return this.ask('chat.send', { t: text }, { key });
  }

  #onVisible = () => {
    if (!document.hidden && this.state === 'broken') this.#hurry();
  };

  #onOnline = () => {
    if (this.state === 'broken') this.#hurry();
  };

  #hurry() {
    this.#attempt = 0;
    this.#connect();
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.#listener([]);
  }

  /* The ticket that opened the socket may be of nobody; whoever says something is somebody, by a new ticket. */
  async #asSomebody() {
    if (this.#isSomebody) return;
    const who = await somebody();
    this.#isSomebody = true;
    if (this.#ticketOf === who.csrf) return;
    this.#drop();
    await this.#connect();
  }

  #ticketOf = null; // whose session's token went with it

  #asNobody() {
    forgetSession();
    this.#isSomebody = false;
  }

  async #connect() {
    if (this.#isStopped) return;
    this.#drop();
    let socket;
    try {
      socket = await this.#open();
      const ticket = await this.#ticket();
      if (this.#socket !== socket) return; // another attempt has begun meanwhile: its socket must not get our hello too
      const ok = await this.#send('hello', { ticket, show: this.#show, ...this.channel.position });
      if (this.#socket !== socket) return;
      this.#attempt = 0;
      setServerTime(ok.now);
      this.channel.onHello(ok);
      this.#set('open');
      this.#flush();
    } catch (error) {
      if (error.code === 'forbidden' || error.code === 'not_found') return this.#set('closed');
      if (socket === undefined || this.#socket === socket) this.#again();
    }
  }

  #early = []; // pushes that came together with the answer to hello

  #flush() {
    const pushes = this.#early;
    this.#early = [];
    if (pushes.length > 0) this.#onPushes(pushes);
  }

  async #ticket() {
    const who = await session();
    this.#ticketOf = who.csrf;
    return (await post('/tickets', { show: this.#show }, { isAnyone: true })).ticket;
  }

  #open() {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/ws`);
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(socket);
      socket.onmessage = ({ data }) => this.#socket === socket && this.#onText(data);
      socket.onclose = ({ code }) => {
        reject(new SocketRefused({ c: 'unreachable', t: 1 }));
        if (this.#socket === socket) this.#onClose(code);
      };
    });
  }

  #onClose(code) {
    this.#drop();
    if (CLOSE_FINAL.includes(code)) return this.#set('closed');
    if (code === CLOSE_LOGGED_OUT) this.#asNobody();
    this.#again();
  }

  #again() {
    if (this.#isStopped) return;
    this.#drop();
    this.#set('broken');
    clearTimeout(this.#timers.again);
    this.#timers.again = setTimeout(() => this.#connect(), backoffMs(this.#attempt++));
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    for (const { reject } of this.#waiting.values()) reject(new SocketRefused({ c: 'unreachable', t: 1 }));
    this.#waiting.clear();
    this.#early = [];
    socket?.close();
  }

  #send(m, d, k) {
    const id = this.#nextId++, socket = this.#socket;
    return new Promise((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) return reject(new SocketRefused({ c: 'unreachable', t: 1 }));
      const timer = setTimeout(() => this.#answer(id, { er: { c: 'timeout', t: 1 } }), ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify(k ? { id, m, k, d } : { id, m, d }));
    });
  }

  #answer(id, { ok, er }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (er) waiting.reject(new SocketRefused(er));
    else waiting.resolve(ok);
  }

  #onText(text) {
    clearTimeout(this.#timers.quiet);
    this.#timers.quiet = setTimeout(() => this.#again(), QUIET_MS);
    if (text === '') return this.#socket.send(''); // ping
    const frame = JSON.parse(text);
    if (!Array.isArray(frame)) return this.#answer(frame.id, frame);
    const answers = frame.filter((one) => one.ok || one.er), pushes = frame.filter((one) => one.ch);
    for (const one of answers) this.#answer(one.id, one);
    if (pushes.length === 0) return;
    if (this.state === 'open') this.#onPushes(pushes);
    else this.#early.push(...pushes);
  }

  #onPushes(pushes) {
    for (const push of pushes) this.channel.apply(push);
    this.#listener(pushes);
  }
}
