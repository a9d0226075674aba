// The show's channel as a page uses it: a ticket, hello, and what is pushed.
import WebSocket from 'ws';
import { within } from './harness/index.mjs';

export class Channel {
    constructor(person, show) {
        Object.assign(this, { person, show, pushes: [], answers: new Map(), waiting: new Set(), next: 1, closed: undefined });
    }

    /** Connect and say hello; with `position` as a page that was here before. Resolves to hello's answer. */
    async open(position) {
        const { ticket } = await this.person.must('POST', '/api/v1/tickets', { show: this.show }, 201);
        const socket = new WebSocket(`${this.person.base.replace('http', 'ws')}/ws`, { origin: this.person.base, perMessageDeflate: false });
        const isCurrent = () => this.socket === socket;
        Object.assign(this, { socket, closed: undefined, pushes: [], answers: new Map() });
        socket.on('message', (bytes) => isCurrent() && this.#take(String(bytes)));
        socket.on('error', () => {});
        socket.on('close', (code, reason) => {
            if (isCurrent()) this.closed = { code, reason: String(reason) };
            this.#wake();
        });
        await within('the socket to open', new Promise((resolve, reject) => socket.once('open', resolve).once('close', reject)));
        return this.ask('hello', { ticket, show: this.show, ...position });
    }

    #take(text) {
        if (!text) return; // the heartbeat
        const content = JSON.parse(text);
        if (Array.isArray(content)) this.pushes.push(...content);
        else this.answers.set(content.id, content);
        this.#wake();
    }

    #wake() {
        for (const look of this.waiting) look();
    }

    /** Resolves to what `find` gives once it is truthy; looked at whenever something comes. */
    until(what, find, timeoutMs = 20000) {
        let look;
        const found = new Promise((resolve) => {
            look = () => {
                const value = find(this);
                if (value) resolve(value);
            };
            this.waiting.add(look);
            look();
        });
        return within(what, found, timeoutMs).finally(() => this.waiting.delete(look));
    }

    /** Send; resolves to {ok} or {er}. */
    ask(m, d, more = {}) {
        const id = this.next++;
        this.socket.send(JSON.stringify({ id, m, ...more, d }));
        return this.until(`the answer to ${m}`, () => this.answers.get(id) ?? (this.closed && { closed: this.closed }));
    }

    /** The newest push of a kind, once there is one for which `check` holds. */
    push(event, check = () => true) {
        return this.until(`a push ${event}`, () => this.pushes.findLast((push) => push.e === event && check(push.d)));
    }

    close() {
        this.socket?.terminate();
    }
}
