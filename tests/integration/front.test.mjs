// The front door: which paths exist, what it refuses by itself, what it tells the services.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fileScope, rawExchange, request, root, run, startJangteo, until } from './harness/index.mjs';

/** One instance for all tests of this file. */
let jangteo;
const file = fileScope(test);
test.before(async () => {
    jangteo = await startJangteo(file);
});

const front = (path, options) => request(jangteo.urls.front + path, options);
const send = (text, options) => rawExchange({ port: jangteo.ports.front }, text, options).then(String);
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

function assertProblem(answer, status) {
    assert.equal(answer.status, status);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.equal(JSON.parse(answer.body).status, status);
}

test('front: pages', async () => {
    for (const path of ['/', '/live/demo', '/studio', '/operator', `/order/${'A'.repeat(22)}`]) {
        const answer = await front(path);
        assert.equal(answer.status, 200, path);
        assert.match(answer.headers['content-type'], /^text\/html/);
        assert.equal(answer.headers['cache-control'], 'no-cache');
        const again = await front(path, { headers: { 'If-None-Match': answer.headers.etag } });
        assert.equal(again.status, 304);
    }
});

test('front: paths that are not on the list do not exist', async () => {
    const names = ['/index.html', '/live.html', '/live/', '/live/a/b', '/live/a%2fb', '/live/' + 'n'.repeat(129)];
    names.push('/package.json', '/node_modules/x', '/js/.hidden', '/js/', '/.git/HEAD', '/metrics', '/healthz', '/readyz');
    names.push('/whep', '/whep/a/b/c', '/whep/a%20b', '/whip/a/b', '/flv/a.mp4', '/hls/a', '/api/v2/shows', '/studio/', '/studio.html', '/order/', '/order/short', `/order/${'A'.repeat(23)}`, '/pictures/a', '/pictures/a/huge', '/pictures/a/b/large', '//', '/_problem');
    for (const path of names) assertProblem(await front(path), 404);
});

test('l4 front: no path leads out of the pages', async () => {
    for (const path of ['/js/../../CMakeLists.txt', '/js/%2e%2e/%2e%2e/CMakeLists.txt', '/js/..%2f..%2fCMakeLists.txt', '/../etc/passwd']) {
        const answer = await send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
        assert.ok([400, 404].includes(statusOf(answer)), `${path}: ${answer.slice(0, 40)}`);
    }
});

test('h5 front: only its own names', async () => {
    for (const host of ['evil.example', '0.0.0.0', '192.0.2.1', 'localhost.evil.example', '127.0.0.1.nip.example'])
        assertProblem(await front('/', { headers: { Host: host } }), 421);
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:8080'])
        assert.equal((await front('/', { headers: { Host: host } })).status, 200, host);
});

test('h2 front: too long, too large', async () => {
    assertProblem(await front('/' + 'a'.repeat(9000)), 414);
    assertProblem(await front('/', { headers: { X: 'a'.repeat(9000) } }), 431);
    assertProblem(await front('/', { headers: { X: 'a'.repeat(8000), Y: 'a'.repeat(8000), Z: 'a'.repeat(8000) } }), 431);
    const body = 'v'.repeat(64 * 1024 + 1);
    assertProblem(await front('/whep/demo', { method: 'POST', body, headers: { 'Content-Length': body.length } }), 413);
});

test('h3 front: one request in is never two', async () => {
    const head = 'POST /whep/demo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n';
    for (const fields of [
        'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
        'Content-Length: 3\r\nContent-Length: 4\r\n',
        'Content-Length: +5\r\n',
        'Content-Length: 5x\r\n',
        'Transfer-Encoding: xchunked\r\n',
        'Transfer-Encoding: chunked, identity\r\n',
    ]) {
        const answer = await send(`${head}${fields}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`);
        assert.ok([400, 501].includes(statusOf(answer)), `${fields} got ${answer.slice(0, 60)}`);
        assert.equal(answer.match(/HTTP\/1\.1 \d/g).length, 1);
    }
});

