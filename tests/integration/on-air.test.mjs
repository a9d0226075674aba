// The seller's way on air through all services, with the chat that ships: key, rehearsal, live, stop (threat A4).
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { ffmpegPublish, OFFER, request, startJangteo, until } from './harness/index.mjs';
import { firstOperator, inviteSeller } from './people.mjs';

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
    const operator = await firstOperator(jangteo.urls.front, jangteo.data);
    const seller = await inviteSeller(operator, 'Market', 'seller');
    const { stream_key: key } = await seller.must('POST', '/api/v1/shop/key/reveal', {});
    const publisher = await ffmpegPublish(t, `${jangteo.urls.rtmp}/${key}`, { size: '320x180', kbps: 200 });
    const show = await until('the show to be ready', async () => {
        const { items } = await seller.must('GET', '/api/v1/shop/shows');
        return items.find(({ state }) => state === 'ready')?.id;
    });
    await until('the relay to know it', async () => (await offer(jangteo, show)) === 401);
    const { token } = await seller.must('POST', `/api/v1/shows/${show}/play-token`, {}, 201);
    assert.equal(await offer(jangteo, show, token), 201);
    await seller.must('POST', `/api/v1/shows/${show}/start`, {});
    await until('everybody to be let in', async () => (await offer(jangteo, show)) === 201);
    await operator.must('POST', `/api/v1/shows/${show}/stop`, { reason: 'The test is over.' });
    await publisher.end();
    await until('nobody to be let in', async () => [403, 404].includes(await offer(jangteo, show)));
    for (const name of ['ingest', 'relay', 'chat'])
        assert.ok(!(await request(`${jangteo.urls[`${name}-admin`]}/metrics`)).body.includes(key), `${name}'s metrics`);
    assert.deepEqual(await filesWith(jangteo.data, key), []);
});
