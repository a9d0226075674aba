// WebSockets of common/http, by a small server that has nothing else (tests/programs/ws-echo.c): threats W1 to W7. The
// client is raw sockets and bytes written by hand from RFC 6455, and Chromium's own WebSocket at the end.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { launchBrowser, openPage } from './harness/browser.mjs';
import { atEnd, bin, Program, sanitizerReport, until, within } from './harness/index.mjs';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='; // RFC 6455 §1.3
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]); // §5.7

/** A server; its lines say who closed. Stopped, and looked through for sanitizer reports, after the test. */
async function startEcho(t, options = {}) {
    const args = Object.entries(options).map(([name, value]) => `${name}=${value}`);
    const program = new Program('ws-echo', path.join(bin, 'ws-echo'), args);
    atEnd(t, async () => {
        const ended = await program.stop();
        assert.equal(sanitizerReport(program.text()), undefined);
        assert.deepEqual(ended, { code: 0, signal: null });
    });
    const [, port] = await program.line(/"port":(\d+)/);
    return Object.assign(program, { port: Number(port), host: `127.0.0.1:${port}` });
}

/** The next socket that closed, of those not yet asked for. */
async function nextClosed(echo) {
    echo.seen ??= 0;
    const closed = () => echo.lines.filter((line) => line.includes('"closed"'));
    await until('a socket to close', () => closed().length > echo.seen);
    return JSON.parse(closed()[echo.seen++]);
}

const openFds = async (echo) => (await readdir(`/proc/${echo.pid}/fd`)).length;
const rssKb = async (echo) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${echo.pid}/status`, 'utf8'))[1]);

/** A TCP connection that keeps what came; `take(n)` waits for bytes. */
async function dial(port) {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const peer = { socket, bytes: Buffer.alloc(0), ended: false, error: undefined };
    socket.on('data', (chunk) => (peer.bytes = Buffer.concat([peer.bytes, chunk])));
    socket.on('end', () => (peer.ended = true));
    socket.on('error', (error) => (peer.error = error));
    socket.on('close', () => (peer.ended = true));
    peer.send = (...parts) => socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
    peer.take = async (count) => {
        await until(`${count} bytes; have ${peer.bytes.toString('hex')}, ended ${peer.ended}`, () => peer.bytes.length >= count || peer.ended, { everyMs: 2 });
        const taken = peer.bytes.subarray(0, count);
        peer.bytes = peer.bytes.subarray(count);
        return taken;
    };
    await within('a connection', new Promise((resolve) => socket.once('connect', resolve)));
    return peer;
}

const handshake = (echo, { origin = `http://${echo.host}`, more = '', line = 'GET /ws HTTP/1.1', host = echo.host, version = '13' } = {}) =>
    `${line}\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\n` +
    `Sec-WebSocket-Version: ${version}\r\n${origin === undefined || origin === null ? '' : `Origin: ${origin}\r\n`}${more}\r\n`;

async function readHead(peer) {
    await until('a head', () => peer.bytes.includes('\r\n\r\n') || peer.ended, { everyMs: 2 });
    const end = peer.bytes.indexOf('\r\n\r\n') + 4;
    return String(await peer.take(Math.max(end, 0)));
}

async function open(echo, options) {
    const peer = await dial(echo.port);
    peer.send(handshake(echo, options));
    const head = await readHead(peer);
    assert.match(head, /^HTTP\/1\.1 101 /);
    assert.ok(head.includes(`Sec-WebSocket-Accept: ${ACCEPT}\r\n`));
    return peer;
}

/** What a handshake is answered with: {status, text}. */
async function ask(echo, options) {
    const peer = await dial(echo.port);
    peer.send(handshake(echo, options));
    const text = await readHead(peer);
    peer.socket.destroy();
    return { status: Number(text.slice(9, 12)), text };
}

/** A client's frame, masked (§5.2). */
function frame(first, payload = '') {
    const data = Buffer.from(payload);
    const masked = data.map((byte, i) => byte ^ MASK[i % 4]);
    const length = data.length < 126 ? [0x80 | data.length] : data.length < 65536 ? [0xfe, data.length >> 8, data.length & 255] : null;
    return Buffer.concat([Buffer.from([first, ...length]), MASK, masked]);
}
const text = (payload) => frame(0x81, payload);
const close = (code, reason = '') => frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));

