// The command that starts everything: what its help promises.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { folder, portBlock, portsOf, request, root, run, startJangteo, Jangteo, until } from './harness/index.mjs';

const SERVICES = ['ingest', 'relay', 'chat'];
const script = path.join(root, 'scripts/run');

const startsAndStops = (signal) => async (t) => {
    const jangteo = await startJangteo(t);
    const { ports, urls } = jangteo;
    assert.equal(urls.front, `http://127.0.0.1:${ports.front}`);
    assert.equal(urls.rtmp, `rtmp://127.0.0.1:${ports.rtmp}/live`);
    assert.equal(urls.whep, `${urls.front}/whep/`);
    for (const service of SERVICES) assert.equal((await request(`${urls[`${service}-admin`]}/readyz`)).status, 200);
    const sockets = await readdir(path.join(jangteo.data, 'run'));
    for (const name of ['ingest.sock', 'relay-http.sock', 'chat-http.sock']) assert.ok(sockets.includes(name), name);
    for (const name of sockets) {
        const { mode } = await stat(path.join(jangteo.data, 'run', name));
        assert.equal(mode & 0o007, 0, `${name} is for us alone`);
    }
    await jangteo.stopClean(signal);
};
test('run: ready line, then SIGTERM leaves nothing', startsAndStops('SIGTERM'));
test('run: ready line, then SIGINT leaves nothing', startsAndStops('SIGINT'));

test('run: stdout has the ready line alone', async (t) => {
    const jangteo = new Jangteo(await folder(t), await portBlock(t));
    let stdout = '';
    jangteo.child.stdout.on('data', (text) => (stdout += text));
    await jangteo.ready();
    await jangteo.stopClean();
    assert.match(stdout, /^ready front=\S+ rtmp=\S+ whep=\S+[^\n]*\n$/);
});

test('v1 v2 v3 run: a killed part is back and the others keep their processes', async (t) => {
    const jangteo = await startJangteo(t);
    const parts = [...SERVICES, 'front'];
    for (const part of parts) {
        const others = parts.filter((other) => other !== part);
        const before = await Promise.all(others.map((other) => jangteo.pidOf(other)));
        const killed = performance.now();
        await jangteo.killPart(part);
        const url = part === 'front' ? `${jangteo.urls.front}/api/v1/shows` : `${jangteo.urls[`${part}-admin`]}/readyz`;
        await until(`${part} to answer again`, async () => (await request(url)).status === 200);
        t.diagnostic(`${part} was back after ${Math.round(performance.now() - killed)} ms`);
        assert.deepEqual(await Promise.all(others.map((other) => jangteo.pidOf(other))), before);
        const epitaph = new RegExp(`service.end name=${part} exit=-1 signal=9`);
        await until(`${part}'s log to tell how it ended`, async () => epitaph.test(await jangteo.log(part)));
    }
});

test('run: a port in use is named, with the setting that changes it', async (t) => {
    const base = await portBlock(t);
    const ports = portsOf(base);
    for (const [name, port] of [
        ['front', ports.front],
        ['rtmp', ports.rtmp],
        ['relay-rtc', ports.rtc.relay],
        ['chat-admin', ports.admin.chat],
    ]) {
        const squatter = net.createServer();
        await new Promise((resolve) => squatter.listen(port, '127.0.0.1', resolve));
        const jangteo = new Jangteo(await folder(t), base);
        const ended = await jangteo.end(60000);
        squatter.close();
        assert.equal(ended.code, 1);
        assert.match(jangteo.text(), new RegExp(`port ${port} \\(${name}\\) is in use.*--port ${name}=`));
        await jangteo.assertNothingLeft();
    }
});

test('run: one instance per data folder', async (t) => {
    const first = await startJangteo(t);
    const second = new Jangteo(await folder(t), await portBlock(t), { data: first.data });
    assert.equal((await second.end(60000)).code, 1);
    assert.match(second.text(), /another Jangteo runs on/);
    assert.equal((await request(`${first.urls['relay-admin']}/readyz`)).status, 200);
    await first.stopClean();
});

