// The relay's WHEP endpoint under strangers: threats H1, H2, H5, H7, H8, H10 to H13, H15. The conduct of HTTP itself is
// http.test.mjs, the front door front.test.mjs.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { fileScope, rawExchange, request, until } from './harness/index.mjs';
import { makeOffer, openSession, postOffer } from './forge.mjs';
import { besideWitnesses, startShow } from './witness.mjs';

/** 50 ms is what an offer may take; sanitizers get the rest. */
const OFFER_MAX_MS = 200;
const SETUP_MS = 3000;

let chain;
const file = fileScope(test);
test.before(async () => {
    const relay = { 'rtc.setup_ms': SETUP_MS, 'whep.posts_per_s': 1, 'whep.posts_burst': 5 }; // the token's own limits
    chain = await startShow(file, { relay, publish: { size: '320x180', kbps: 300 } });
});

const front = () => ({ socketPath: chain.relay.socketPath });
const viewers = () => chain.relay.metric('jangteo_relay_viewers');
const post = (sdp, headers) => postOffer(chain.relay.http, chain.show, sdp, headers);
const http = (method, where, headers = {}, body) => request(chain.relay.http + where, { method, headers, body });
const PATCH = { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' };

function assertProblem(answer, statuses, what) {
    assert.ok([statuses].flat().includes(answer.status), `${what}: ${answer.status} ${answer.body}`);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/, what);
    assert.match(answer.headers['x-content-type-options'], /nosniff/, what);
    assert.equal(JSON.parse(answer.body).status, answer.status);
}

test('h1: slow requests beside viewers who join', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const beginnings = ['', 'POST /whep/mar', 'POST /whep/market HTTP/1.1\r\nHost: localhost\r\nX: '];
        const slow = await Promise.all(Array.from({ length: 400 }, (_, i) => drip(beginnings[i % beginnings.length])));
        for (let i = 0; i < 5; i++) {
            const began = performance.now();
            const session = await openSession(chain);
            assert.ok(performance.now() - began < (await ceiling(OFFER_MAX_MS)), `an honest offer took ${performance.now() - began} ms`);
            await session.close();
        }
        await until('all slow ones to be closed', () => slow.every((one) => one.closed), { timeoutMs: 40000 });
        for (const one of slow) assert.ok(one.text === '' || /^HTTP\/1\.1 (408|400|431)/.test(one.text), one.text);
        assert.ok((await chain.relay.metric('jangteo_http_refused_total', { reason: 'header_timeout' })) > 100);
    });
});

/** A connection to the front door's socket that sends a byte every second. */
async function drip(beginning) {
    const seen = { text: '', closed: false };
    const socket = net.connect({ path: chain.relay.socketPath });
    socket.on('data', (chunk) => (seen.text += chunk));
    socket.on('error', () => {});
    await once(socket, 'connect');
    const pace = setInterval(() => socket.writable && socket.write('a'), 1000);
    socket.on('close', () => {
        clearInterval(pace);
        seen.closed = true;
    });
    socket.write(beginning);
    return seen;
}

test('h2 h5: header bombs and foreign hosts and origins get no session', async () => {
    const { sdp } = makeOffer();
    const head = (more) => `POST /whep/${chain.show} HTTP/1.1\r\n${more}Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\nConnection: close\r\n\r\n${sdp}`;
    const status = async (more) => Number(/^HTTP\/1\.1 (\d+)/.exec(String(await rawExchange({ port: chain.site.ports.http.relay }, head(more))))?.[1]);
    assert.ok([400, 431].includes(await status('Host: localhost\r\n' + 'X: y\r\n'.repeat(110))));
    assert.equal(await status(`Host: localhost\r\nX: ${'y'.repeat(20000)}\r\n`), 431);
    for (const host of ['evil.example', '192.0.2.7', '0.0.0.0', 'localhost.evil.example']) assert.equal(await status(`Host: ${host}\r\n`), 421, host);
    for (const origin of ['null', 'https://evil.example', 'http://localhost.evil.example', 'http://localhost@evil.example', 'HTTPS://localhost'])
        assert.equal(await status(`Host: localhost\r\nOrigin: ${origin}\r\n`), 403, origin);
    assert.equal(await viewers(), 0);
});

test('h7: offers without end are limited per token and address, and what was made is freed in time', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const { sdp } = makeOffer();
        const before = await viewers();
        const answers = await Promise.all(
            Array.from({ length: 200 }, (_, i) => postOffer(front(), chain.show, sdp, { 'X-Forwarded-For': '192.0.2.1', ...(i % 2 ? { Authorization: 'Bearer a-token-of-somebody' } : {}) })),
        );
        const made = answers.filter((one) => one.status === 201).length;
        assert.ok(made >= 5 && made <= 20, `${made} sessions`); // burst 5 and 1/s, of the token and of the address
        for (const answer of answers.filter((one) => one.status !== 201)) {
            assertProblem(answer, 429, 'a flood');
            assert.ok(Number(answer.headers['retry-after']) >= 1);
        }
        assert.equal((await postOffer(front(), chain.show, sdp, { 'X-Forwarded-For': '192.0.2.2' })).status, 201, 'others are served');
        await until('all to be freed', async () => (await viewers()) === before, { timeoutMs: SETUP_MS + 10000 });
        assert.ok((await chain.relay.metric('jangteo_relay_viewers_ended_total', { reason: 'setup_timeout' })) >= made);
    });
});

