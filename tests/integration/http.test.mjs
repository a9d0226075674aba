// The HTTP conduct of every service, shown on jangteo-chat's own port and socket: threats H1 to H6 and H15.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import test from 'node:test';
import { rawExchange, request, startService, until, within } from './harness/index.mjs';

const HOST = 'Host: localhost\r\n';
const get = (more = '', path = '/nowhere') => `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n${more}\r\n`;
const short = { 'http.header_timeout_ms': 500, 'http.body_timeout_ms': 500 };

const port = (service) => Number(new URL(service.http).port);
const raw = async (service, bytes, options) => String(await rawExchange({ port: port(service) }, bytes, options));
const statuses = (text) => (text.match(/HTTP\/1\.1 \d+/g) ?? []).map((line) => Number(line.slice(9)));
const withoutDate = (text) => text.replaceAll(/Date: [^\r]*\r\n/g, '');
const refused = (service, reason) => service.metric('jangteo_http_refused_total', { reason });

/** Open a connection and collect what comes. */
async function dial(where) {
    const socket = net.connect(where);
    const seen = { text: '', closed: false, socket };
    socket.on('data', (chunk) => (seen.text += chunk));
    socket.on('error', () => {});
    socket.on('close', () => (seen.closed = true));
    await within('a connection', new Promise((resolve) => socket.once('connect', resolve)));
    return seen;
}

async function memoryKb(service) {
    const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]);
}

async function descriptors(service) {
    return service.metric('process_open_fds');
}

test('H1 slow requests end in 408 while an honest one is served', async (t) => {
    const chat = await startService(t, 'chat', { flags: short });
    const before = await descriptors(chat);
    const beginnings = ['', 'GET / HT', `GET / HTTP/1.1\r\n${HOST}XX: `, `POST / HTTP/1.1\r\n${HOST}`];
    const slow = await Promise.all(
        Array.from({ length: 600 }, async (_, i) => {
            const one = await dial({ path: chat.socketPath });
            one.socket.write(beginnings[i % beginnings.length]);
            one.pace = setInterval(() => one.socket.writable && one.socket.write('a'), 100);
            return one;
        }),
    );
    const began = performance.now();
    assert.equal((await request('/nowhere', { socketPath: chat.socketPath })).status, 404);
    assert.ok(performance.now() - began < 5000); // generous: two busy cores and sanitizers
    await until('all slow ones to be closed', () => slow.every((one) => one.closed));
    for (const one of slow) clearInterval(one.pace);
    const answered = slow.filter((one) => /^HTTP\/1\.1 (408|400)/.test(one.text)).length;
    assert.ok(answered > 500, `${answered} were told`);
    assert.ok((await refused(chat, 'header_timeout')) > 0);
    await until('the descriptors to be back', async () => (await descriptors(chat)) <= before + 2);
});

test('H1 the defaults are ten seconds and 64 connections', async (t) => {
    const chat = await startService(t, 'chat');
    const open = await Promise.all(Array.from({ length: 64 }, () => dial({ port: port(chat), host: '127.0.0.1' })));
    await until('the 65th to be closed', async () => {
        const one = await dial({ port: port(chat), host: '127.0.0.1' });
        await until('an end', () => one.closed, { timeoutMs: 1000 });
        return one.text === '';
    });
    assert.ok((await refused(chat, 'peer_connections')) > 0);
    assert.equal((await request('/nowhere', { socketPath: chat.socketPath })).status, 404); // not for the front door
    const began = performance.now();
    await until('the silent ones to be closed', () => open.every((one) => one.closed), { timeoutMs: 30000 });
    const took = performance.now() - began;
    assert.ok(took > 5000, `closed after ${took} ms`);
});

test('H2 header bombs are refused and cost nothing', async (t) => {
    const chat = await startService(t, 'chat');
    const bombs = [
        [get(Array.from({ length: 101 }, (_, i) => `X-N${i}: a\r\n`).join('')), 431],
        [get(`XX: ${'a'.repeat(65536)}\r\n`), 431],
        [get(Array.from({ length: 20 }, (_, i) => `X-N${i}: ${'b'.repeat(1000)}\r\n`).join('')), 431],
        [get('', `/${'c'.repeat(9000)}`), 414],
        [get('XX: a\0b\r\n'), 400],
        [get('XX: a\r\n b\r\n'), 400],
        [get(': a\r\n'), 400],
        [get('X y: a\r\n'), 400],
    ];
    for (const [bytes, status] of bombs) assert.deepEqual(statuses(await raw(chat, bytes)), [status]);
    const before = await memoryKb(chat);
    for (let round = 0; round < 40; round++)
        await Promise.all(bombs.map(([bytes]) => rawExchange({ port: port(chat) }, bytes).catch(() => {})));
    const grown = (await memoryKb(chat)) - before;
    assert.ok(grown < 20000, `grew by ${grown} kB`);
    assert.ok((await refused(chat, 'fields_too_large')) >= 80);
});

