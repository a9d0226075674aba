// Tickets of the socket: a crowd that comes back at once doesn't fall upon the store.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { startService, until, within } from './harness/index.mjs';
import { Person, firstOperator, openShop, shopForm } from './people.mjs';

const CROWD = 400, AT_ONCE = 40;
const KEEPER_READS_PER_S = 10; // shows on air, orders that expire, news: once a second, a few reads each

/* A short text of RFC 6455 §5.2, its mask zeros. */
function frame(text) {
    const size = Buffer.byteLength(text);
    assert.ok(size >= 126 && size < 65536);
    return Buffer.concat([Buffer.from([0x81, 0xfe, size >> 8, size & 255, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Who the room says somebody is: {id, name, role}. */
async function whoAt(chat, show, person) {
    const { ticket } = await person.must('POST', '/api/v1/tickets', { show: show.id }, 201);
    const { host, hostname, port } = new URL(chat.http);
    const socket = net.connect(port, hostname);
    socket.write(
        `GET /ws HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${chat.http}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const answer = new Promise((resolve, reject) => {
        let text = '';
        socket.on('error', reject);
        socket.on('close', () => reject(new Error(`closed after ${text}`)));
        socket.on('data', (bytes) => {
            const isFirst = text === '';
            text += bytes.toString();
            const you = /"you":(\{[^}]*\})/.exec(text);
            if (isFirst) socket.write(frame(JSON.stringify({ id: 1, m: 'hello', d: { ticket, show: show.id } })));
            if (you) resolve(JSON.parse(you[1]));
        });
    });
    return within('an answer to hello', answer).finally(() => socket.destroy());
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
        assert.equal((await whoAt(chat, show, person)).role, role);
    }
    const unknown = await seller.post('/api/v1/tickets', { show: 'aaaaaaaaaa' });
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not_found']);
    await seller.must('PUT', '/api/v1/shop', { ...shopForm, name: '새 이름' });
    await until('the new name to be on tickets', async () => (await whoAt(chat, show, seller)).name === '새 이름');
});
