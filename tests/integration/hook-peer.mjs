// Ingest as chat sees it, driven by a test: hooks signed by node:crypto, as common/hook/sign.h says, with the key that chat made.
import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { request } from './harness/index.mjs';

export class HookPeer {
    constructor(site, key) {
        this.socketPath = path.join(site.runDir, 'chat-hooks.sock');
        this.key = key;
        this.set = 0;
    }

    /** Once chat is there. */
    static async open(site) {
        const lines = (await readFile(path.join(site.dataDir, 'keys/jangteo.keys'), 'utf8')).split('\n');
        const hex = lines.find((line) => line.startsWith('hook ')).split(' ').at(-1);
        return new HookPeer(site, Buffer.from(hex, 'hex'));
    }

    async post(name, content) {
        const body = JSON.stringify(content);
        const id = randomUUID();
        const timestamp = String(Math.ceil(Date.now() / 1000));
        const mac = createHmac('sha256', this.key).update(`${id}.${timestamp}.${body}`).digest('base64');
        const headers = {
            ...{ 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
            ...{ 'jangteo-id': id, 'jangteo-timestamp': timestamp, 'jangteo-signature': `v1,${mac}` },
        };
        const answer = await request(`/hooks/${name}`, { socketPath: this.socketPath, method: 'POST', headers, body });
        return { status: answer.status, body: answer.body ? JSON.parse(answer.body) : undefined };
    }

    /** May this key go on air? */
    publish(key, peer = '203.0.113.1') {
        return this.post('publish', { key, kind: 'rtmp', peer });
    }

    /** All that is on air: [{show, epoch, state, access}]. */
    live(shows) {
        const full = shows.map((show) => ({ state: 'live', access: 'token', tracks: [], warnings: [], ...show }));
        return this.post('live', { set: ++this.set, part: 1, parts: 1, shows: full });
    }

    unpublish(show, epoch, reason = 'left') {
        return this.post('unpublish', { show, epoch, reason });
    }
}