test('H3 one request in is never two', async (t) => {
    const chat = await startService(t, 'chat');
    const hidden = `GET /hidden HTTP/1.1\r\n${HOST}\r\n`;
    const post = (more) => `POST /nowhere HTTP/1.1\r\n${HOST}${more}\r\n`;
    const attacks = [
        post(`Transfer-Encoding: chunked\r\nContent-Length: ${hidden.length}\r\n`),
        post(`Content-Length: ${hidden.length}\r\nContent-Length: 0\r\n`),
        post('Content-Length: +5\r\n'),
        post('Content-Length : 0\r\n'),
        post('Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n'),
        post('Transfer-Encoding: chunked\r\n') + 'FFFFFFFFFFFFFFFFF\r\n',
        post('Transfer-Encoding: chunked\r\n') + '0\r\n\r\n',
        post('Transfer-Encoding: chunked\r\n') + '0'.repeat(5000),
        `GET /nowhere HTTP/1.1\nHost: localhost\n\n`,
        `GET /no#where HTTP/1.1\r\n${HOST}\r\n`,
        `GET /nowhere%0d%0aX-Forwarded-For:192.0.2.1 HTTP/1.1\r\n${HOST}\r\n`,
        `GET /nowhere HTTP/1.1\r\n${HOST}Content-Length: ${hidden.length}\r\n\r\n`,
    ];
    for (const attack of attacks) {
        const seen = statuses(await raw(chat, attack + hidden));
        assert.equal(seen.length, 1, attack);
        assert.ok([400, 411].includes(seen[0]), `${attack}: ${seen}`);
    }
});

test('H4 any cut, the same answer', async (t) => {
    const chat = await startService(t, 'chat');
    const requests = [
        get('X-None: 1\r\n', '/nowhere?a=%20b'),
        `POST /nowhere HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
        `DELETE /nowhere HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
        get('Bad Name: 1\r\n'),
    ];
    for (const bytes of requests) {
        const whole = withoutDate(await raw(chat, bytes));
        assert.equal(statuses(whole).length, 1);
        for (let cut = 1; cut < bytes.length; cut++) {
            const one = await dial({ port: port(chat), host: '127.0.0.1' });
            one.socket.setNoDelay(true);
            one.socket.write(bytes.slice(0, cut));
            await new Promise((resolve) => setImmediate(resolve)); // two writes, so as a rule two reads
            one.socket.write(bytes.slice(cut));
            await until('the answer', () => one.closed);
            assert.equal(withoutDate(one.text), whole, `cut at ${cut}`);
        }
        assert.equal(withoutDate(await raw(chat, bytes, { end: true })), whole, 'half-closed');
    }
});

test('a POST whose length is 0 is answered like any other', async (t) => {
    const chat = await startService(t, 'chat');
    const post = `POST /api/v1/guests HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n`;
    assert.deepEqual(statuses(await raw(chat, post)), [400], 'no content is no JSON');
});