/** The next frame of the server's: {opcode, payload}; {} at the end of the stream. */
async function nextFrame(peer) {
    const [first, second] = await peer.take(2);
    if (second === undefined) return {};
    assert.equal(second & 0x80, 0, 'a server does not mask (§5.1)');
    assert.equal(first & 0x70, 0);
    let size = second;
    if (second === 126) size = (await peer.take(2)).readUInt16BE();
    if (second === 127) size = Number((await peer.take(8)).readBigUInt64BE());
    return { opcode: first & 15, payload: await peer.take(size) };
}

async function expectText(peer, want) {
    const got = await nextFrame(peer);
    assert.equal(got.opcode, 1, `a text frame, not ${JSON.stringify(got)}`);
    assert.equal(String(got.payload), want);
}

/** A close frame with that code (none: undefined), then the end of the stream and no reset. */
async function expectClose(peer, code) {
    const got = await nextFrame(peer);
    assert.equal(got.opcode, 8, `a close frame, not ${JSON.stringify(got)}`);
    assert.equal(got.payload.length < 2 ? undefined : got.payload.readUInt16BE(), code);
    await until('the end', () => peer.ended, { everyMs: 2 });
    assert.equal(peer.error, undefined);
    assert.equal(peer.bytes.length, 0);
    peer.socket.destroy();
}

test('W1: conduct of RFC 6455, by section', async (t) => {
    const echo = await startEcho(t);
    const bad = (...frames) => ({ frames, code: 1002 });
    const sections = {
        '5.1': [bad(Buffer.from('8105', 'hex'), 'Hello'), bad(Buffer.from('8900', 'hex'))],
        '5.2': [
            { frames: [text('Hello')], echoes: ['Hello'] },
            { frames: [text('x'.repeat(125)), text('y'.repeat(126)), text('z'.repeat(16384))], echoes: ['x'.repeat(125), 'y'.repeat(126), 'z'.repeat(16384)] },
            { frames: [text('z'.repeat(16385))], code: 1009 },
            ...[0xc1, 0xa1, 0x91].map((first) => bad(frame(first, 'a'))),
            ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => bad(frame(0x80 | opcode))),
            bad(Buffer.from('81fe007d', 'hex')),
            bad(Buffer.from('81ff000000000000ffff', 'hex')),
        ],
        '5.4': [
            { frames: [frame(1, 'Hel'), frame(0x80, 'lo')], echoes: ['Hello'] },
            { frames: [frame(1, 'a'), frame(0x89, 'p'), frame(0x80, 'b')], pong: 'p', echoes: ['ab'] },
            bad(frame(0x80, 'a')),
            bad(frame(0, 'a')),
            bad(frame(1, 'a'), text('b')),
        ],
        '5.5': [bad(frame(9)), bad(frame(8)), bad(Buffer.from('89fe007e', 'hex')), { frames: [frame(0x8a, 'unasked'), text('a')], echoes: ['a'] }],
        '5.5.1': [
            { frames: [frame(0x88)], code: undefined },
            { frames: [close(1000, 'bye'), text('late')], code: 1000 },
            { frames: [close(4999)], code: 4999 },
            bad(frame(0x88, 'x')),
            ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((code) => bad(close(code))),
            { frames: [close(1000, Buffer.from('c328', 'hex'))], code: 1007 },
        ],
        '5.6': [{ frames: [frame(0x82, 'a')], code: 1003 }],
        '8.1': [
            { frames: [text('가😀é')], echoes: ['가😀é'] },
            { frames: [frame(1, Buffer.from('eab0', 'hex')), frame(0x80, Buffer.from('80', 'hex'))], echoes: ['가'] },
            ...['80', 'c0af', 'eda080', 'f4908080', 'ff', 'eab0'].map((hex) => ({ frames: [text(Buffer.from(hex, 'hex'))], code: 1007 })),
            { frames: [frame(1, Buffer.from('61ff', 'hex'))], code: 1007 },
        ],
    };
    for (const [section, cases] of Object.entries(sections)) {
        for (const [i, one] of cases.entries()) {
            for (const pieces of ['whole', 'by bytes']) {
                const what = `§${section} case ${i}, ${pieces}`;
                const peer = await open(echo);
                const bytes = Buffer.concat(one.frames.map((part) => Buffer.from(part)));
                if (pieces === 'whole' || bytes.length > 200) peer.send(bytes);
                else for (const byte of bytes) peer.send([byte]);
                try {
                    if (one.pong) assert.equal(String((await nextFrame(peer)).payload), one.pong);
                    for (const want of one.echoes ?? []) await expectText(peer, want);
                    if (one.echoes) peer.send(close(1000));
                    await expectClose(peer, one.echoes ? 1000 : one.code);
                } catch (error) {
                    throw new Error(what, { cause: error });
                }
            }
        }
        t.diagnostic(`§${section}: ${cases.length} cases`);
    }
});