test('h8: nobody ends or changes the session of another', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const token = { Authorization: 'Bearer mine' };
        const offer = makeOffer();
        const { headers } = await post(offer.sdp, token);
        const [, id] = /^\/whep\/market\/([0-9a-f]{32})$/.exec(headers.location) ?? assert.fail(`no 128 random bits in ${headers.location}`);
        const before = await viewers();
        const near = (BigInt(`0x${id}`) + 1n).toString(16).padStart(32, '0');
        for (const guess of [near, '0'.repeat(32), '1', `${id}0`, id.toUpperCase(), `${id.slice(0, 31)}%00`])
            for (const method of ['DELETE', 'PATCH']) assertProblem(await http(method, `/whep/market/${guess}`, method === 'PATCH' ? PATCH : {}, method === 'PATCH' ? 'a=x' : undefined), [404, 400], `${method} ${guess}`);
        for (const [headersOfOther, status] of [
            [{}, 401],
            [{ Authorization: 'Bearer other' }, 403],
        ])
            for (const method of ['DELETE', 'PATCH']) assertProblem(await http(method, headers.location, { ...headersOfOther, ...(method === 'PATCH' ? PATCH : {}) }, method === 'PATCH' ? 'a=x' : undefined), status, method);
        assertProblem(await http('DELETE', `/whep/other/${id}`, token), 404, 'under another show');
        assert.equal(await viewers(), before, 'no session was ended');
        const guesses = await Promise.all(Array.from({ length: 50 }, () => request(`/whep/market/${near}`, { socketPath: chain.relay.socketPath, method: 'DELETE', headers: { 'X-Forwarded-For': '192.0.2.9' } })));
        assert.ok(guesses.filter((one) => one.status === 429).length >= 30, 'guesses are limited');
        assert.equal((await http('DELETE', headers.location, token)).status, 200);
    });
});

test('h10: tokens that are none get 401 or 403 everywhere, and no session', async () => {
    const { sdp } = makeOffer();
    const session = '/whep/market/' + 'a'.repeat(32);
    const before = await viewers();
    for (const token of ['Bearer', 'Bearer ', 'Bearer a b', 'Basic dXNlcjpwYXNz', `Bearer ${'t'.repeat(5000)}`, 'bearer\ta,b']) {
        const headers = { Authorization: token };
        for (const answer of [await post(sdp, headers), await http('DELETE', session, headers), await http('PATCH', session, { ...PATCH, ...headers }, 'a=x')]) {
            assertProblem(answer, [400, 401, 403, 404, 431], token);
            assert.doesNotMatch(answer.body, /dXNlcjpwYXNz|ttttt/);
        }
    }
    assert.equal(await viewers(), before);
});

const lines = (sdp) => sdp.trimEnd().split('\r\n');
const without = (sdp, what) => lines(sdp).filter((line) => !line.startsWith(what)).join('\r\n') + '\r\n';

test('h11: offers that are none are refused at once, whole', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const { sdp } = makeOffer();
        const before = await viewers();
        const types = Array.from({ length: 500 }, (_, i) => i % 127).join(' ');
        const offers = {
            'no ufrag': without(sdp, 'a=ice-ufrag'),
            'no pwd': without(sdp, 'a=ice-pwd'),
            'no fingerprint': without(sdp, 'a=fingerprint'),
            'duplicate mid': sdp.replace('a=mid:1', 'a=mid:0'),
            '500 payload types': sdp.replace('96 97', types),
            '10,000 lines': sdp + 'a=x\r\n'.repeat(10000),
            'CR only': sdp.replaceAll('\r\n', '\r'),
            'NUL': sdp.replace('a=mid:0', 'a=mid:\0'),
            'nine sections': sdp + lines(sdp).slice(lines(sdp).findIndex((line) => line.startsWith('m=audio'))).join('\r\n').concat('\r\n').repeat(8),
            'not SDP': '{"sdp":"v=0"}',
            'only v': 'v=0\r\n',
            'port -1': sdp.replace('m=video 9', 'm=video -1'),
            'port 2^32': sdp.replace('m=video 9', 'm=video 4294967305'),
            'letters for types': sdp.replace('96 97', 'a b'),
        };
        for (const [what, offer] of Object.entries(offers)) {
            const began = performance.now();
            assertProblem(await post(offer), [400, 406, 413, 422], what);
            assert.ok(performance.now() - began < (await ceiling(OFFER_MAX_MS)), `${what} took ${performance.now() - began} ms`);
        }
        assertProblem(await post(sdp + `a=${'x'.repeat(65 * 1024)}\r\n`), 413, 'a line of 65 KB');
        assertProblem(await post(''), 400, 'nothing');
        assertProblem(await post(sdp, { 'Content-Type': 'text/plain' }), 415, 'plain text');
        for (let cut = 1; cut < sdp.length; cut += 13) {
            const answer = await post(sdp.slice(0, cut));
            if (answer.status === 201) await http('DELETE', answer.headers.location); // a whole offer but for its last lines
            else assertProblem(answer, [400, 406, 422], `cut at ${cut}`);
        }
        assert.equal(await viewers(), before, 'nothing half accepted');
    });
});

