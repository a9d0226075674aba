// Chat decides who publishes and who watches: ingest and relay against a scripted chat (threats A1 to A4, H14).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { atEnd, bin, ffmpegPublish, json, makeSite, OFFER, Program, request, run, startService, until, untilJoined, untilShow } from './harness/index.mjs';
import { call, connect, HANDSHAKE, Peer } from './rtmp-peer.mjs';
import { Commander, makeKeys, makeToken, ScriptedChat } from './scripted-chat.mjs';

const KEY = 'stream-key-of-the-market';
const OBEYED_MS = 2000;
const small = { size: '320x180', kbps: 200 };
const hookMode = { 'auth.publish': 'hook' };

const rtmp = (site, key) => `rtmp://127.0.0.1:${site.ports.rtmp}/live/${key}`;
const admit = (show = 'market', access = 'public') => ({ status: 200, body: { show, access } });
const deny = (code, status = 403) => ({ status, body: { code } });
const byKey = (shows) => ({ key }) => (shows[key] ? admit(...[shows[key]].flat()) : deny('unknown_key'));

async function place(t, { publish, ingest: flags = {}, relay: relayFlags } = {}) {
    const site = await makeSite(t);
    const chat = await ScriptedChat.start(t, site, { publish: publish ?? byKey({ [KEY]: 'market' }) });
    const ingest = await startService(t, 'ingest', { site, flags: { ...hookMode, ...flags } });
    const relay = relayFlags === null ? undefined : await startService(t, 'relay', { site, flags: { 'relay.workers': 2, ...relayFlags } });
    return { site, chat, ingest, relay };
}

/** A publisher by hand: resolves to it once the server has said `expected`. */
async function tryPublish(t, site, key, expected) {
    const peer = await Peer.open(t, site.ports.rtmp);
    peer.send(HANDSHAKE, connect('live'), call('createStream', 2), call('publish', 3, key, 1));
    await peer.untilSaid(expected);
    return peer;
}

const refused = async (t, site, key, ...said) => {
    const peer = await tryPublish(t, site, key, said[0]);
    for (const words of said) assert.ok(peer.said().includes(words), `${words} in ${peer.said().toString('latin1')}`);
    await peer.untilClosed();
};

test('hooks: a key that chat knows publishes its show, with its name and not the key', async (t) => {
    const { site, chat, relay } = await place(t);
    const publisher = await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market');
    assert.deepEqual(chat.of('publish'), [{ key: KEY, kind: 'rtmp', peer: '127.0.0.1' }]);
    assert.equal((await request(`${relay.http}/api/v1/shows/${KEY}`)).status, 404);
    const { shows } = await chat.until('live', ({ shows: [show] }) => show?.tracks.some((one) => one.codec === 'h264' && one.bitrate_bps > 0));
    assert.equal(shows.length, 1);
    const [{ epoch, state, access, tracks, warnings }] = shows;
    assert.deepEqual({ state, access, warnings }, { state: 'live', access: 'public', warnings: [] });
    const video = tracks.find((one) => one.codec === 'h264');
    assert.deepEqual([video.width, video.height], [320, 180]);
    assert.ok(video.bitrate_bps > 50e3 && video.bitrate_bps < 1e6, `${video.bitrate_bps} of 200 kbit/s`);
    const capturedMs = (video.capture_us + video.wall_offset_us) / 1000;
    assert.ok(Math.abs(Date.now() - capturedMs) < 10000, `captured ${Date.now() - capturedMs} ms ago`);
    const first = video.capture_us;
    await chat.until('live', ({ shows: [show] }) => show?.tracks.some((one) => one.codec === 'h264' && one.capture_us > first));
    await publisher.stop('SIGKILL');
    const left = await chat.until('unpublish');
    assert.deepEqual(left, { show: 'market', epoch, reason: 'left' });
    await chat.until('live', ({ shows: [show] }) => show?.state === 'waiting');
});