test('W2: a length that lies is refused from the header alone, and nothing is held for it', async (t) => {
    const echo = await startEcho(t);
    const lies = { '81ff8000000000000000': 1002, '81ff7fffffffffffffff': 1009, '81ff0000000100000000': 1009, '81fe4001': 1009, '89fe007e': 1002 };
    for (const [hex, code] of Object.entries(lies)) {
        const peer = await open(echo);
        peer.send(Buffer.from(hex, 'hex')); // then silence
        await expectClose(peer, code);
    }
    const peers = await Promise.all(Array.from({ length: 400 }, () => open(echo)));
    const before = await rssKb(echo);
    for (const peer of peers) peer.send(text('a'), Buffer.from('81fe400000000000', 'hex')); // 16 KiB announced, none sent
    for (const peer of peers) await expectText(peer, 'a');
    const grown = (await rssKb(echo)) - before;
    t.diagnostic(`RSS grew by ${grown} kB for 400 announcements of 16 KiB`); // 6,400 if they were believed
    assert.ok(grown < 2000, `${grown} kB`);
    for (const peer of peers) peer.socket.destroy();
});

test('W3, pitfall 32: fragments without end are cut by count, by bytes and by time, on 100 connections', async (t) => {
    const echo = await startEcho(t, { message_timeout_ms: 1500 });
    await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
            const peer = await open(echo);
            if (i % 3 === 0) {
                peer.send(frame(1, 'a'), ...Array.from({ length: 64 }, () => frame(0, 'a')));
            } else if (i % 3 === 1) {
                peer.send(frame(1, 'a'.repeat(8000)), frame(0, 'a'.repeat(8000)), frame(0, 'a'.repeat(385)));
            } else {
                peer.send(frame(1, 'a')); // and a byte now and then
                peer.pace = setInterval(() => peer.socket.write(frame(0x8a, '')), 200);
            }
            await expectClose(peer, 1009).finally(() => clearInterval(peer.pace));
        }),
    );
});

test('W4, pitfall 32: compression is not negotiated, and a compressed frame fails the connection', async (t) => {
    const echo = await startEcho(t);
    for (const offer of ['permessage-deflate', 'permessage-deflate; client_max_window_bits=99; x', 'permessage-deflate; server_max_window_bits=1']) {
        const peer = await dial(echo.port);
        peer.send(handshake(echo, { more: `Sec-WebSocket-Extensions: ${offer}\r\n` }));
        const head = await readHead(peer);
        assert.match(head, /^HTTP\/1\.1 101 /);
        assert.doesNotMatch(head, /extensions/i);
        peer.send(Buffer.from('c18700000000f248cdc9c90700', 'hex')); // RFC 7692 §7.2.3.1
        await expectClose(peer, 1002);
    }
});

