// A stand-in for the front door and chat behind it: pages from web/ under the front door's own policy, REST and socket
// over a market in memory. It drives page tests through states that are hard to reach with the services.
// By hand: node tests/e2e/kit/mock.mjs [PORT]
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { market } from './mock-data.mjs';
import { Refused, routes } from './mock-routes.mjs';
import { Peer } from './mock-socket.mjs';

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../web');
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const PAGES = [[/^\/$/, 'index'], [/^\/live\/[A-Za-z0-9_-]{1,128}$/, 'live'], [/^\/order\/[A-Za-z0-9_-]{22}$/, 'order'], [/^\/(studio|operator)$/, null]];
const HISTORY_MAX = 50;
const FREE_OF_CSRF = ['/session', '/guests', '/tickets', '/invites/look', '/invites/accept'];

function pageOf(pathname) {
    for (const [pattern, name] of PAGES) {
        const found = pattern.exec(pathname);
        if (found) return `${name ?? found[1]}.html`;
    }
    return /^\/(js|css|img|vendor)\//.test(pathname) ? pathname.slice(1) : null;
}

/* The policy of scripts/front/nginx.conf.in; the page's own import map by its hash. */
function policyOf(text) {
    const maps = [...text.matchAll(/<script type="importmap">(.*?)<\/script>/gs)].map(([, map]) => `'sha256-${createHash('sha256').update(map).digest('base64')}'`);
    return `default-src 'self'; script-src 'self' ${maps.join(' ')}; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

/* A picture for each name: a colour and a round thing. */
function picture(name) {
    const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><rect width="400" height="400" fill="hsl(${hue} 38% 82%)"/><circle cx="200" cy="215" r="120" fill="hsl(${hue} 62% 52%)"/><ellipse cx="160" cy="165" rx="34" ry="22" fill="hsl(${hue} 70% 74%)"/></svg>`;
}

export class Mock {
    #server;
    #sockets = new Set();
    #raw = new Set();
    #pushed = []; // every push of ctl and chat with its offset, for recovery
    #offsets = { ctl: 0, chat: 0 };
    epoch = 'a1';
    keys = new Map();
    who = null;
    streamKey = 'jt-4f8Qz0sXw1nR7vLk';
    requests = []; // {method, path, body, headers} of the API
    refuse = new Map(); // 'POST /orders' → [status, code] for the next one
    hellos = [];

    constructor(now = Date.now()) {
        this.market = market(now);
        for (const message of this.market.messages) this.push({ ch: 'chat', e: 'msg', d: message });
    }

    async start(port = 0) {
        this.#server = http.createServer((request, response) => this.#onRequest(request, response));
        this.#server.on('upgrade', (request, socket) => this.#onUpgrade(request, socket));
        this.#server.on('connection', (socket) => (this.#raw.add(socket), socket.on('close', () => this.#raw.delete(socket))));
        await new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.#server.address().port}`;
        return this;
    }

