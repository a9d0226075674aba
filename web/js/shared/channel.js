// What a page knows of a show's channel. Pure: frames in, state out; whatever comes twice, late or out of order
// leaves the same state. Lanes: ctl (keyed entries and events), chat, gauge, me.

const MESSAGES_MAX = 200;
const DELETED_MAX = 500;
const EVENTS = ['delete', 'end', 'sync'];

const entryKey = (e, d) => (e === 'stock' ? `stock:${d.variant}` : e === 'product' ? `product:${d.id}` : e);

export class Channel {
  messages = new Map(); // by message id, oldest first
  entries = new Map(); // newest {d, v, o} by key
  gauge = {};
  you = null;
  epoch = null;
  offsets = {}; // of ctl and chat: how far we are
  skipped = 0; // messages that the server dropped on the way to us
  #deleted = new Set(); // a deletion can come before its message

  /** The answer to hello. Not recovered: what we had is replaced by what comes now, never added to. */
  onHello({ ep, recovered, you }) {
    if (!recovered) {
      this.messages.clear();
      this.entries.clear();
      this.offsets = {};
      this.skipped = 0;
    }
    this.epoch = ep;
    this.you = you;
  }

  /** For the next hello: {} when there is nothing to go on from. */
  get position() {
    return this.epoch && this.offsets.ctl !== undefined && this.offsets.chat !== undefined ? { ep: this.epoch, o: { ...this.offsets } } : {};
  }

  /** One push; answers whether it changed anything. */
  apply({ ch, o, e, d }) {
    if (ch === 'gauge') return this.#onGauge(e, d);
    if (ch !== 'ctl' && ch !== 'chat') return ch === 'me';
    const before = this.offsets[ch];
    if (Number.isInteger(o)) this.offsets[ch] = Math.max(before ?? o, o);
    if (ch === 'ctl') return EVENTS.includes(e) ? this.#onEvent(e, d) : this.#onEntry(e, d, o);
    if (e === 'skipped') { // o: how far we are after it
      this.skipped += d.n;
      return true;
    }
    if (e === 'gone') return this.messages.delete(d.mid); // deleted while we were away
    if (e !== 'msg') return false;
    if (before !== undefined && o > before + 1) this.skipped += o - before - 1;
    return this.#onMessage(d);
  }

  #onGauge(e, d) {
    const isNew = this.gauge[e] !== d.n;
    this.gauge[e] = e === 'hearts' ? Math.max(this.gauge[e] ?? 0, d.n) : d.n;
    return isNew;
  }

  #onEvent(e, d) {
    if (e === 'sync') { // how far the welcome went, in lanes that had nothing to say too
      this.offsets.chat = Math.max(this.offsets.chat ?? 0, d.chat);
      return false;
    }
    if (e === 'end') {
      this.entries.set('state', { d: { state: 'ended' } });
      return true;
    }
    this.#deleted.add(d.mid);
    if (this.#deleted.size > DELETED_MAX) this.#deleted.delete(this.#deleted.values().next().value);
    return this.messages.delete(d.mid);
  }

  #onEntry(e, d, o) {
    const key = entryKey(e, d), known = this.entries.get(key);
    const [mine, theirs] = d.v !== undefined && known?.v !== undefined ? [known.v, d.v] : [known?.o, o];
    if (known && mine !== undefined && theirs <= mine) return false; // late or again
    this.entries.set(key, { d, v: d.v, o });
    return true;
  }

  #onMessage(message) {
    if (this.#deleted.has(message.mid) || this.messages.has(message.mid)) return false;
    this.messages.set(message.mid, message);
    if (this.messages.size > MESSAGES_MAX) this.messages.delete(this.messages.keys().next().value);
    return true;
  }

  entry(key) {
    return this.entries.get(key)?.d;
  }

  /** The show as GET /shows/{show} told it, with what came since on top. */
  over(show) {
    const products = show.products.map((product) => {
      const changed = { ...product, ...this.entry(`product:${product.id}`) };
      const variants = (changed.variants ?? []).map((variant) => ({ ...variant, left: this.entry(`stock:${variant.id}`)?.left ?? variant.left }));
      return { ...changed, variants };
    });
    return {
      ...show,
      products,
      state: this.entry('state')?.state ?? show.state,
      pin: this.entries.has('pin') ? this.entry('pin').product : show.pin,
      notice: this.entry('notice')?.text ?? show.notice,
      chat_frozen: this.entry('freeze')?.on ?? show.chat_frozen,
      sales_stopped: this.entries.has('sales') ? !this.entry('sales').on : show.sales_stopped,
      slow_s: this.entry('slow')?.s ?? show.slow_s,
    };
  }
}
