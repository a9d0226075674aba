// Keeps a show playing in a <video>: connects, reconnects by itself, and says in one word how it stands.
//   connecting | playing | stalled | waiting | reconnecting | not_live | ended | full | unsupported | b_frames
import { WhepRefused, WhepSession } from './whep.js';

const STALL_MS = 1500;          // no new frame for so long: say so
const DISCONNECTED_MS = 4000;   // the network may come back by itself
const RETRY_MS = [300, 600, 1200, 2500, 5000];
const RETRY_NOT_LIVE_MS = 1500;
const SHOW_POLL_MS = 2000;

export class Player {
  #video;
  #name;
  #onChange;
  #session = null;
  #timers = new Map();
  #attempt = 0;
  #generation = 0;
  #lastFrameAt = 0;
  #hasPlayed = false;
  #show = null; // what the server says of the show; null: nothing, it is not live
  state = 'connecting';
  viewers = 0;

  constructor(video, name, onChange) {
    this.#video = video;
    this.#name = name;
    this.#onChange = onChange;
  }

  /** The session that is up, or null: for those who want to look at its statistics. */
  get session() {
    return this.#session;
  }

  start() {
    this.#watchFrames();
    this.#every('poll', SHOW_POLL_MS, () => this.#pollShow());
    this.#every('stall', 250, () => this.#checkStall());
    addEventListener('pagehide', () => this.stop());
    addEventListener('online', () => this.retry());
    this.#connect();
  }

  stop() {
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
    this.#generation++;
    this.#session?.close();
    this.#session = null;
  }

  retry() {
    this.#attempt = 0;
    this.#reconnect('reconnecting', 0);
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.#onChange();
  }

  #every(name, ms, action) {
    clearInterval(this.#timers.get(name));
    this.#timers.set(name, setInterval(action, ms));
  }

  #after(name, ms, action) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(action, ms));
  }

  async #connect() {
    const generation = ++this.#generation;
    this.#session?.close();
    const session = new WhepSession(`/whep/${this.#name}`, (s) => generation === this.#generation && this.#onState(s));
    this.#session = session;
    try {
      await session.start();
      if (generation !== this.#generation) return;
      this.#video.srcObject = session.stream;
      this.#video.play().catch(() => {}); // autoplay refused: the page shows a button
    } catch (error) {
      if (generation === this.#generation) this.#onRefused(error);
    }
  }

  #onState(state) {
    clearTimeout(this.#timers.get('disconnected'));
    if (state === 'connected') this.#attempt = 0;
    if (state === 'disconnected') this.#after('disconnected', DISCONNECTED_MS, () => this.retry());
    if (state === 'failed' || state === 'closed') this.#reconnect('reconnecting');
  }

  #onRefused(error) {
    const refused = error instanceof WhepRefused ? error : null;
    if (refused?.status === 404) {
      this.#reconnect(this.#hasPlayed ? 'ended' : 'not_live', RETRY_NOT_LIVE_MS);
    } else if (refused?.code === 'b_frames') {
      this.#reconnect('b_frames', RETRY_NOT_LIVE_MS * 2);
    } else if (refused?.status === 406) {
      this.#reconnect('unsupported', 10000);
    } else if (refused?.status === 503 || refused?.status === 429) {
      this.#reconnect(refused.code === 'full' ? 'full' : 'reconnecting', refused.retryAfter * 1000 + Math.random() * 1000);
    } else {
      this.#reconnect('reconnecting');
    }
  }

  #reconnect(state, delay) {
    this.#session?.close();
    this.#session = null;
    this.#generation++;
    this.#set(state);
    const wait = delay ?? RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)] * (0.8 + 0.4 * Math.random());
    this.#after('connect', wait, () => this.#connect());
  }

  #watchFrames() {
    const onFrame = () => {
      this.#lastFrameAt = performance.now();
      this.#hasPlayed = true;
      this.#set('playing');
      this.#video.requestVideoFrameCallback(onFrame);
    };
    this.#video.requestVideoFrameCallback(onFrame);
  }

  #checkStall() {
    if (this.state !== 'playing' && this.state !== 'stalled' && this.state !== 'waiting') return;
    if (document.hidden || performance.now() - this.#lastFrameAt < STALL_MS) return;
    this.#set(this.#show?.state === 'waiting' ? 'waiting' : 'stalled');
  }

  async #pollShow() {
    try {
      const response = await fetch(`/api/v1/shows/${this.#name}`, { signal: AbortSignal.timeout(3000) });
      if (response.ok) this.#show = await response.json();
      else if (response.status === 404) this.#show = null;
      else return;
    } catch {
      return; // out of reach: the media connection decides
    }
    const viewers = this.#show?.viewers ?? 0;
    if (viewers !== this.viewers) {
      this.viewers = viewers;
      this.#onChange();
    }
  }
}