test('hooks: the live set comes at start and each second, empty too; a show that ended is told once', async (t) => {
    const { site, chat } = await place(t, { ingest: { 'show.grace_ms': 200 }, relay: null });
    const { set, ...rest } = await chat.until('live');
    assert.deepEqual(rest, { part: 1, parts: 1, shows: [] });
    await chat.until('live', (body) => body.set > set);
    const peer = await tryPublish(t, site, KEY, 'Publish.Start');
    await chat.until('live', ({ shows: [show] }) => show?.show === 'market');
    peer.socket.destroy();
    await chat.until('unpublish', ({ reason }) => reason === 'ended');
    await chat.until('live', ({ shows }) => shows.length === 0, { from: chat.hooks.length });
    assert.deepEqual(chat.of('unpublish').map(({ reason }) => reason).filter((one) => one === 'ended'), ['ended']);
});

test('hooks: refusals reach the encoder in words', async (t) => {
    const { site, chat, ingest } = await place(t, { relay: null });
    const answers = [
        [deny('unknown_key'), 'NetStream.Publish.BadName', 'not known here'],
        [deny('no_show'), 'NetStream.Publish.Denied', 'no show to go live'],
        [deny('show_stopped'), 'NetStream.Publish.Denied', 'stopped this show'],
        [deny('something_new'), 'NetStream.Publish.Denied', 'refused this stream'],
        [{ status: 403 }, 'NetStream.Publish.Denied', 'refused this stream'],
        [deny('busy', 503), 'NetStream.Publish.Failed', 'Try again'],
        [{ status: 200, body: { show: '../x', access: 'public' } }, 'NetStream.Publish.Failed'],
        [{ status: 200, body: { show: 'market', access: 'all' } }, 'NetStream.Publish.Failed'],
        [{ status: 200, body: {} }, 'NetStream.Publish.Failed'],
        [{ status: 200, body: [[[[[[[]]]]]]] }, 'NetStream.Publish.Failed'],
        [{ status: 200, body: { show: 'market', access: 'public', more: 'x'.repeat(5000) } }, 'NetStream.Publish.Failed'],
        [{ status: 302, headers: { location: 'http://127.0.0.1:1/hooks/publish' } }, 'NetStream.Publish.Failed'],
        [{ status: 204 }, 'NetStream.Publish.Failed'],
    ];
    for (const [answer, ...said] of answers) {
        chat.publish = () => answer;
        await refused(t, site, 'some-key', ...said);
    }
    assert.equal(await ingest.metric('jangteo_ingest_publishers_total'), 0);
});

test('v3 hooks: chat is down: unknown keys are refused, who was accepted goes on and comes back', async (t) => {
    const { site, chat, ingest, relay } = await place(t, { publish: byKey({ [KEY]: 'market', other: 'fish' }) });
    const publisher = await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market', ['h264']);
    await chat.stop();
    await ingest.line(/hook\.down/);
    await refused(t, site, 'other', 'NetStream.Publish.Failed');
    const frames = await ingest.metric('jangteo_ingest_frames_total', { kind: 'video' });
    await ingest.untilMetric('jangteo_ingest_frames_total', { kind: 'video' }, (n) => n > frames + 10);
    await publisher.stop('SIGKILL');
    await ingest.line(/show\.state show=market state=waiting/);
    const from = ingest.lines.length;
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await ingest.line(/publish\.readmitted show=market/, { from });
    await untilShow(relay.http, 'market', ['h264']);
    await refused(t, site, 'other', 'NetStream.Publish.Failed');
    await chat.listen();
    await chat.until('live', ({ shows: [show] }) => show?.show === 'market' && show.state === 'live', { from: chat.hooks.length });
    assert.equal(chat.of('unpublish').length, 0, 'that it had left is no news any more');
});

test('hooks: after the grace period nobody is readmitted, nor after a stop, nor with a key that chat refuses', async (t) => {
    const { site, chat, ingest } = await place(t, { ingest: { 'show.grace_ms': 60000 }, relay: null });
    const commander = await new Commander(t, site).open();
    const first = await tryPublish(t, site, KEY, 'Publish.Start');
    first.socket.destroy();
    await ingest.line(/state=waiting/);
    chat.publish = () => deny('unknown_key'); // the key was changed
    await refused(t, site, KEY, 'NetStream.Publish.BadName');
    chat.publish = byKey({ [KEY]: 'market' });
    const second = await tryPublish(t, site, KEY, 'Publish.Start');
    await commander.stopShow('market', 'Not this, please.');
    await second.untilSaid('Not this, please.');
    await second.untilClosed();
    await chat.until('unpublish', ({ reason }) => reason === 'stopped');
    await chat.stop();
    await refused(t, site, KEY, 'NetStream.Publish.Failed');
});