test('W5: a handshake that is not one is refused, also when cut anywhere', async (t) => {
    const echo = await startEcho(t, { header_timeout_ms: 1000 });
    const before = await openFds(echo);
    const expectations = [
        [{ version: '8' }, 426],
        [{ version: '13, 8' }, 426],
        [{ more: `Sec-WebSocket-Key: ${KEY}\r\n` }, 400],
        [{ more: 'Sec-WebSocket-Version: 13\r\n' }, 400],
        [{ more: 'Content-Length: 5\r\n' }, 400],
        [{ more: 'Transfer-Encoding: chunked\r\n' }, 411],
        [{ line: 'POST /ws HTTP/1.1', more: 'Content-Length: 0\r\n' }, 400],
        [{ line: 'GET /ws HTTP/1.0' }, 400],
        [{ line: 'GET /elsewhere HTTP/1.1' }, 400],
        [{ host: 'evil.example' }, 421],
        [{ more: `Sec-WebSocket-Protocol: ${'a,'.repeat(9000)}\r\n` }, 431],
        [{ more: `Sec-WebSocket-Protocol: ${'a,'.repeat(3000)}\r\n` }, 101],
    ];
    for (const [options, status] of expectations) {
        const answer = await ask(echo, options);
        assert.equal(answer.status, status, JSON.stringify(options).slice(0, 100));
        if (status === 426) assert.match(answer.text, /^Sec-WebSocket-Version: 13\r$/m);
    }
    const plain = await dial(echo.port);
    plain.send(`GET /ws HTTP/1.1\r\nHost: ${echo.host}\r\n\r\n`);
    const answer = await readHead(plain);
    assert.match(answer, /^HTTP\/1\.1 426 [^]*\r\nUpgrade: websocket\r\n/);
    plain.socket.destroy();
    const whole = handshake(echo);
    for (let cut = 1; cut < whole.length; cut += 7) {
        const peer = await dial(echo.port);
        peer.send(whole.slice(0, cut));
        if (cut % 2) peer.socket.end();
        else peer.socket.destroy();
    }
    await until('the descriptors to be back', async () => (await openFds(echo)) <= before);
    const late = await dial(echo.port); // in two pieces, the first frame with the second
    late.send(whole.slice(0, 100));
    await until('it to be there', () => late.socket.bytesWritten === 100);
    late.send(whole.slice(100), text('early'));
    assert.match(await readHead(late), /^HTTP\/1\.1 101 /);
    await expectText(late, 'early');
    late.socket.destroy();
});

test('W6, pitfall 23: foreign, null, missing, suffix and upper-case origins are refused before the upgrade', async (t) => {
    const echo = await startEcho(t);
    const cookie = 'Cookie: __Host-session=valid\r\n';
    const foreign = [
        'http://evil.example',
        'null',
        `http://${echo.host}.evil.example`,
        `http://evil-${echo.host}`,
        `https://${echo.host}`, // this server has no TLS
        'http://127.0.0.1', // another port
        `http://${echo.host}@evil.example`,
        `HTTP://EVIL.EXAMPLE`,
        '',
    ];
    for (const origin of foreign) {
        const answer = await ask(echo, { origin, more: cookie });
        assert.equal(answer.status, 403, origin);
        assert.doesNotMatch(answer.text, /Sec-WebSocket-Accept/i);
    }
    assert.equal((await ask(echo, { origin: null, more: cookie })).status, 403);
    assert.equal((await ask(echo, { more: cookie })).status, 101);
    const lenient = await startEcho(t, { without_origin: 1 });
    assert.equal((await ask(lenient, { origin: null })).status, 101);
    assert.equal((await ask(lenient, { origin: 'null' })).status, 403);
});

test('W7, pitfall 33: silent and half-dead peers go at their deadline, and their descriptors come back', async (t) => {
    const echo = await startEcho(t, { first_message_ms: 1500, ping_ms: 500, pong_ms: 1000, close_ms: 500 });
    const before = await openFds(echo);
    const mute = await open(echo); // answers pings, says nothing
    const dead = await open(echo); // spoke once, then vanished: answers nothing
    const half = await open(echo); // closes its sending side
    const alive = await open(echo);
    const pongs = (peer) => {
        const pump = async () => {
            for (;;) {
                const got = await nextFrame(peer);
                if (got.opcode === undefined) return;
                if (got.opcode === 9) peer.send(frame(0x8a, got.payload));
                if (got.opcode === 8) peer.closedBy = got.payload.readUInt16BE();
            }
        };
        return pump();
    };
    alive.send(text('here'));
    await expectText(alive, 'here');
    const both = [pongs(mute), pongs(alive)];
    dead.send(text('here'));
    half.send(text('last words'));
    await expectText(half, 'last words');
    half.socket.end();
    assert.deepEqual(await nextClosed(echo), { closed: 'gone', code: 1006 });
    const others = [await nextClosed(echo), await nextClosed(echo)].sort((a, b) => a.code - b.code);
    assert.deepEqual(others, [
        { closed: 'stale', code: 4002 },
        { closed: 'silent', code: 4012 },
    ]);
    await until('three descriptors to be back', async () => (await openFds(echo)) <= before + 1);
    assert.equal(echo.lines.filter((line) => line.includes('"closed"')).length, 3); // each told once
    alive.send(close(1000));
    assert.deepEqual(await nextClosed(echo), { closed: 'peer', code: 1000 });
    for (const peer of [mute, dead, half, alive]) peer.socket.destroy();
    await Promise.all(both);
    assert.equal(mute.closedBy, 4002);
    assert.equal(alive.closedBy, 1000);
});

