// Tickets of the socket: a crowd that comes back at once doesn't fall upon the store.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startService, until } from './harness/index.mjs';
import { Channel } from './channel.mjs';
import { Person, firstOperator, openShop, shopForm } from './people.mjs';

const CROWD = 400, AT_ONCE = 40;
const KEEPER_READS_PER_S = 10; // shows on air, orders that expire, news: once a second, a few reads each

/** Who the room says somebody is: {id, name, role}. */
async function whoAt(show, person) {
    const channel = new Channel(person, show.id);
    const hello = await channel.open();
    channel.close();
    return hello.ok.you;
}

test('pitfall 34: a crowd of readers gets its tickets without a read of the store each', async (t) => {
    const chat = await startService(t, 'chat', { flags: { 'http.per_address': -1 } });
    const { seller } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    const reader = new Person(chat.http);
    const tickets = new Set();
    const before = await chat.metric('jangteo_chat_store_reads_total');
    const began = Date.now();
    for (let i = 0; i < CROWD / AT_ONCE; i++) {
        const asked = Array.from({ length: AT_ONCE }, () => reader.must('POST', '/api/v1/tickets', { show: show.id }, 201));
        for (const { ticket } of await Promise.all(asked)) tickets.add(ticket);
    }
    const reads = (await chat.metric('jangteo_chat_store_reads_total')) - before;
    const allowed = AT_ONCE + (KEEPER_READS_PER_S * (Date.now() - began)) / 1000; // AT_ONCE: all of the first, at worst
    assert.equal(tickets.size, CROWD);
    assert.ok(reads <= allowed, `${reads} reads for ${CROWD} tickets`);
});

test('A1: what is remembered of a show gives nobody a role in it, and follows the shop\'s name', async (t) => {
    const chat = await startService(t, 'chat', { flags: { 'http.per_address': -1 } });
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { seller } = await openShop(operator);
    const { seller: other } = await openShop(operator, { shopName: '떡집', login: 'tteok' });
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    for (const [person, role] of [[seller, 'owner'], [other, 'buyer'], [new Person(chat.http), 'guest'], [seller, 'owner']]) {
        assert.equal((await whoAt(show, person)).role, role);
    }
    const unknown = await seller.post('/api/v1/tickets', { show: 'aaaaaaaaaa' });
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not_found']);
    await seller.must('PUT', '/api/v1/shop', { ...shopForm, name: '새 이름' });
    await until('the new name to be on tickets', async () => (await whoAt(show, seller)).name === '새 이름');
});