test('hooks: without grace nobody is readmitted', async (t) => {
    const { site, chat, ingest } = await place(t, { ingest: { 'show.grace_ms': 100 }, relay: null });
    const peer = await tryPublish(t, site, KEY, 'Publish.Start');
    await chat.stop();
    peer.socket.destroy();
    await ingest.line(/state=ended/);
    await refused(t, site, KEY, 'NetStream.Publish.Failed');
});

test('hooks: ingest restarts: its set is empty, its publisher comes back by the hook and its viewers stay', async (t) => {
    const { site, chat, ingest, relay } = await place(t, { publish: byKey({ [KEY]: ['market', 'token'] }) });
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market');
    const viewers = watchers(t, relay, makeToken(chat.keys.token));
    await untilJoined(viewers);
    ingest.kill('SIGKILL');
    await ingest.end();
    const from = chat.hooks.length;
    await startService(t, 'ingest', { site, flags: hookMode });
    await chat.until('live', ({ shows }) => shows.length === 0, { from });
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market');
    assert.equal(chat.of('publish', from).length, 1);
    assert.equal(await relay.metric('jangteo_relay_viewers_ended_total'), 0);
    await viewers.stop('SIGKILL');
});

test('h14: a chat that never answers costs a publisher three seconds, others nothing', async (t) => {
    const { site, chat } = await place(t, { publish: ({ key }) => (key === 'slow' ? new Promise(() => {}) : admit()), relay: null });
    const began = performance.now();
    const slow = tryPublish(t, site, 'slow', 'NetStream.Publish.Failed');
    const quick = await tryPublish(t, site, KEY, 'Publish.Start');
    assert.equal(chat.of('publish').length, 2);
    await slow;
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 2500 && tookMs < 8000, `${tookMs} ms`);
    assert.ok(!quick.isClosed);
});

test('hooks: who goes away before the answer leaves nothing', async (t) => {
    let answer;
    const { site, chat, ingest } = await place(t, { publish: () => new Promise((resolve) => (answer = resolve)), relay: null });
    const peer = await Peer.open(t, site.ports.rtmp);
    peer.send(HANDSHAKE, connect('live'), call('createStream', 2), call('publish', 3, KEY, 1));
    await chat.until('publish');
    peer.socket.destroy();
    await ingest.untilMetric('jangteo_rtmp_connections', {}, (n) => n === 0);
    answer(admit());
    await ingest.untilMetric('jangteo_hooks_total', { outcome: 'taken' }, (n) => n > 0);
    assert.equal(await ingest.metric('jangteo_ingest_publishers_total'), 0);
});

