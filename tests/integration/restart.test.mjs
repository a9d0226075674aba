// Services and publishers that die and come back under viewers: threats R14, R15, V2, V13, V14.
import assert from 'node:assert/strict';
import test from 'node:test';
import { atEnd, Program, program as binary, request } from './harness/index.mjs';
import { audience, killIngest, killPublisher, small, whepSessions } from './comeback.mjs';
import { assertUnharmed, clockOfMachine, startShow, untilPlayable, watch } from './witness.mjs';

test('v2: ingest is killed under ten viewers, who keep their sessions and one time base', (t) => killIngest(t, { viewers: 10, rounds: 2 }));

test('r14 r15: the publisher is killed and returns, its viewers keep their sessions', (t) => killPublisher(t, { viewers: 4, rounds: 3 }));

test('r14: within the grace period the show waits, after it the show ends once', async (t) => {
    const chain = await startShow(t, { ingest: { 'show.grace_ms': 2000 }, publish: { ...small } });
    const viewers = await watch(t, chain, { viewers: 2 });
    await chain.publisher.stop('SIGKILL');
    await chain.relay.untilMetric('jangteo_relay_shows', { state: 'waiting' }, (n) => n === 1);
    await chain.relay.untilMetric('jangteo_relay_viewers_ended_total', { reason: 'show_ended' }, (n) => n === 2);
    assert.equal(chain.relay.lines.filter((line) => /show\.ended/.test(line)).length, 1);
    assert.equal((await request(`${chain.relay.http}/api/v1/shows/${chain.show}`)).status, 404);
    await viewers.stop('SIGKILL');
});

test('v14: a media worker that is killed costs its extra track for a moment, thrice in a minute it is given up', async (t) => {
    const chain = await startShow(t, { publish: { ...small } });
    const people = await audience(t, chain, 2);
    const sessions = await whepSessions(chain);
    const ceiling = await clockOfMachine();
    const exits = (check) => chain.ingest.untilMetric('jangteo_ingest_worker_exits_total', {}, check);
    for (let crash = 1; crash <= 3; crash++) {
        await untilPlayable(chain);
        const [, pid] = chain.ingest.lines.findLast((line) => /worker\.start/.test(line)).match(/pid=(\d+)/);
        process.kill(Number(pid), crash === 2 ? 'SIGABRT' : 'SIGKILL');
        await exits((n) => n === crash);
    }
    await chain.ingest.line(/worker_given_up/);
    const { warnings, tracks } = JSON.parse((await request(`${chain.relay.http}/api/v1/shows/${chain.show}`)).body);
    assert.deepEqual(warnings.map((one) => one.code), ['worker_given_up']);
    assert.ok(tracks.some((one) => one.codec === 'h264'), 'the picture goes on');
    await people.telling.stop('SIGINT');
    assert.ok(people.telling.report().longest_gap_ms < (await ceiling()));
    assert.equal(await whepSessions(chain), sessions);
    const report = await people.checked.leave();
    assert.equal(report.broken_frames, 0);
    assert.equal(report.stamp_steps_back, 0);
});

/** A service that must refuse to start, with the words it says. */
async function refusedStart(t, name, site, flags) {
    const args = Object.entries({ 'run.dir': site.runDir, 'data.dir': site.dataDir, ...flags }).map(([key, value]) => `--${key}=${value}`);
    const second = new Program(`second ${name}`, binary(name), args);
    atEnd(t, () => second.stop('SIGKILL'));
    const ended = await second.end();
    assert.notEqual(ended.code, 0);
    assert.equal(ended.signal, null, second.tail());
    assert.doesNotMatch(second.text(), /Sanitizer/);
    return second.text();
}

test('v13: a second ingest on the control socket is refused, the first goes on', async (t) => {
    const chain = await startShow(t, { publish: { ...small } });
    const viewers = await watch(t, chain);
    const free = (port) => `127.0.0.1:${port}`;
    const { base, ports } = chain.site;
    const ownPorts = { 'http.listen': free(base + 1), 'http.socket': `${chain.site.dir}/second.sock`, 'admin.listen': free(base + 2), 'rtmp.listen': free(base + 3) };
    assert.match(await refusedStart(t, 'ingest', chain.site, ownPorts), /part=ingest\.control .*in use/);
    const ownSocket = { ...ownPorts, 'ingest.control': `${chain.site.dir}/second-control.sock`, 'rtmp.listen': free(ports.rtmp), 'auth.publish': 'open' };
    assert.match(await refusedStart(t, 'ingest', chain.site, ownSocket), /part=rtmp\.listen .*in use/);
    chain.ingest.kill('SIGSTOP'); // asleep, it still holds what it holds
    try {
        assert.match(await refusedStart(t, 'ingest', chain.site, ownPorts), /part=ingest\.control .*in use/);
    } finally {
        chain.ingest.kill('SIGCONT');
    }
    const frames = await chain.ingest.metric('jangteo_ingest_frames_total', { kind: 'video' });
    await chain.ingest.untilMetric('jangteo_ingest_frames_total', { kind: 'video' }, (n) => n > frames + 30);
    assertUnharmed(await viewers.leave(), { stallMaxMs: Infinity });
});

test('v13: a second relay on the same ports is refused with the part that failed', async (t) => {
    const ceiling = await clockOfMachine();
    const chain = await startShow(t, { publish: { ...small } });
    const viewers = await watch(t, chain);
    const { base, ports } = chain.site;
    const own = { 'http.listen': `127.0.0.1:${base + 1}`, 'http.socket': `${chain.site.dir}/second.sock`, 'admin.listen': `127.0.0.1:${base + 2}` };
    const taken = await refusedStart(t, 'relay', chain.site, { ...own, 'rtc.listen': `127.0.0.1:${ports.rtc.relay}` });
    assert.match(taken, /part=rtc\.listen .*in use/);
    const http = await refusedStart(t, 'relay', chain.site, { ...own, 'rtc.listen': `127.0.0.1:${base + 4}`, 'http.listen': `127.0.0.1:${ports.http.relay}` });
    assert.match(http, /part=http\.listen .*in use/);
    assertUnharmed(await viewers.leave(), { stallMaxMs: await ceiling() });
});
