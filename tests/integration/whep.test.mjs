// Viewers through everything that can happen to a show: not there yet, waiting, ended; parts killed and started late.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
    ffmpegPublish,
    json,
    makeSite,
    postOffer,
    request,
    run,
    startJangteo,
    startService,
    startViewers,
    until,
    untilJoined,
    untilShow,
} from './harness/index.mjs';

const GOP = 30;
const BACK_MS = 5000; // "back within a couple of seconds", on a busy machine

const publish = (t, jangteo, name, options) => ffmpegPublish(t, `${jangteo.urls.rtmp}/${name}`, { gop: GOP, ...options });

function assertProblem(answer, status, code) {
    assert.equal(answer.status, status, answer.body);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    const problem = JSON.parse(answer.body);
    assert.equal(problem.status, status);
    assert.equal(problem.code, code);
}

/** What one viewer saw who must have stayed connected and whole. */
function assertUnbroken(seen) {
    assert.equal(seen.ready, seen.viewers);
    assert.equal(seen.lost, 0);
    assert.equal(seen.broken_frames, 0);
    assert.equal(seen.stamp_steps_back, 0);
    assert.equal(seen.unprotect_failures, 0);
}

const viewersOf = async (jangteo, name) => (await json(`${jangteo.urls.front}/api/v1/shows/${name}`)).viewers;

test('a show that is not live: 404, and when to ask again', async (t) => {
    const jangteo = await startJangteo(t);
    const answer = await postOffer(jangteo.urls.front, 'nobody');
    assertProblem(answer, 404, 'show_not_live');
    assert.equal(answer.headers['retry-after'], '1');
});

test('DELETE frees the viewer, once', async (t) => {
    const jangteo = await startJangteo(t);
    await publish(t, jangteo, 'leave');
    await untilShow(jangteo.urls.front, 'leave');
    const answer = await postOffer(jangteo.urls.front, 'leave');
    assert.equal(answer.status, 201);
    assert.match(answer.headers.location, /^\/whep\/leave\/[\w-]+$/);
    await jangteo.untilMetric('relay', 'jangteo_relay_viewers', {}, (n) => n === 1);
    const resource = jangteo.urls.front + answer.headers.location;
    assert.equal((await request(resource, { method: 'DELETE' })).status, 200);
    await jangteo.untilMetric('relay', 'jangteo_relay_viewers', {}, (n) => n === 0);
    assert.equal((await request(resource, { method: 'DELETE' })).status, 404);
});