/** A server on loopback whose connections `serve` handles; resolves to its port. */
async function rudeServer(t, serve) {
    const sockets = new Set();
    const server = net.createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        serve(socket);
    });
    atEnd(t, () => {
        for (const socket of sockets) socket.destroy();
        server.close();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server.address().port;
}

const rudeAnswers = {
    'an endless body': (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"show":"market","access":"public","x":"');
        const more = () => socket.writable && socket.write('x'.repeat(65536), more);
        more();
    },
    'an endless head': (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const more = () => socket.writable && socket.write(`X-More: ${'x'.repeat(8000)}\r\n`, more);
        more();
    },
    'a byte a second': (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n');
        const timer = setInterval(() => socket.write(' '), 1000);
        socket.on('close', () => clearInterval(timer));
    },
    'a redirect': (socket) => socket.end('HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'),
    'no HTTP': (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
    'a body cut short': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"show":"market","access":"public"}'),
};
for (const [name, serve] of Object.entries(rudeAnswers)) {
    test(`h14: ${name} is no answer: the publisher is refused`, async (t) => {
        const site = await makeSite(t);
        await makeKeys(site);
        const port = await rudeServer(t, (socket) => socket.once('data', () => serve(socket)));
        await startService(t, 'ingest', { site, flags: { ...hookMode, 'hook.url': `http://127.0.0.1:${port}` } });
        await refused(t, site, KEY, 'NetStream.Publish.Failed');
    });
}

test('h14: a redirect is not followed', async (t) => {
    const site = await makeSite(t);
    await makeKeys(site);
    let asked = 0;
    const other = await rudeServer(t, () => (asked += 1));
    const answer = `HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:${other}/\r\nContent-Length: 0\r\n\r\n`;
    const port = await rudeServer(t, (socket) => socket.once('data', () => socket.end(answer)));
    await startService(t, 'ingest', { site, flags: { ...hookMode, 'hook.url': `http://127.0.0.1:${port}` } });
    await refused(t, site, KEY, 'NetStream.Publish.Failed');
    assert.equal(asked, 0);
});

test('h14: a certificate that nobody vouches for is told no key', async (t) => {
    const site = await makeSite(t);
    await makeKeys(site);
    const [key, cert] = ['key', 'cert'].map((name) => path.join(site.dir, `${name}.pem`));
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...subject]);
    assert.equal(made.code, 0, made.text);
    let greeted = 0;
    const heard = [];
    const server = tls.createServer({ key: await readFile(key), cert: await readFile(cert) }, (socket) => socket.on('data', (data) => heard.push(data)));
    server.on('connection', () => (greeted += 1));
    server.on('tlsClientError', () => {});
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => server.close());
    await startService(t, 'ingest', { site, flags: { ...hookMode, 'hook.url': `https://127.0.0.1:${server.address().port}` } });
    await refused(t, site, KEY, 'NetStream.Publish.Failed');
    assert.ok(greeted > 0, 'it was asked');
    assert.deepEqual(heard, []);
});

/** A name that this machine resolves to itself, other than localhost: what a name server of an attacker's could answer. */
async function nameOfLoopback() {
    const lines = (await readFile('/etc/hosts', 'utf8')).split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/));
    const [address, name] = lines.filter(([one]) => /^(127\.|::1$)/.test(one)).flatMap(([one, ...names]) => names.map((each) => [one, each])).find(([, each]) => each !== 'localhost') ?? [];
    return { address, name };
}

test('h14: a name that turns out to be this machine is not connected to', async (t) => {
    const { address, name } = await nameOfLoopback();
    if (!name) return t.skip('no such name in /etc/hosts');
    let asked = 0;
    const server = net.createServer(() => (asked += 1));
    await new Promise((resolve) => server.listen(0, address, resolve));
    atEnd(t, () => server.close());
    for (const isPrivate of ['no', 'yes']) {
        const site = await makeSite(t);
        await makeKeys(site);
        const ingest = await startService(t, 'ingest', { site, flags: { ...hookMode, 'hook.private': isPrivate, 'hook.url': `http://${name}:${server.address().port}` } });
        await refused(t, site, KEY, 'NetStream.Publish.Failed');
        await ingest.line(/hook\.down/);
    }
    assert.equal(asked, 0);
});

/* ---- who may watch ---- */

function watchers(t, relay, token, { viewers = 2, seconds = 60 } = {}) {
    const args = ['--url', `${relay.http}/whep/market`, '--viewers', viewers, '--seconds', seconds, '--events', ...(token ? ['--token', token] : [])];
    const program = new Program('whep-client', path.join(bin, 'whep-client'), args.map(String));
    atEnd(t, () => program.stop('SIGKILL'));
    return program;
}