    stop() {
        for (const socket of this.#raw) socket.destroy();
        return new Promise((resolve) => this.#server.close(resolve));
    }

    get role() {
        return this.who?.shop?.role ?? this.who?.role ?? 'guest';
    }

    signIn(who) {
        return (this.who = who);
    }

    /** Sign in as `role` of the shop (or of the platform), as a test's start. */
    as(role) {
        return this.signIn({ role: ['operator', 'guest'].includes(role) ? role : 'buyer', name: role, login: role, csrf: 'token-of-the-session', shop: role === 'operator' || role === 'guest' ? null : { id: 1, name: this.market.shop.name, role } });
    }

    /** Send one push to all sockets, in a frame of its own. */
    push(push) {
        this.frame([push]);
    }

    frame(pushes) {
        for (const push of pushes) {
            if (!(push.ch in this.#offsets)) continue;
            push.o ??= ++this.#offsets[push.ch];
            this.#pushed.push(push);
        }
        for (const peer of this.#sockets) peer.send(pushes);
    }

    say(name, t, more = {}) {
        const mid = more.mid ?? `m${Math.random().toString(36).slice(2)}`;
        this.push({ ch: 'chat', e: 'msg', d: { mid, from: { id: `p-${name}`, name, role: 'guest', ...more.from }, t, at: Date.now() } });
        return mid;
    }

    /** Forget what was: the next hello is not recovered. */
    restart() {
        this.epoch = `e${Math.random().toString(36).slice(2)}`;
        this.cutSockets();
    }

    cutSockets() {
        for (const peer of this.#sockets) peer.cut();
    }

    closeSockets(code) {
        for (const peer of this.#sockets) peer.close(code);
    }

    #onUpgrade(request, socket) {
        if (request.url !== '/ws') return socket.destroy();
        new Peer(request, socket, (text, peer) => text && this.#onMessage(JSON.parse(text), peer), (peer) => this.#sockets.delete(peer));
    }

    #onMessage({ id, m, d, k }, peer) {
        const refused = this.refuse.get(m);
        if (refused) {
            this.refuse.delete(m);
            return peer.send({ id, er: { c: refused[1], t: 1, ra: refused[2] ?? 4200 } });
        }
        this.requests.push({ method: 'WS', path: m, body: d, key: k });
        if (m === 'hello') return this.#onHello(id, d, peer);
        if (m === 'chat.send') {
            if (!this.who?.csrf) return peer.send({ id, er: { c: 'no_session', t: 0 } });
            const { name } = this.who, role = this.role;
            peer.send({ id, ok: { mid: `k-${k}` } });
            if (![...this.#pushed].some((push) => push.d.mid === `k-${k}`)) this.say(name, d.t, { mid: `k-${k}`, from: { role } });
            return undefined;
        }
        peer.send({ id, ok: {} });
        if (m === 'chat.delete') this.push({ ch: 'ctl', e: 'delete', d: { mid: d.mid } });
        if (m === 'chat.freeze') {
            this.market.show.chat_frozen = d.on;
            this.push({ ch: 'ctl', e: 'freeze', d: { on: d.on } });
        }
        if (m === 'heart') this.push({ ch: 'gauge', e: 'hearts', d: { n: (this.hearts = (this.hearts ?? 18230) + d.n) } });
        return undefined;
    }

    #onHello(id, d, peer) {
        const { show } = this.market;
        const recovered = d.ep === this.epoch;
        this.hellos.push({ ...d, recovered });
        peer.send({ id, ok: { ep: this.epoch, recovered, you: { id: this.who?.login ?? 'guest', name: this.who?.name ?? '', role: this.role, ...(!this.who && { reader: true }) }, now: Date.now() } });
        const missed = recovered ? this.#pushed.filter((push) => push.o > (d.o[push.ch] ?? 0)) : this.#state(show);
        if (missed.length > 0) peer.send(missed);
        peer.send([{ ch: 'ctl', o: this.#offsets.ctl, e: 'sync', d: { chat: this.#offsets.chat } }, { ch: 'gauge', e: 'viewers', d: { n: 1234 } }, { ch: 'gauge', e: 'hearts', d: { n: this.hearts ?? 18230 } }]);
        this.#sockets.add(peer);
    }

    #state(show) {
        const gone = new Set(this.#pushed.filter(({ e }) => e === 'delete').map(({ d }) => d.mid));
        const o = this.#offsets.ctl;
        return [
            { ch: 'ctl', o, e: 'state', d: { state: show.state } },
            { ch: 'ctl', o, e: 'pin', d: { product: show.pin, v: 1, media: null } },
            { ch: 'ctl', o, e: 'notice', d: { text: show.notice, v: 1 } },
            ...this.#pushed.filter(({ ch, d }) => ch === 'chat' && !gone.has(d.mid)).slice(-HISTORY_MAX),
        ];
    }

    async #onRequest(request, response) {
        const { pathname } = new URL(request.url, this.url);
        if (pathname.startsWith('/api/v1/')) return this.#onApi(request, response, pathname.slice(7));
        if (pathname.startsWith('/pictures/')) return response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(picture(pathname));
        if (pathname.startsWith('/whep/')) return this.#onWhep(request, response);
        const file = pageOf(pathname);
        const content = file && (await readFile(path.join(web, file)).catch(() => null));
        if (!content) return response.writeHead(404).end();
        const headers = { 'Content-Type': TYPES[path.extname(file)], 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' };
        if (file.endsWith('.html')) headers['Content-Security-Policy'] = policyOf(String(content));
        return response.writeHead(200, headers).end(content);
    }

    /* A show on air answers; kit/fake-media.mjs plays in the page what this can't send. */
    #onWhep(request, response) {
        request.resume();
        if (request.method === 'DELETE') return response.writeHead(200).end();
        this.requests.push({ method: 'WHEP', path: request.url, headers: request.headers });
        if (this.isOffAir) return response.writeHead(404, { 'Content-Type': 'application/problem+json' }).end('{"status":404,"code":"show_not_live"}');
        return response.writeHead(201, { 'Content-Type': 'application/sdp', Location: `${request.url}/s1` }).end('v=0\r\n');
    }

    async #onApi(request, response, where) {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const isJson = /json/.test(request.headers['content-type'] ?? '');
        const body = isJson ? JSON.parse(Buffer.concat(chunks)) : undefined;
        this.requests.push({ method: request.method, path: where, body, headers: request.headers });
        const answer = (status, value, type = 'application/json') =>
            response.writeHead(status, { 'Content-Type': type }).end(value === null ? undefined : JSON.stringify(value));
        try {
            const [status, value] = this.#answerOf(request, where, body);
            answer(status, value);
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            answer(error.status, { type: 'about:blank', status: error.status, code: error.code, ...error.more }, 'application/problem+json');
        }
    }

    #answerOf(request, where, body) {
        const name = `${request.method} ${where}`;
        if (where.startsWith('/live/')) {
            if (this.isOffAir) throw new Refused(404, 'show_not_live');
            return [200, { show: where.slice(6), state: 'live', viewers: 1234 }];
        }
        if (this.refuse.has(name)) {
            const [status, code, more] = this.refuse.get(name);
            this.refuse.delete(name);
            throw new Refused(status, code, more);
        }
        const isFree = request.method === 'POST' && FREE_OF_CSRF.includes(where);
        if (request.method !== 'GET' && !isFree && this.who?.csrf && request.headers['x-csrf-token'] !== this.who.csrf) throw new Refused(403, 'csrf');
        for (const { method, pattern, answer } of routes) {
            const found = method === request.method && pattern.exec(where);
            if (!found) continue;
            const made = answer({ mock: this, who: this.who, params: found.slice(1), body, headers: request.headers });
            return Array.isArray(made) ? made : [200, made];
        }
        throw new Refused(404, 'not_found');
    }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const mock = await new Mock().start(Number(process.argv[2] ?? 8090));
    console.log(`${mock.url}/  ${mock.url}/live/${mock.market.show.id}  ${mock.url}/studio  ${mock.url}/operator`);
}
