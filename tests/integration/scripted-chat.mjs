// Chat as ingest and relay see it, driven by a test. Signatures, tokens and the key file are made here by node:crypto from
// the text of common/hook/sign.h and common/token, not by our own code.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { ControlPeer } from './control-peer.mjs';
import { atEnd, until } from './harness/index.mjs';

const WINDOW_S = 300;

/** The key file, as chat would make it; `site` is where the services look for it. */
export async function makeKeys(site) {
    const keys = { token: randomBytes(32), hook: randomBytes(32), seal: randomBytes(32), lookup: randomBytes(32) };
    const lines = Object.entries(keys).map(([family, key]) => `${family} 1 ${Date.now()} 0 ${key.toString('hex')}\n`);
    await mkdir(path.join(site.dataDir, 'keys'), { recursive: true, mode: 0o700 });
    await writeFile(path.join(site.dataDir, 'keys/jangteo.keys'), `jangteo-keys 1\n${lines.join('')}end ${lines.length}\n`, { mode: 0o600 });
    return keys;
}

const text8 = (text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
const PURPOSES = { ticket: 1, play: 2, publish: 3, invite: 4 };

/** A token in the form of common/token/token.h. */
export function makeToken(key, { show = 'market', subject = `show:${show}`, audience = 'relay', purpose = 'play', lifeMs = 60000, madeMs = Date.now() } = {}) {
    const head = Buffer.alloc(21);
    head.writeUInt32BE(1, 0);
    head.writeUInt8(PURPOSES[purpose], 4);
    head.writeBigUInt64BE(BigInt(madeMs), 5);
    head.writeBigUInt64BE(BigInt(madeMs + lifeMs), 13);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(Buffer.byteLength(subject));
    const claims = Buffer.concat([head, randomBytes(16), text8(audience), size, Buffer.from(subject)]);
    const signed = `jt1.${claims.toString('base64url')}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

export class ScriptedChat {
    /** `publish(body)` answers {status, body} or a promise of it; may be set anew at any time. */
    constructor(site, keys, { publish = () => ({ status: 200, body: { show: 'market', access: 'public' } }) } = {}) {
        this.site = site;
        this.keys = keys;
        this.publish = publish;
        this.hooks = []; // {path, body, at} in order of arrival
        this.faults = []; // what was wrong with one
        this.ids = new Set();
    }

    static async start(t, site, options) {
        const chat = new ScriptedChat(site, await makeKeys(site), options);
        atEnd(t, async () => {
            await chat.stop();
            assert.deepEqual(chat.faults, []);
        });
        await chat.listen();
        return chat;
    }

    async listen() {
        const socket = path.join(this.site.runDir, 'chat-hooks.sock');
        await rm(socket, { force: true });
        this.server = http.createServer((request, response) => this.#onRequest(request, response));
        await new Promise((resolve) => this.server.listen(socket, resolve));
    }

    /** Down: connections are refused. */
    async stop() {
        if (!this.server) return;
        const server = this.server;
        this.server = undefined;
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    }

    #check({ headers, url }, raw) {
        const id = headers['jangteo-id'];
        const timestamp = headers['jangteo-timestamp'];
        const mac = createHmac('sha256', this.keys.hook).update(`${id}.${timestamp}.`).update(raw).digest('base64');
        if (headers['jangteo-signature'] !== `v1,${mac}`) this.faults.push(`${url}: signature`);
        if (!/^[\w-]{20,64}$/.test(id) || this.ids.has(id)) this.faults.push(`${url}: id ${id}`);
        if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < WINDOW_S)) this.faults.push(`${url}: time ${timestamp}`);
        if (headers['content-type'] !== 'application/json') this.faults.push(`${url}: type`);
        this.ids.add(id);
    }

    async #onRequest(request, response) {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const raw = Buffer.concat(chunks);
        this.#check(request, raw);
        const body = JSON.parse(raw.toString());
        this.hooks.push({ path: request.url, body, at: performance.now() });
        const answer = request.url === '/hooks/publish' ? await this.publish(body) : { status: 204 };
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
        response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
    }

    /** Bodies of hooks of this kind, from number `from` on. */
    of(kind, from = 0) {
        return this.hooks.slice(from).filter((hook) => hook.path === `/hooks/${kind}`).map((hook) => hook.body);
    }

    /** Resolves to the first hook of this kind, from number `from` on, that satisfies `check`. */
    until(kind, check = () => true, { from = 0, ...options } = {}) {
        return until(`hook ${kind} with ${check}; the last: ${JSON.stringify(this.of(kind).at(-1))}`, () => this.of(kind, from).find(check), options);
    }
}

/** Chat's commands, over ingest's control socket. */
export class Commander {
    constructor(t, site) {
        this.peer = new ControlPeer(t);
        this.where = path.join(site.runDir, 'ingest.sock');
    }

    async open() {
        await this.peer.connect('chat', this.where);
        await this.peer.hello('chat', 'chat');
        return this;
    }

    setAccess(show, access) {
        return this.peer.send('chat', { type: 'command', show, name: 'access', access });
    }

    stopShow(show, reason) {
        return this.peer.send('chat', { type: 'command', show, name: 'stop', access: 'public', reason });
    }
}