test('H5 only our own hosts and origins', async (t) => {
    const flags = { 'http.hosts': 'shop.example', 'http.origins': 'https://cdn.example' };
    const chat = await startService(t, 'chat', { flags });
    const ask = async (host, origin) => {
        const more = origin === undefined ? '' : `Origin: ${origin}\r\n`;
        return raw(chat, `GET /nowhere HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
    };
    for (const host of ['localhost', '127.0.0.1:1', '[::1]', 'SHOP.example', 'shop.example:8080'])
        assert.deepEqual(statuses(await ask(host)), [404], host);
    for (const host of ['evil.example', '0.0.0.0', '192.0.2.1', 'localhost.evil.example', 'shop.example.evil', '127.1'])
        assert.deepEqual(statuses(await ask(host)), [421], host);
    for (const origin of ['http://localhost', 'HTTP://LOCALHOST:80', 'https://cdn.example'])
        assert.deepEqual(statuses(await ask('localhost', origin)), [404], origin);
    for (const origin of ['null', 'http://localhost.evil.example', 'http://localhost:81', 'https://localhost', 'http://cdn.example', 'https://cdn.example.evil']) {
        const answer = await ask('localhost', origin);
        assert.deepEqual(statuses(answer), [403], origin);
        assert.doesNotMatch(answer, /Access-Control/i);
    }
    assert.match(await ask('localhost', 'https://cdn.example'), /Access-Control-Allow-Origin: https:\/\/cdn\.example\r\nVary: Origin/);
    for (const host of ['localhost', 'shop.example']) assert.doesNotMatch(await ask(host), /Access-Control-Allow-Origin: \*/);
    assert.deepEqual(statuses(await raw(chat, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')), [400]);
});

test('H6 what a proxy would say is believed only on the socket', async (t) => {
    const chat = await startService(t, 'chat');
    const spoofed = 'X-Forwarded-For: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n';
    const open = await Promise.all(
        Array.from({ length: 64 }, async (_, i) => {
            const one = await dial({ port: port(chat), host: '127.0.0.1' });
            one.socket.write(`GET /nowhere HTTP/1.1\r\n${HOST}${spoofed.replaceAll('192.0.2.7', `192.0.2.${i}`)}\r\n`);
            await until('an answer', () => one.text.includes('\r\n\r\n'));
            return one;
        }),
    );
    const last = await dial({ port: port(chat), host: '127.0.0.1' }); // still the same peer
    await until('the 65th to be closed', () => last.closed);
    for (const one of open) one.socket.destroy();
    // An https origin is the page's own only if the front door says so, and only on the socket.
    const headers = { Host: 'localhost', Origin: 'https://localhost', 'X-Forwarded-Proto': 'https' };
    const overSocket = await request('/nowhere', { socketPath: chat.socketPath, headers });
    assert.equal(overSocket.status, 404);
    await until('a place', async () => (await request(`${chat.http}/nowhere`)).status === 404);
    assert.equal((await request(`${chat.http}/nowhere`, { headers })).status, 403);
});

test('H15 nothing of a request comes back', async (t) => {
    const chat = await startService(t, 'chat');
    const mark = 'zq7marker';
    const requests = [
        get(`X-Z: ${mark}\r\n`, `/${mark}?callback=${mark}&x=%3Cscript%3E${mark}`),
        get('', `/${mark}%zz`),
        `${mark} /${mark} HTTP/1.1\r\n${HOST}\r\n`,
        `GET /${mark} ${mark}\r\n${HOST}\r\n`,
        `GET / HTTP/1.1\r\nHost: ${mark}.example\r\nConnection: close\r\n\r\n`,
        get(`Origin: http://${mark}.example\r\n`),
        `POST /${mark} HTTP/1.1\r\n${HOST}Content-Length: 9\r\nConnection: close\r\n\r\n${mark}`,
        get(`${mark} ${mark}: 1\r\n`),
    ];
    for (const bytes of requests) {
        const answer = await raw(chat, bytes);
        assert.equal(statuses(answer).length, 1, bytes);
        assert.ok(!answer.includes(mark), answer);
        assert.match(answer, /\r\nContent-Type: application\/problem\+json\r\n/);
        assert.match(answer, /\r\nX-Content-Type-Options: nosniff\r\n/);
        const problem = JSON.parse(answer.split('\r\n\r\n')[1]);
        assert.equal(problem.status, statuses(answer)[0]);
        assert.match(problem.code, /^[a-z_]+$/);
    }
});

test('X4 the admin listener is loopback, says what it should and nothing else', async (t) => {
    const chat = await startService(t, 'chat');
    assert.equal((await request(`${chat.admin}/healthz`)).body, 'ok\n');
    assert.equal((await request(`${chat.admin}/readyz`)).status, 200);
    assert.match((await request(`${chat.admin}/metrics`)).headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.equal((await request(`${chat.admin}/metrics`, { method: 'POST', body: '' })).status, 405);
    assert.equal((await request(`${chat.admin}/config`)).status, 404);
    assert.equal((await request(`${chat.admin}/metrics`, { headers: { Host: 'evil.example' } })).status, 421);
    assert.equal((await request(`${chat.http}/metrics`)).status, 404);
    assert.equal((await request('/metrics', { socketPath: chat.socketPath })).status, 404);
});
