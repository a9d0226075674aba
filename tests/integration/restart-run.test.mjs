// Services killed, frozen and absent under the supervisor of scripts/run: threats V1, V5, V12, X4.
import assert from 'node:assert/strict';
import net from 'node:net';
import os from 'node:os';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { bin, ffmpegPublish, fileScope, Program, request, startJangteo, until } from './harness/index.mjs';
import { clockOfMachine } from './witness.mjs';

/** 1 s to serve, 2 s to the picture; sanitizers start slower. */
const SERVES_AGAIN_MAX_MS = 3000;
const PICTURE_BACK_MAX_MS = 4000;
/** Noticed within 3 s, replaced within 5 s, and a start as above. */
const NOTICED_MAX_MS = 3000;
const REPLACED_MAX_MS = 6000;

let jangteo, publisher;
const file = fileScope(test);
test.before(async () => {
    jangteo = await startJangteo(file);
    publisher = await ffmpegPublish(file, `${jangteo.urls.rtmp}/market`, { size: '320x180', kbps: 300, gop: 30 });
});

const admin = (service) => jangteo.urls[`${service}-admin`];
const since = (began) => performance.now() - began;
const frames = () => jangteo.metrics('ingest').then((all) => all.find((one) => one.name === 'jangteo_ingest_frames_total' && one.labels.kind === 'video')?.value);

/** A viewer joins through the front door and sees a picture. */
async function seesPicture() {
    const viewer = new Program('whep-client', path.join(bin, 'whep-client'), ['--url', `${jangteo.urls.front}/whep/market`, '--seconds', '1']);
    const { code } = await viewer.end();
    const report = JSON.parse(viewer.lines.findLast((line) => line.startsWith('{')) ?? '{}');
    return code === 0 && report.with_key === 1 && report.frames > 10 && report.broken_frames === 0;
}

const replaced = (part, before) => until(`${part} to be replaced`, async () => {
    const now = await jangteo.pidOf(part);
    return now > 0 && now !== before && now;
});

test('v1: the relay is killed: back at once, the publisher does not notice', async () => {
    await until('a picture', seesPicture);
    for (const signal of ['SIGKILL', 'SIGABRT']) {
        const before = await frames();
        const began = performance.now();
        const ceiling = await clockOfMachine();
        await jangteo.killPart('relay', signal);
        await until('the relay to be ready', async () => (await request(`${admin('relay')}/readyz`)).status === 200, { everyMs: 50 });
        assert.ok(since(began) < (await ceiling(SERVES_AGAIN_MAX_MS)), `ready after ${since(began)} ms`);
        await until('a picture', seesPicture, { everyMs: 50 });
        assert.ok(since(began) < (await ceiling(PICTURE_BACK_MAX_MS)), `a picture after ${since(began)} ms`);
        assert.ok((await frames()) > before, 'ingest went on');
        assert.equal(publisher.ended, undefined);
        await jangteo.untilMetric('ingest', 'jangteo_ingest_peers', { role: 'relay' }, (n) => n === 1);
    }
});

test('v5: a service that hangs is noticed, its state is kept, and it is replaced', async () => {
    for (const service of ['relay', 'chat']) {
        const before = await jangteo.pidOf(service);
        const began = performance.now();
        const ceiling = await clockOfMachine();
        process.kill(before, 'SIGSTOP');
        await until('the hang to be noticed', async () => /service\.hang/.test(await jangteo.log('watch')) && (await jangteo.log('watch')).includes(`pid=${before}`), { everyMs: 50 });
        assert.ok(since(began) < (await ceiling(NOTICED_MAX_MS)), `noticed after ${since(began)} ms`);
        await replaced(service, before);
        await until(`${service} to serve`, async () => (await request(`${admin(service)}/readyz`)).status === 200, { everyMs: 50 });
        assert.ok(since(began) < (await ceiling(REPLACED_MAX_MS)), `replaced after ${since(began)} ms`);
        const log = await jangteo.log('watch');
        assert.match(log, /State:\s+T \(stopped\)/, 'what the kernel said of it is kept');
        assert.match(log, new RegExp(`service\\.killed .*name=${service} `));
    }
    assert.equal(publisher.ended, undefined);
    await until('a picture', seesPicture);
});

test('v12: the relay starts before ingest, says what is missing and heals alone', async () => {
    const ingest = await jangteo.pidOf('ingest');
    const [supervisor] = (await readFile(`/proc/${ingest}/stat`, 'utf8')).replace(/.*\) . /, '').split(' ').map(Number);
    process.kill(supervisor, 'SIGSTOP'); // so that ingest stays away
    try {
        process.kill(ingest, 'SIGKILL');
        await until('the relay to say so', async () => {
            const answer = await request(`${admin('relay')}/readyz`);
            return answer.status === 503 && /ingest is not connected/.test(answer.body);
        });
        await jangteo.killPart('relay');
        await until('the relay to live without ingest', async () => (await request(`${admin('relay')}/healthz`)).status === 200);
        assert.equal((await request(`${admin('relay')}/readyz`)).status, 503);
    } finally {
        process.kill(supervisor, 'SIGCONT');
    }
    await until('the relay to be ready', async () => (await request(`${admin('relay')}/readyz`)).status === 200);
    await publisher.stop('SIGKILL');
    publisher = await ffmpegPublish(file, `${jangteo.urls.rtmp}/market`, { size: '320x180', kbps: 300, gop: 30 });
    await until('a picture', seesPicture);
});

test('x4: health and metrics are on loopback alone, not behind the front door, without secrets', async () => {
    const elsewhere = Object.values(os.networkInterfaces()).flat().filter((one) => !one.internal && one.family === 'IPv4');
    for (const service of ['ingest', 'relay', 'chat']) {
        const port = Number(new URL(admin(service)).port);
        for (const { address } of elsewhere) await refused(address, port);
        const metrics = (await request(`${admin(service)}/metrics`)).body;
        assert.doesNotMatch(metrics, /market/, 'no name of a show or key');
        for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await request(`${admin(service)}/metrics`, { method })).status, 405);
        for (const host of ['evil.example', '192.0.2.1']) assert.equal((await request(`${admin(service)}/metrics`, { headers: { Host: host } })).status, 421);
    }
    for (const name of ['/metrics', '/healthz', '/readyz', '/admin/metrics']) assert.equal((await request(jangteo.urls.front + name)).status, 404);
});

const refused = (host, port) =>
    new Promise((resolve, reject) => {
        const socket = net.connect({ host, port });
        socket.on('error', () => resolve());
        socket.on('connect', () => reject(new Error(`${host}:${port} listens`)));
    });