test('h12: an offer to do without DTLS-SRTP is refused', async () => {
    const before = await viewers();
    const crypto = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
    const other = `a=fingerprint:sha-256 ${Array(32).fill('CD').join(':')}`;
    const offers = {
        'RTP/AVP': { protocol: 'RTP/AVP' },
        'RTP/SAVP': { protocol: 'RTP/SAVP' },
        'RTP/SAVPF with a key in it': { protocol: 'RTP/SAVPF', more: [crypto] },
        holdconn: { setup: 'holdconn' },
        'SHA-1': { fingerprint: `sha-1 ${Array(20).fill('AB').join(':')}` },
        MD5: { fingerprint: `md5 ${Array(16).fill('AB').join(':')}` },
        'a key beside a fingerprint': { more: [crypto] },
        'two certificates': { more: [other] },
        'no fingerprint but a key': { fingerprint: null, more: [crypto] },
    };
    for (const [what, options] of Object.entries(offers)) assertProblem(await post(makeOffer(options).sdp), [400, 406, 422], what);
    assert.equal(await viewers(), before);
});

test('h13: nothing is ever sent or looked up because of a candidate line', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const victim = dgram.createSocket('udp4');
        victim.bind(0, '0.0.0.0');
        await once(victim, 'listening');
        let came = 0;
        victim.on('message', () => came++);
        const { port } = victim.address();
        const addresses = ['127.0.0.1', '127.0.0.2', '0.0.0.0', '10.0.0.1', '224.0.0.1', '169.254.169.254', 'metadata.internal', 'abc.local', '::1', '[::1]', '999.1.1.1'];
        const more = addresses.map((address, i) => `a=candidate:${i} 1 udp 2130706431 ${address} ${port} typ host`);
        const accepted = await post(makeOffer({ more }).sdp);
        if (accepted.status === 201) {
            const patch = await http('PATCH', accepted.headers.location, { 'Content-Type': PATCH['Content-Type'], 'If-Match': accepted.headers.etag }, fragment(more));
            assert.ok([204, 400].includes(patch.status), `${patch.status}`);
        }
        assertProblem(await post(makeOffer({ more: Array.from({ length: 1000 }, (_, i) => `a=candidate:${i} 1 udp 1 127.0.0.1 ${port} typ host`) }).sdp), [400, 413, 422], 'a thousand of them');
        const before = await chain.relay.metric('jangteo_relay_viewers_ended_total', { reason: 'setup_timeout' });
        if (accepted.status === 201) await chain.relay.untilMetric('jangteo_relay_viewers_ended_total', { reason: 'setup_timeout' }, (n) => n > before);
        assert.equal(came, 0);
        assert.doesNotMatch(chain.relay.text(), /metadata\.internal|abc\.local/);
        victim.close();
    });
});

const fragment = (candidates) => ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'm=video 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0', ...candidates, ''].join('\r\n');

test('h15: nothing of a request comes back, and what comes is no page', async () => {
    const mark = 'zq9<script>alert(1)</script>';
    const answers = [
        await http('GET', `/whep/${encodeURIComponent(mark)}`),
        await http('POST', `/whep/${encodeURIComponent(mark)}`, { 'Content-Type': 'application/sdp' }, 'v=0'),
        await http('GET', `/api/v1/shows/${encodeURIComponent(mark)}?callback=zq9`),
        await http('DELETE', `/whep/market/${encodeURIComponent(mark)}`),
        await post(makeOffer().sdp.replace('a=mid:0', `a=mid:${mark}\r\na=ice-ufrag:${mark}`)),
        await post(mark),
    ];
    for (const answer of answers) {
        assertProblem(answer, [400, 404, 405, 406, 422], answer.body);
        assert.doesNotMatch(answer.body + JSON.stringify(answer.headers), /zq9|<|alert/);
    }
    const list = await http('GET', '/api/v1/shows?callback=zq9');
    assert.match(list.headers['content-type'], /^application\/json/);
    assert.match(list.headers['x-content-type-options'], /nosniff/);
    assert.ok(list.body.startsWith('['), 'no JSONP');
});