test('run: killed outright it takes everything with it', async (t) => {
    const jangteo = await startJangteo(t);
    await jangteo.stop('SIGKILL');
    await until('every process to end', async () => (await run('pgrep', ['-f', '--', jangteo.data])).text === '');
    const again = new Jangteo(path.dirname(jangteo.data), await portBlock(t));
    await again.ready();
    await again.stopClean();
});

test('run: stops even when its data folder was removed', async (t) => {
    const jangteo = await startJangteo(t);
    await rm(jangteo.data, { recursive: true });
    assert.equal((await jangteo.stop('SIGTERM', 60000)).code, 0);
    await until('every process to end', async () => (await run('pgrep', ['-f', '--', jangteo.data])).text === '');
});

test('x4 run: open mode stays on loopback', async () => {
    for (const args of [
        ['--open', '--lan', '192.0.2.1'],
        ['--open', '--public', 'live.example'],
    ]) {
        const { code, text } = await run(script, [...args, '--no-build']);
        assert.equal(code, 2);
        assert.match(text, /loopback/);
    }
});

test('x4 run: --lan gives phones https with a certificate of ours, all else stays on loopback', async (t) => {
    const address = '127.0.0.2'; // stands for an address of the local network
    const jangteo = await startJangteo(t, { args: ['--lan', address] });
    assert.match(jangteo.urls.front, /^https:\/\/127\.0\.0\.2:\d+$/);
    const authority = path.join(jangteo.data, 'ca/ca.crt');
    const page = await run('curl', ['-sS', '--cacert', authority, `${jangteo.urls.front}/trust`]);
    assert.equal(page.code, 0, page.text);
    assert.match(page.text, /ca\.crt/);
    const offered = await run('curl', ['-sS', '--cacert', authority, `${jangteo.urls.front}/trust/ca.crt`]);
    assert.equal(offered.text.trim(), (await readFile(authority, 'utf8')).trim());
    assert.equal((await stat(path.join(jangteo.data, 'ca/ca.key'))).mode & 0o077, 0);

    // The authority vouches for nothing outside the local network.
    const { text } = await run('openssl', ['x509', '-in', authority, '-noout', '-ext', 'nameConstraints']);
    assert.match(text, /Name Constraints: critical/);

    const { text: sockets } = await run('ss', ['-Hlntu']);
    const { ports } = jangteo;
    const outside = [ports.https, ports.rtmp, ports.rtc.relay];
    const ours = [...sockets.matchAll(/(\S+):(\d+) /g)].filter(([, , port]) => Math.floor(port / 100) * 100 === jangteo.base);
    for (const [, at, port] of ours)
        assert.equal(at, outside.includes(Number(port)) ? address : '127.0.0.1', `port ${port}`);
    for (const port of [...outside, ...Object.values(ports.admin)])
        assert.ok(ours.some(([, , bound]) => Number(bound) === port), `nothing listens on ${port}`);
    // The same authority serves the next start.
    await jangteo.stopClean();
    const before = await readFile(authority, 'utf8');
    const again = new Jangteo(path.dirname(jangteo.data), await portBlock(t), { args: ['--lan', address] });
    await again.ready();
    await again.stopClean();
    assert.equal(await readFile(authority, 'utf8'), before);
});

test('run: wrong words are refused, help is given', async () => {
    for (const args of [['--nonsense'], ['--port', 'front'], ['--port', 'nose=8080'], ['--ports', '80'], ['--data']]) {
        const { code, text } = await run(script, args);
        assert.equal(code, 2, args.join(' '));
        assert.match(text, /--help/);
    }
    const { code, text } = await run(script, ['--help']);
    assert.equal(code, 0);
    assert.match(text, /--open.*--demo.*--no-robot/s);
});

test('v12 run: a service that refuses its configuration is shown with its reason', async (t) => {
    const jangteo = new Jangteo(await folder(t), await portBlock(t), { env: { JANGTEO_LOG_LEVEL: 'shouting' } });
    assert.equal((await jangteo.end(60000)).code, 1);
    assert.match(jangteo.text(), /did not become ready[^]*log.level[^]*shouting/);
    await jangteo.assertNothingLeft();
    assert.ok(!existsSync(path.join(jangteo.data, 'service')));
});
