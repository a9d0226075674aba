// What the keeper of chat does by itself: pictures that come, stay away, or are there though the store says otherwise.
import assert from 'node:assert/strict';
import test from 'node:test';
import { atEnd, ffmpegPublish, startService, until } from './harness/index.mjs';
import { Channel } from './channel.mjs';
import { HookPeer } from './hook-peer.mjs';
import { firstOperator, openShop, shopForm } from './people.mjs';

const GRACE_MS = 3000;
const flags = { 'http.per_address': -1, 'show.grace_ms': GRACE_MS };

async function place(t, more) {
    const chat = await startService(t, 'chat', { flags: { ...flags, ...more } });
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { seller } = await openShop(operator);
    const { stream_key: key } = await seller.must('POST', '/api/v1/shop/key/reveal', {});
    return { chat, operator, seller, key, ingest: await HookPeer.open(chat.site) };
}

/** A page in a show's room; resolves to a function that gives whether the chat was frozen when it was told last. */
async function enter(t, person, show) {
    const channel = new Channel(person, show);
    atEnd(t, () => channel.close());
    await channel.open();
    await channel.push('freeze');
    return () => channel.pushes.findLast(({ e }) => e === 'freeze').d.on;
}

const stateOf = async (seller, show) => (await seller.must('GET', `/api/v1/shows/${show}`)).state;
const untilState = (seller, show, state) => until(`${show} to be ${state}`, async () => (await stateOf(seller, show)) === state);

test('V3: a show that was let in waits for its first frame as for one that is to come back', async (t) => {
    const { chat, seller, key, ingest } = await place(t);
    await until('chat to be older than a grace period', () => Date.now() - Date.parse(chat.text().slice(0, 24)) > GRACE_MS);
    const letIn = Date.now();
    const { body } = await ingest.publish(key);
    assert.equal(await stateOf(seller, body.show), 'ready');
    await untilState(seller, body.show, 'scheduled');
    assert.ok(Date.now() - letIn >= GRACE_MS, `given up after ${Date.now() - letIn} ms`);
});

test('V2: what an ingest said that has died is not believed for ever', async (t) => {
    const { seller, key, ingest } = await place(t);
    const { body } = await ingest.publish(key);
    await ingest.live([{ show: body.show, epoch: 1 }]);
    await seller.must('POST', `/api/v1/shows/${body.show}/start`, {});
    await untilState(seller, body.show, 'ended');
});

test('V2: a show that was given up is ready again when its picture is there after all', async (t) => {
    const { seller, key, ingest } = await place(t);
    const { body } = await ingest.publish(key);
    await ingest.live([{ show: body.show, epoch: 1 }]);
    await ingest.unpublish(body.show, 1);
    await untilState(seller, body.show, 'scheduled');
    await ingest.live([{ show: body.show, epoch: 2 }]);
    await untilState(seller, body.show, 'ready');
});

test('V3: a show that ended while ingest could not hear it, and chat began anew, is stopped when it can', async (t) => {
    const { chat, seller, key } = await place(t, { 'ingest.control': '/tmp/jangteo-nobody-listens-here' });
    await startService(t, 'ingest', { site: chat.site, flags: { 'auth.publish': 'hook' } });
    await seller.must('PUT', '/api/v1/shop', { ...shopForm, live_at_once: true });
    const publisher = await ffmpegPublish(t, `rtmp://127.0.0.1:${chat.site.ports.rtmp}/live/${key}`, { size: '320x180', kbps: 200 });
    const [{ id }] = (await seller.must('GET', '/api/v1/shop/shows')).items;
    await until('its picture to be there', async () => (await seller.must('GET', `/api/v1/shows/${id}`)).has_picture);
    await seller.must('POST', `/api/v1/shows/${id}/end`, {});
    await chat.stopClean();
    await startService(t, 'chat', { site: chat.site, flags });
    await until('the publisher to be let go', () => publisher.ended);
    assert.equal(await stateOf(seller, id), 'ended');
});

test('an encoder that comes back after its show was stopped is not on air again by itself', async (t) => {
    const { seller, key, ingest, operator } = await place(t);
    await seller.must('PUT', '/api/v1/shop', { ...shopForm, live_at_once: true });
    const { body: first } = await ingest.publish(key);
    assert.equal(await stateOf(seller, first.show), 'live');
    await ingest.live([{ show: first.show, epoch: 1 }]);
    await operator.must('POST', `/api/v1/shows/${first.show}/stop`, { reason: '판매 금지 물품' });
    const { body: again } = await ingest.publish(key);
    assert.notEqual(again.show, first.show);
    assert.deepEqual([await stateOf(seller, again.show), again.access], ['ready', 'token']);
});

test('what pages are told last of a switch is what the store has, whoever turned it at the same time', async (t) => {
    const { chat, operator, seller } = await place(t);
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    const isFrozenForPages = await enter(t, seller, show.id);
    for (let round = 0; round < 20; round++) {
        const turns = Array.from({ length: 8 }, (_, i) => operator.must('POST', `/api/v1/shows/${show.id}/freeze`, { on: i % 2 === 0, reason: '' }));
        await Promise.all(turns);
        const { chat_frozen: isFrozen } = await seller.must('GET', `/api/v1/shows/${show.id}`);
        await until(`round ${round}: pages to be told the same`, () => isFrozenForPages() === isFrozen, { timeoutMs: 5000 });
    }
});
