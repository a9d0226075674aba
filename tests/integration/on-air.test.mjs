// The seller's way on air through all services, with the chat that ships: key, rehearsal, live, stop (design §6; threat A4).
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { ffmpegPublish, OFFER, request, startJangteo, until } from './harness/index.mjs';

/** One person at the API, with cookies and the CSRF token as a page keeps them. */
class Person {
    constructor(front) {
        this.front = front;
        this.headers = { 'content-type': 'application/json', origin: front };
    }

    async call(method, where, body, expected = 200) {
        const answer = await request(`${this.front}/api/v1${where}`, { method, headers: this.headers, body: body && JSON.stringify(body) });
        assert.equal(answer.status, expected, `${method} ${where}: ${answer.body}`);
        const cookies = answer.headers['set-cookie'];
        if (cookies) this.headers.cookie = cookies.map((one) => one.split(';')[0]).join('; ');
        const said = answer.body ? JSON.parse(answer.body) : {};
        if (said.csrf) this.headers['x-csrf-token'] = said.csrf;
        return said;
    }

    accept(link, login) {
        const [, token] = link.match(/invite=([\w-]+)/);
        return this.call('POST', '/invites/accept', { token, login, password: `long enough for ${login} 7`, name: login }, 201);
    }
}

async function operatorAndSeller(jangteo) {
    const operator = new Person(jangteo.urls.front);
    const seller = new Person(jangteo.urls.front);
    await operator.accept(jangteo.text(), 'operator');
    const { link } = await operator.call('POST', '/sellers/invites', { shop_name: 'Market' }, 201);
    await seller.accept(link, 'seller');
    return { operator, seller };
}

const offer = async (jangteo, show, token) => {
    const headers = { 'Content-Type': 'application/sdp', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    return (await request(`${jangteo.urls.relay}/whep/${show}`, { method: 'POST', headers, body: OFFER })).status;
};

/** Every file under the data folder that holds `text`. */
async function filesWith(folder, text) {
    const found = [];
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const where = path.join(file.path, file.name);
        if (file.isFile() && (await readFile(where, 'latin1').catch(() => '')).includes(text)) found.push(where);
    }
    return found;
}

test("a4: on air by the seller's key: a rehearsal for the invited, live for all, stopped for good; the key is nowhere", async (t) => {
    const jangteo = await startJangteo(t, { args: [] });
    const { operator, seller } = await operatorAndSeller(jangteo);
    const { stream_key: key } = await seller.call('POST', '/shop/key/reveal', {});
    const publisher = await ffmpegPublish(t, `${jangteo.urls.rtmp}/${key}`, { size: '320x180', kbps: 200 });
    const show = await until('the show to be ready', async () => {
        const { items } = await seller.call('GET', '/shop/shows');
        return items.find(({ state }) => state === 'ready')?.id;
    });
    await until('the relay to know it', async () => (await offer(jangteo, show)) === 401);
    const { token } = await seller.call('POST', `/shows/${show}/play-token`, {}, 201);
    assert.equal(await offer(jangteo, show, token), 201);
    await seller.call('POST', `/shows/${show}/start`, {});
    await until('everybody to be let in', async () => (await offer(jangteo, show)) === 201);
    await operator.call('POST', `/shows/${show}/stop`, { reason: 'The test is over.' });
    await publisher.end();
    await until('nobody to be let in', async () => [403, 404].includes(await offer(jangteo, show)));
    for (const name of ['ingest', 'relay', 'chat'])
        assert.ok(!(await request(`${jangteo.urls[`${name}-admin`]}/metrics`)).body.includes(key), `${name}'s metrics`);
    assert.deepEqual(await filesWith(jangteo.data, key), []);
});