test('a second publisher of a name is refused while the first lives', async (t) => {
    const jangteo = await startJangteo(t);
    const first = await publish(t, jangteo, 'mine');
    await untilShow(jangteo.urls.front, 'mine');
    const viewers = startViewers(t, jangteo.urls.front, 'mine', { seconds: 6 });
    await untilJoined(viewers);
    const second = ['-hide_banner', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10', '-c:v', 'libx264'];
    const refused = await run('ffmpeg', [...second, '-f', 'flv', `${jangteo.urls.rtmp}/mine`]);
    assert.notEqual(refused.code, 0);
    assert.equal(first.ended, undefined, 'the first publisher was thrown out');
    assertUnbroken(await viewers.result());
});

test('v1 a publisher that returns: viewers keep their connection, time goes on', async (t) => {
    const jangteo = await startJangteo(t);
    const { front } = jangteo.urls;
    const first = await publish(t, jangteo, 'pause');
    await untilShow(front, 'pause');
    const stayed = startViewers(t, front, 'pause', { seconds: 14 });
    await untilJoined(stayed);
    first.kill('SIGKILL');
    await until('the show to wait', async () => (await json(`${front}/api/v1/shows/pause`)).state === 'waiting');
    const came = startViewers(t, front, 'pause', { seconds: 11 }); // accepted, and waits
    await until('both viewers to count', async () => (await viewersOf(jangteo, 'pause')) === 2);

    await publish(t, jangteo, 'pause');
    await untilJoined(came);
    const [seen, seenByNew] = await Promise.all([stayed.result(), came.result()]);
    assertUnbroken(seen);
    assertUnbroken(seenByNew);
    assert.ok(seen.longest_gap_ms > 500, 'the publisher was never away');
    assert.ok(seen.frames > seenByNew.frames, 'the viewer who stayed saw nothing after the pause');
    const epochs = [...(await jangteo.log('relay')).matchAll(/show\.state show=pause state=live epoch=(\d+)/g)].map((m) => Number(m[1]));
    assert.ok(epochs.at(-1) > epochs[0], `epochs ${epochs}`);
});

test('v1 a show whose publisher does not return ends, and the server lets its viewers go', async (t) => {
    const jangteo = await startJangteo(t, { env: { JANGTEO_SHOW_GRACE_MS: '1000' } });
    const { front } = jangteo.urls;
    const publisher = await publish(t, jangteo, 'over');
    await untilShow(front, 'over');
    const viewers = startViewers(t, front, 'over', { seconds: 60 });
    await untilJoined(viewers);
    publisher.kill('SIGKILL');
    await jangteo.untilMetric('relay', 'jangteo_relay_viewers', {}, (n) => n === 0);
    assert.equal(viewers.ended, undefined, 'the viewer left by itself');
    assertProblem(await postOffer(front, 'over'), 404, 'show_not_live');
});

test('B-frames with no room to repair them: 406, and the seller is warned', async (t) => {
    const jangteo = await startJangteo(t, { env: { JANGTEO_WORKER_REPAIR_MAX: '0' } });
    const { front } = jangteo.urls;
    await publish(t, jangteo, 'bframes', { bframes: 2, extra: ['-preset', 'veryfast', '-tune', 'film'] });
    const show = await until('the warning', async () => {
        const now = await json(`${front}/api/v1/shows/bframes`);
        return now.warnings.length > 0 && now;
    });
    assert.deepEqual(show.warnings.map((warning) => warning.code), ['b_frames']);
    await until('the refusal', async () => (await postOffer(front, 'bframes')).status === 406);
    assertProblem(await postOffer(front, 'bframes'), 406, 'b_frames');
});

/** The worker of the only show. */
async function workerPid(jangteo) {
    const { text } = await run('pgrep', ['-P', String(await jangteo.pidOf('ingest')), '-x', 'jangteo-worker']);
    assert.match(text, /^\d+$/);
    return Number(text);
}

test('a killed worker: sound is back soon, the picture never noticed', async (t) => {
    const jangteo = await startJangteo(t);
    await publish(t, jangteo, 'sound');
    await untilShow(jangteo.urls.front, 'sound');
    const viewers = startViewers(t, jangteo.urls.front, 'sound', { seconds: 10 });
    await untilJoined(viewers);
    const killed = await workerPid(jangteo);
    process.kill(killed, 'SIGKILL');
    await until('another worker', async () => (await workerPid(jangteo)) !== killed);
    const seen = await viewers.result();
    t.diagnostic(`sound gap ${seen.audio_gap_ms.max} ms, picture gap ${seen.longest_gap_ms} ms`);
    assertUnbroken(seen);
    assert.ok(seen.audio_gap_ms.max > 200, 'the sound never stopped: was it the right worker?');
    assert.ok(seen.audio_gap_ms.max < BACK_MS);
    assert.ok(seen.longest_gap_ms < seen.audio_gap_ms.max, 'the picture stopped with the sound');
});

test('a killed worker: the repaired picture is back soon', async (t) => {
    const jangteo = await startJangteo(t);
    await publish(t, jangteo, 'repair', { bframes: 2, extra: ['-preset', 'veryfast', '-tune', 'film'] });
    const show = await untilShow(jangteo.urls.front, 'repair', ['h264/repaired', 'opus']);
    assert.deepEqual(show.warnings.map((warning) => warning.code), ['b_frames_repaired']);
    const viewers = startViewers(t, jangteo.urls.front, 'repair', { seconds: 12 });
    await untilJoined(viewers);
    process.kill(await workerPid(jangteo), 'SIGKILL');
    const seen = await viewers.result();
    t.diagnostic(`picture gap ${seen.longest_gap_ms} ms`);
    assertUnbroken(seen);
    assert.ok(seen.longest_gap_ms > 200, 'the picture never stopped: was it the right worker?');
    assert.ok(seen.longest_gap_ms < BACK_MS);
});

test('v2 a relay started late finds the show and joins at once', async (t) => {
    const site = await makeSite(t);
    await startService(t, 'ingest', { site });
    const publisher = await ffmpegPublish(t, `rtmp://127.0.0.1:${site.ports.rtmp}/live/late`, { gop: 240 });
    await publisher.line(/^frame=(3\d|[4-9]\d|\d{3,})/); // well after its only key frame
    const relay = await startService(t, 'relay', { site });
    await untilShow(relay.http, 'late');
    const seen = await startViewers(t, relay.http, 'late', { viewers: 3, seconds: 3 }).result();
    t.diagnostic(`first key frame ms ${JSON.stringify(seen.first_key_ms)}`);
    assertUnbroken(seen);
    assert.equal(seen.with_key, 3);
    assert.ok(seen.first_key_ms.max < 2000, 'joiners waited for the next key frame');
    assert.equal(publisher.ended, undefined, 'the publisher noticed');
});

test('v2 ingest restarted: viewers keep their connection and go on', async (t) => {
    const jangteo = await startJangteo(t);
    const { front } = jangteo.urls;
    await publish(t, jangteo, 'again');
    await untilShow(front, 'again');
    const viewers = startViewers(t, front, 'again', { seconds: 14 });
    await untilJoined(viewers);
    await jangteo.killPart('ingest');
    await until('the show to wait', async () => (await json(`${front}/api/v1/shows/again`)).state === 'waiting');
    await until('ingest to take publishers', async () => (await request(`${jangteo.urls['ingest-admin']}/readyz`)).status === 200);
    await publish(t, jangteo, 'again');
    const before = (await viewersOf(jangteo, 'again'));
    assert.equal(before, 1);
    const seen = await viewers.result();
    t.diagnostic(`gap ${seen.longest_gap_ms} ms, ${seen.keyframes} key frames`);
    assertUnbroken(seen);
    assert.ok(seen.longest_gap_ms > 300, 'the picture never stopped');
    assert.ok(seen.longest_gap_ms < 11000, 'the picture came back late');
    assert.ok(seen.keyframes >= 3);
});
