// Keeps a show playing in a <video>: connects, reconnects by itself, and says in one word how it stands.
//   connecting | playing | needs_tap | stalled | waiting | reconnecting | not_live | ended | full | unsupported | b_frames
import { WhepRefused, WhepSession } from './whep.js';

const STALL_MS = 1500;          // no new frame for so long: say so
const RESTART_MS = 3000;        // nor for so long, though the show is live: the server may have forgotten us
const RESTART_AGAIN_MS = 10000;
const DISCONNECTED_MS = 4000;   // the network may come back by itself
const RETRY_MS = [300, 600, 1200, 2500, 5000];
const RETRY_NOT_LIVE_MS = 1500;
const SHOW_POLL_MS = 2000;
const SHOW_POLL_HURRY_MS = 500; // while nothing comes
const GONE_POLLS = 2;           // a server that has just started may not know its shows yet

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
  #token;
  #show = null; // what the server says of the show; null: nothing, it is not live
  #gonePolls = 0;
  #polledAt = 0;
  #restartedAt = -Infinity;
  state = 'connecting';
  viewers = 0;
  capturedAt = null; // when the newest frame was taken, in this page's time, if the browser knows

  /** `token`: of a rehearsal, or of a preview of one's own show. */
  constructor(video, name, onChange, token) {
    this.#video = video;
    this.#name = name;
    this.#onChange = onChange;
    this.#token = token;
  }

  /** The session that is up, or null: for those who want to look at its statistics. */
  get session() {
    return this.#session;
  }

  start() {
    this.#watchFrames();
    this.#every('tick', 250, () => this.#tick());
    document.addEventListener('visibilitychange', this.#onVisible);
    addEventListener('pagehide', () => this.stop());
    addEventListener('online', this.#onOnline);
    this.#connect();
  }

  stop() {
    removeEventListener('online', this.#onOnline);
    document.removeEventListener('visibilitychange', this.#onVisible);
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
    this.#generation++;
    this.#session?.close();
    this.#session = null;
  }

  #onOnline = () => this.retry();
  #onVisible = () => (this.#lastFrameAt = performance.now()); // hidden pages draw nothing

  /** Play what is connected; at the first time some devices want to be asked by a tap. */
  play() {
    this.#video.play().catch((error) => error.name === 'NotAllowedError' && this.#set('needs_tap'));
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
    this.#session = null;
    try {
      const session = new WhepSession(`/whep/${this.#name}`, (s) => generation === this.#generation && this.#onState(s), this.#token);
      this.#session = session;
      await session.start();
      if (generation !== this.#generation) return;
      this.#video.srcObject = session.stream;
      this.play();
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
    if (!globalThis.RTCPeerConnection) {
      this.#set('unsupported');
    } else if (refused?.status === 401 || refused?.status === 403 || refused?.status === 404) { // closed: as if it were not there
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
    const onFrame = (_, about) => {
      this.#lastFrameAt = performance.now();
      this.capturedAt = about.captureTime ?? null;
      if (!this.#video.paused) { // one that may not play yet shows its first frame
        this.#hasPlayed = true;
        this.#set('playing');
      }
      this.#video.requestVideoFrameCallback(onFrame);
    };
    this.#video.requestVideoFrameCallback(onFrame);
  }

  #tick() {
    const now = performance.now();
    const isQuiet = this.#hasPlayed && !this.#video.paused && !document.hidden && now - this.#lastFrameAt >= STALL_MS;
    if (now - this.#polledAt >= (isQuiet ? SHOW_POLL_HURRY_MS : SHOW_POLL_MS)) this.#pollShow(now);
    if (isQuiet && ['playing', 'stalled', 'waiting'].includes(this.state)) this.#onQuiet(now);
    if (!this.#hasPlayed && this.state === 'connecting' && this.#show?.state === 'waiting') this.#set('waiting');
  }

  /* Connected, and yet nothing comes. What the server says of the show tells why. */
  #onQuiet(now) {
    if (this.#gonePolls >= GONE_POLLS) {
      this.#reconnect('ended', RETRY_NOT_LIVE_MS);
    } else if (this.#show?.state === 'waiting') {
      this.#set('waiting');
    } else if (this.#show && now - this.#lastFrameAt >= RESTART_MS && now - this.#restartedAt >= RESTART_AGAIN_MS) {
      this.#restartedAt = now;
      this.retry();
    } else {
      this.#set('stalled');
    }
  }

  async #pollShow(now) {
    this.#polledAt = now;
    try {
      const response = await fetch(`/api/v1/live/${this.#name}`, { signal: AbortSignal.timeout(3000) });
      if (!response.ok && response.status !== 404) return;
      this.#show = response.ok ? await response.json() : null;
    } catch {
      return; // out of reach: the media connection decides
    }
    this.#gonePolls = this.#show ? 0 : this.#gonePolls + 1;
    const viewers = this.#show?.viewers ?? 0;
    if (viewers !== this.viewers) {
      this.viewers = viewers;
      this.#onChange();
    }
  }
}
