// Many buyers at once, each with a connection, an address and a telephone of their own.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { orderForm } from './people.mjs';

const PER_NETWORK = 200;

/** 127.1.0.1, 127.1.0.2, … all of them this machine (RFC 1122 §3.2.1.3 (g)). */
const addressOf = (i) => `127.${1 + (i >> 16)}.${Math.floor(i / PER_NETWORK) % 256}.${1 + (i % PER_NETWORK)}`;

/** Run `job` on all of them, so many at a time. */
export async function each(items, atOnce, job) {
    const rest = items.entries();
    const work = async () => {
        for (const [i, item] of rest) await job(item, i);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
}

export class Buyer {
    constructor(base, i) {
        this.url = new URL(base);
        this.i = i;
        this.key = randomUUID();
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 1, localAddress: addressOf(i) });
        this.headers = {};
    }

    /** Resolves to {status, body}; rejects when the connection breaks. */
    ask(method, path, content, headers = {}) {
        const { hostname, port } = this.url;
        const text = content === undefined ? undefined : JSON.stringify(content);
        const all = { ...this.headers, ...headers };
        if (text !== undefined) Object.assign(all, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        return new Promise((resolve, reject) => {
            const request = http.request({ hostname, port, path, method, agent: this.agent, headers: all }, (answer) => {
                const pieces = [];
                answer.on('error', reject);
                answer.on('data', (piece) => pieces.push(piece));
                answer.on('end', () => {
                    const body = Buffer.concat(pieces).toString();
                    resolve({ status: answer.statusCode, cookie: answer.headers['set-cookie'], body: body && JSON.parse(body) });
                });
            });
            request.on('error', reject);
            request.end(text);
        });
    }

    async arrive() {
        const { status, cookie, body } = await this.ask('POST', '/api/v1/guests', {});
        if (status !== 201) throw new Error(`a guest was refused: ${status} ${JSON.stringify(body)}`);
        this.headers = { cookie: cookie[0].split(';')[0], 'x-csrf-token': body.csrf };
    }

    /** Order one piece, with the same key and the same words however often it is called. */
    order(product) {
        const phone = `010-${String(Math.floor(this.i / 10000)).padStart(4, '0')}-${String(this.i % 10000).padStart(4, '0')}`;
        return this.ask('POST', '/api/v1/orders', orderForm(product, { phone }), { 'idempotency-key': this.key });
    }

    leave() {
        this.agent.destroy();
    }
}

/** So many who have a session already. */
export async function gather(base, count, { atOnce = 64 } = {}) {
    const buyers = Array.from({ length: count }, (_, i) => new Buyer(base, i));
    await each(buyers, atOnce, (buyer) => buyer.arrive());
    return buyers;
}