test('front: unknown methods are refused', async () => {
    for (const method of ['TRACE', 'CONNECT', 'FOO', 'PROPFIND']) {
        const answer = await send(`${method} / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
        assert.ok([400, 405].includes(statusOf(answer)), `${method}: ${answer.slice(0, 40)}`);
    }
    const answer = await front('/', { method: 'POST' });
    assertProblem(answer, 405);
    assert.equal(answer.headers.allow, 'GET, HEAD');
});

test('a7 c1 h15 front: every answer carries the security headers', async () => {
    for (const path of ['/', '/nowhere', '/api/v1/shows']) {
        const { headers } = await front(path);
        const policy = headers['content-security-policy'];
        assert.match(policy, /default-src 'self'/);
        assert.match(policy, /frame-ancestors 'none'/);
        assert.doesNotMatch(policy, /unsafe/);
        assert.match(headers['x-content-type-options'], /^nosniff/);
        assert.match(headers['referrer-policy'], /no-referrer/);
        assert.ok(headers['permissions-policy']);
        assert.equal(headers.server, 'nginx'); // without version
    }
});

test('front: what a show is doing comes from the relay, products and talk from chat', async () => {
    const live = await front('/api/v1/live/nobody');
    assert.equal(live.status, 404);
    assert.equal(JSON.parse(live.body).code, 'show_not_live');
    for (const path of ['/api/v1/live/', '/api/v1/live/a/b', '/api/v1/live/a%2fb']) assert.notEqual((await front(path)).status, 200, path);
});

test('front: without --open the shows are chat\'s', async () => {
    const render = (...options) => run('scripts/front/render', ['state=/tmp', 'run=/tmp', 'web=web', 'listen=127.0.0.1:1', 'names=localhost', ...options], { cwd: root });
    const [closed, open] = await Promise.all([render(), render('shows=relay')]);
    const place = /location ~ "\^\/api\/v1\/shows/;
    assert.doesNotMatch(closed.text, place);
    assert.match(open.text, place);
});

test('a7 pitfall 24 front: order links and tokens are in no log', async () => {
    const secret = 'Zk3'.repeat(8).slice(0, 22);
    await front(`/order/${secret}`);
    await front(`/api/v1/orders/${secret}`);
    await front(`/api/v1/shop/orders/${secret}`);
    await front('/marker-of-the-log');
    await until('the log', async () => (await jangteo.log('front')).includes('/marker-of-the-log'));
    assert.ok(!(await jangteo.log('front')).includes(secret));
});

test('h2 front: a picture may be 12 MiB, anything else 64 KiB', async () => {
    const post = (path, size) => front(path, { method: 'POST', body: Buffer.alloc(size), headers: { 'Content-Type': 'image/png', 'Content-Length': size } });
    assert.notEqual((await post('/api/v1/pictures', 256 * 1024)).status, 413);
    assertProblem(await front('/api/v1/pictures', { method: 'POST', headers: { 'Content-Length': 12 * 1024 * 1024 + 1 } }), 413);
    assertProblem(await post('/api/v1/orders', 64 * 1024 + 1), 413);
});

test('front: in open mode shows come from the relay', async () => {
    const answer = await front('/api/v1/shows');
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body), []);
});

test('front: a service that is away is a 502 with Retry-After', async () => {
    const chat = await jangteo.pidOf('chat');
    const supervisor = Number((await readFile(`/proc/${chat}/stat`, 'utf8')).replace(/.*\) /, '').split(' ')[1]);
    process.kill(supervisor, 'SIGSTOP'); // so that it stays away
    try {
        process.kill(chat, 'SIGKILL');
        const answer = await until('chat to be away', async () => {
            const answer = await front('/api/v1/nothing');
            return answer.status >= 500 && answer;
        });
        assertProblem(answer, 502);
        assert.equal(answer.headers['retry-after'], '1');
    } finally {
        process.kill(supervisor, 'SIGCONT');
    }
    await until('chat to be back', async () => (await front('/api/v1/nothing')).status < 500);
});