const offer = (relay, { token, query = '' } = {}) =>
    request(`${relay.http}/whep/market${query}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/sdp', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
        body: OFFER,
    });
const answered = async (relay, options) => {
    const { status, body } = await offer(relay, options);
    return status === 201 ? 201 : [status, JSON.parse(body).code];
};

test('a2: a show for invited people takes play tokens for it, in the header alone', async (t) => {
    const { site, chat, relay } = await place(t, { publish: byKey({ [KEY]: ['market', 'token'] }) });
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await until('the show to be there', async () => (await offer(relay)).status !== 404);
    const { token: key } = chat.keys;
    const good = makeToken(key);
    assert.equal(await answered(relay, { token: good }), 201);
    assert.deepEqual(await answered(relay), [401, 'token_missing']);
    assert.deepEqual(await answered(relay, { query: `?token=${good}` }), [401, 'token_missing']);
    const bad = {
        'of another key': makeToken(randomBytes(32)),
        expired: makeToken(key, { madeMs: Date.now() - 120000, lifeMs: 60000 }),
        'not yet valid': makeToken(key, { madeMs: Date.now() + 120000 }),
        'of ten years': makeToken(key, { lifeMs: 10 * 365 * 86400e3 }),
        'of another purpose': makeToken(key, { purpose: 'ticket' }),
        'of another audience': makeToken(key, { audience: 'chat' }),
        'cut short': good.slice(0, -1),
        'without a signature': good.slice(0, good.lastIndexOf('.') + 1),
        'signed for hooks': makeToken(chat.keys.hook),
        'a JWT that says none': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"show:market"}').toString('base64url')}.`,
    };
    for (const [name, token] of Object.entries(bad)) assert.deepEqual(await answered(relay, { token }), [401, 'token_refused'], name);
    assert.deepEqual(await answered(relay, { token: makeToken(key, { show: 'fish' }) }), [403, 'token_foreign']);
    assert.deepEqual(await json(`${relay.http}/api/v1/shows`), [], 'it is on no list');
    assert.ok(!relay.text().includes(good), 'no token in a log line');
});

test('a5: who makes tokens up is held to the rate of an address, others are not', async (t) => {
    const { chat, relay } = await place(t, { relay: { 'whep.posts_per_s': 1, 'whep.posts_burst': 5 } });
    const ask = (peer, token) =>
        request('/whep/market', { socketPath: relay.socketPath, method: 'POST', headers: { 'Content-Type': 'application/sdp', 'X-Forwarded-For': peer, Authorization: `Bearer ${token}` }, body: OFFER });
    const statuses = new Set();
    for (let i = 0; i < 100 && !statuses.has(429); i++) statuses.add((await ask('203.0.113.9', `made-up-${i}`)).status);
    assert.deepEqual([...statuses], [404, 429]);
    assert.equal((await ask('203.0.113.9', makeToken(chat.keys.token))).status, 404, 'a good token is not a guess');
    assert.equal((await ask('203.0.113.10', 'made-up')).status, 404);
});

const ended = (relay, reason) => relay.metric('jangteo_relay_viewers_ended_total', { reason });

/** Change the access and expect `count` viewers to be gone in time. */
async function expectEnded(relay, count, change) {
    const before = await ended(relay, 'access');
    await change();
    const began = performance.now();
    await relay.untilMetric('jangteo_relay_viewers_ended_total', { reason: 'access' }, (n) => n - before >= count);
    assert.ok(performance.now() - began < OBEYED_MS, `${performance.now() - began} ms`);
    assert.equal((await ended(relay, 'access')) - before, count);
}

test('hooks: a change of access is obeyed within 2 s, by those who watch already too', async (t) => {
    const { site, chat, relay } = await place(t);
    const commander = await new Commander(t, site).open();
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market');
    const public_ = watchers(t, relay);
    const invited = watchers(t, relay, makeToken(chat.keys.token), { viewers: 1 });
    await Promise.all([untilJoined(public_), untilJoined(invited)]);
    await relay.untilMetric('jangteo_relay_viewers', {}, (n) => n === 3);
    await expectEnded(relay, 2, () => commander.setAccess('market', 'token'));
    assert.equal(await relay.metric('jangteo_relay_viewers'), 1);
    assert.deepEqual(await answered(relay), [401, 'token_missing']);
    await expectEnded(relay, 1, () => commander.setAccess('market', 'closed'));
    assert.deepEqual(await answered(relay, { token: makeToken(chat.keys.token) }), [403, 'show_closed']);
    await chat.until('live', ({ shows: [show] }) => show?.access === 'closed');
    await commander.setAccess('market', 'public');
    await until('everybody to be let in', async () => (await answered(relay)) === 201);
});

test('a2: a play token that runs out ends its session', async (t) => {
    const { site, chat, relay } = await place(t, { publish: byKey({ [KEY]: ['market', 'token'] }) });
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market');
    const LEEWAY_MS = 30000;
    const short = watchers(t, relay, makeToken(chat.keys.token, { madeMs: Date.now() - 60000, lifeMs: 60000 - LEEWAY_MS + 8000 }), { viewers: 1 });
    const long = watchers(t, relay, makeToken(chat.keys.token), { viewers: 1 });
    await Promise.all([untilJoined(short), untilJoined(long)]);
    await relay.untilMetric('jangteo_relay_viewers_ended_total', { reason: 'access' }, (n) => n === 1);
    assert.equal(await relay.metric('jangteo_relay_viewers'), 1);
});