test('pitfall 33: a flood of pings ends in 1008, a thousand idle handshakes are let go', async (t) => {
    const echo = await startEcho(t, { first_message_ms: 1000, close_ms: 500 });
    const before = await openFds(echo);
    const peer = await open(echo);
    peer.send(...Array.from({ length: 200 }, () => frame(0x89)));
    let got;
    do got = await nextFrame(peer);
    while (got.opcode === 10);
    assert.equal(got.payload.readUInt16BE(), 1008);
    peer.socket.destroy();
    const idle = await Promise.all(Array.from({ length: 1000 }, () => open(echo)));
    await until('all to be told', () => idle.every((one) => one.ended), { timeoutMs: 60000 });
    assert.ok(idle.every((one) => one.bytes.equals(Buffer.from('88020fa2', 'hex')))); // 4002
    for (const one of idle) one.socket.destroy();
    await until('the descriptors to be back', async () => (await openFds(echo)) <= before);
});

test('W8, pitfall 31: slow readers cost a bounded queue and are cut; others are not delayed', async (t) => {
    const echo = await startEcho(t, { queue_max_bytes: 65536, progress_ms: 3000, close_ms: 500 });
    const good = await open(echo);
    const slow = [];
    for (let i = 0; i < 200; i++) {
        const peer = await open(echo);
        peer.socket.pause();
        slow.push(peer);
    }
    const before = await rssKb(echo);
    let most = 0;
    // 8 MB to each: far beyond what sockets and queues hold. The bytes are the same for all.
    for (let round = 0; round < 80; round++) {
        good.send(text('all 25 4000'));
        for (let i = 0; i < 25; i++) assert.equal((await nextFrame(good)).payload.length, 4000);
        const { cpu_us: cpuUs } = JSON.parse(String((await nextFrame(good)).payload));
        assert.ok(cpuUs < 5e6);
        most = Math.max(most, (await rssKb(echo)) - before);
    }
    const closed = () => echo.lines.filter((line) => line.includes('{"closed":"slow","code":4008}')).length;
    await until('all slow ones to be cut', () => closed() === 200);
    // 200 queues of 64 KiB each would be 12.8 MB if frames were copied.
    t.diagnostic(`RSS grew by ${most} kB at most`);
    assert.ok(most < (bin.includes('asan') ? 40000 : 4000), `${most} kB`);
    good.send(text('still here'));
    await expectText(good, 'still here');
    for (const peer of slow) peer.socket.destroy();
});

test('pitfall 32: bombs, bad bits and corrupted frames never hurt the others', async (t) => {
    const echo = await startEcho(t);
    const good = await open(echo);
    let seed = 7;
    const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    for (let round = 0; round < 300; round++) {
        const peer = await open(echo);
        const bytes = Buffer.concat([frame(1, 'Hel'), frame(0x89, 'p'), frame(0x80, 'lo'), text('가'), close(1000, 'bye')]);
        for (let i = 0; i < 3; i++) bytes[random(bytes.length)] ^= 1 << random(8);
        peer.send(bytes);
        peer.socket.end();
        if (round % 50 === 0) {
            good.send(text(`round ${round}`));
            await expectText(good, `round ${round}`);
        }
        peer.socket.on('end', () => peer.socket.destroy());
    }
    good.send(text('stats'));
    const { opcode, payload } = await nextFrame(good);
    assert.equal(opcode, 1);
    assert.ok(JSON.parse(String(payload)).open >= 1);
});

test('caps on upgraded connections hold, and places come back when sockets close', async (t) => {
    const echo = await startEcho(t, { upgraded_max: 8, upgraded_peer_max: 5 });
    const peers = [];
    for (let i = 0; i < 5; i++) peers.push(await open(echo));
    const refused = await ask(echo);
    assert.equal(refused.status, 503);
    assert.match(refused.text, /Retry-After: 5/);
    peers[0].send(close(1000));
    await expectClose(peers[0], 1000);
    await until('a place', async () => (await ask(echo)).status === 101);
});

test('the close handshake, begun by us, and the end of the server', async (t) => {
    const echo = await startEcho(t);
    const peer = await open(echo);
    peer.send(text('close 4001 see you'));
    const got = await nextFrame(peer);
    assert.equal(got.payload.readUInt16BE(), 4001);
    assert.equal(String(got.payload.subarray(2)), 'see you');
    assert.equal(peer.ended, false); // waits for ours
    peer.send(close(4001));
    await until('the end', () => peer.ended, { everyMs: 2 });
    assert.equal(peer.error, undefined);
    peer.socket.destroy();
    const other = await open(echo);
    other.send(text('free'));
    await expectClose(other, 1001);
    const third = await open(echo); // of the group after that
    third.send(text('a'));
    await expectText(third, 'a');
    third.socket.destroy();
});

test('a WebSocket on a connection that served requests before', async (t) => {
    const echo = await startEcho(t);
    const peer = await dial(echo.port);
    for (let i = 0; i < 3; i++) {
        peer.send(`GET /nowhere HTTP/1.1\r\nHost: ${echo.host}\r\n\r\n`);
        const head = await readHead(peer);
        assert.match(head, /^HTTP\/1\.1 404 /);
        await peer.take(Number(/Content-Length: (\d+)/.exec(head)[1]));
    }
    peer.send(handshake(echo));
    assert.match(await readHead(peer), /^HTTP\/1\.1 101 /);
    peer.send(text('a'));
    await expectText(peer, 'a');
    peer.send(close(1000));
    await expectClose(peer, 1000);
});

test("W1, W6: Chromium's own WebSocket", { timeout: 120000 }, async (t) => {
    const echo = await startEcho(t, { ping_ms: 300, pong_ms: 2000, heartbeat: 1 });
    const page = http.createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>x</title>'));
    await new Promise((resolve) => page.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => page.close());
    const browser = await launchBrowser(t);
    const talk = (url) => {
        const socket = new WebSocket(url);
        const seen = { messages: [], beats: 0 };
        return new Promise((resolve) => {
            socket.onopen = () => socket.send('가나다');
            socket.onmessage = ({ data }) => {
                if (data === '') seen.beats++;
                else seen.messages.push(data.length > 100 ? data.length : data);
                if (data === '가나다') socket.send('flood 3 70000');
                if (seen.messages.length === 4 && seen.beats > 2) socket.send('close 4001 바이');
            };
            socket.onclose = ({ code, reason, wasClean }) => resolve({ ...seen, code, reason, wasClean, extensions: socket.extensions });
        });
    };
    const foreign = await openPage(t, browser);
    await foreign.goto(`http://127.0.0.1:${page.address().port}/`);
    const refused = await foreign.evaluate(talk, `ws://${echo.host}/ws`);
    assert.deepEqual(refused, { messages: [], beats: 0, code: 1006, reason: '', wasClean: false, extensions: '' });
    const own = await openPage(t, browser);
    await own.goto(`http://${echo.host}/`); // 404, but the right origin
    const heard = await own.evaluate(talk, `ws://${echo.host}/ws`);
    assert.ok(heard.beats > 2);
    delete heard.beats;
    assert.deepEqual(heard, { messages: ['가나다', 70000, 70000, 70000], code: 4001, reason: '바이', wasClean: true, extensions: '' });
    assert.deepEqual(await nextClosed(echo), { closed: 'owner', code: 4001 });
});