test('hooks: the relay tells who watches: sessions with a picture, not offers, not the shop itself', async (t) => {
    const { site, chat, relay } = await place(t);
    await ffmpegPublish(t, rtmp(site, KEY), small);
    await untilShow(relay.http, 'market');
    for (let i = 0; i < 5; i++) assert.equal(await answered(relay), 201); // nobody behind them
    const viewers = watchers(t, relay, undefined, { viewers: 3 });
    const preview = watchers(t, relay, makeToken(chat.keys.token), { viewers: 1 });
    await Promise.all([untilJoined(viewers), untilJoined(preview)]);
    await relay.untilMetric('jangteo_relay_viewers', undefined, (n) => n >= 4);
    await chat.until('viewers', ({ shows }) => shows.some((one) => one.show === 'market' && one.sessions === 3));
    assert.ok(chat.of('viewers').every(({ shows }) => shows.every((one) => one.sessions <= 3)));
    await viewers.stop('SIGINT');
    await chat.until('viewers', ({ shows }) => shows.length === 0, { from: chat.hooks.length });
});

/* ---- keys ---- */

test('a3: keys come after the services, and change under them', async (t) => {
    const site = await makeSite(t);
    const ingest = await startService(t, 'ingest', { site, flags: hookMode });
    await refused(t, site, KEY, 'NetStream.Publish.Failed');
    const chat = await ScriptedChat.start(t, site, { publish: byKey({ [KEY]: 'market' }) });
    await ingest.line(/hook\.keys/);
    await chat.until('live');
    await until('the key to be known', async () => {
        const peer = await Peer.open(t, site.ports.rtmp);
        peer.send(HANDSHAKE, connect('live'), call('createStream', 2), call('publish', 3, KEY, 1));
        await until('an answer', () => peer.got.includes('NetStream.Publish'));
        const isIn = peer.got.includes('Publish.Start');
        peer.socket.destroy();
        return isIn;
    });
});

/** Everything of the process that others on the machine can read, or that is written of it. */
async function traces(service) {
    const found = { log: service.text(), metrics: (await request(`${service.admin}/metrics`)).body };
    for (const pid of [service.pid, ...(await children(service.pid))]) {
        for (const name of ['cmdline', 'environ', 'status', 'maps']) found[`${pid}/${name}`] = await readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '');
    }
    return found;
}

const children = async (pid) => (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ').filter(Boolean);

test('a4: a stream key is in no log, metric, process list or file, whether it is taken or refused', async (t) => {
    const { site, chat, ingest, relay } = await place(t, { ingest: { 'log.level': 'debug' }, relay: { 'log.level': 'debug' } });
    const planted = `PLANTED-${randomBytes(12).toString('hex')}`;
    chat.publish = byKey({ [planted]: 'market' });
    const publisher = await ffmpegPublish(t, rtmp(site, planted), { ...small, bframes: 2 }); // with a media worker
    await untilShow(relay.http, 'market', ['h264', 'opus']);
    await refused(t, site, `${planted}-other`, 'NetStream.Publish.BadName');
    await chat.stop();
    await refused(t, site, `${planted}-third`, 'NetStream.Publish.Failed');
    await publisher.stop('SIGKILL');
    await ingest.line(/state=waiting/);
    await ffmpegPublish(t, rtmp(site, planted), small);
    await ingest.line(/publish\.readmitted/);
    for (const service of [ingest, relay])
        for (const [where, text] of Object.entries(await traces(service))) assert.ok(!text.includes(planted), `${service.name}: ${where}`);
    for (const file of await readdir(site.dir, { recursive: true, withFileTypes: true }))
        if (file.isFile()) assert.ok(!(await readFile(path.join(file.path, file.name), 'latin1')).includes(planted), file.name);
    const answers = await Promise.all(['/', `/whep/${planted}`, `/api/v1/shows/${planted}`].map((where) => request(relay.http + where)));
    for (const { body } of answers) assert.ok(!body.includes(planted), 'nothing is echoed');
});
