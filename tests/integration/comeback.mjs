// Rounds of dying and coming back, for the short and the long tests.
import assert from 'node:assert/strict';
import { assertTogether, flashAndBeep, judge } from './av.mjs';
import { ffmpegPublish, startService, until } from './harness/index.mjs';
import { assertUnharmed, clockOfMachine, rtmpUrl, snapshot, startMisbehaving, startShow, untilBack, untilPlayable, watch } from './witness.mjs';

/** From the picture's return at ingest to the last viewer. */
const PICTURE_BACK_MAX_MS = 1000;
/** How far sender reports of one stream may disagree across restarts: one tick of rounding, not a new time base. */
const CLOCK_STEP_MAX_MS = 5;
export const small = { size: '320x180', kbps: 300, gop: 30 };

export const whepSessions = (chain) => chain.relay.metric('jangteo_relay_offers_total', { outcome: 'accepted' });

/** Two kinds of viewers: checked ones, and ones that tell gaps and clocks. */
export async function audience(t, chain, viewers) {
    const checked = await watch(t, chain, { viewers: Math.ceil(viewers / 2) });
    const telling = startMisbehaving(t, chain, 'none', { viewers: Math.floor(viewers / 2), seconds: 3600 });
    await telling.line(/^ready/);
    await until('sender reports', async () => (await chain.relay.metric('jangteo_relay_feedback_total', { kind: 'report' })) > 0);
    return { checked, telling, count: Math.floor(viewers / 2) };
}

/** Resolves once all telling viewers have said that the picture is back after a gap, `from` a line on. */
const pictureBack = ({ telling, count }, from) =>
    until('the picture to be back', () => telling.lines.slice(from).filter((line) => line.startsWith('gap ')).length >= count, { timeoutMs: 60000 });

/** The viewers leave: same sessions all the time, no frame out of order, one time base. */
async function assertOneCall(chain, { checked, telling }, sessions) {
    assert.equal(await whepSessions(chain), sessions, 'nobody had to make a new session');
    const report = await checked.leave();
    assertUnharmed(report, { stallMaxMs: Infinity });
    await telling.stop('SIGINT');
    const told = telling.report();
    assert.ok(told.reports > 0);
    assert.ok(told.clock_step_ms < CLOCK_STEP_MAX_MS, `the time base moved by ${told.clock_step_ms} ms`);
    assert.ok(told.av_step_ms < CLOCK_STEP_MAX_MS, `sound and picture moved by ${told.av_step_ms} ms`);
    return report;
}

/** kill -9 of ingest, then a new ingest and publisher, `rounds` times under `viewers`. */
export async function killIngest(t, { viewers, rounds }) {
    const publish = { ...small, ...flashAndBeep };
    const chain = await startShow(t, { publish });
    const before = await snapshot(chain);
    const people = await audience(t, chain, viewers);
    const judged = await judge(t, chain, chain.site.ports.spare);
    assertTogether(t, await judged.apart(judged.heard()), 'before');
    const sessions = await whepSessions(chain);
    for (let round = 0; round < rounds; round++) {
        const from = people.telling.lines.length;
        chain.ingest.kill('SIGKILL');
        await chain.ingest.end();
        await chain.relay.untilMetric('jangteo_relay_shows', { state: 'waiting' }, (n) => n === 1);
        await chain.publisher.stop('SIGKILL');
        chain.ingest = await startService(t, 'ingest', { site: chain.site, env: chain.env });
        chain.publisher = await ffmpegPublish(t, rtmpUrl(chain.site, chain.show), publish);
        await chain.ingest.line(/track\.new .*h264/);
        const live = performance.now();
        const ceiling = await clockOfMachine();
        await pictureBack(people, from);
        const took = performance.now() - live;
        t.diagnostic(`round ${round}: the picture was back after ${took.toFixed(0)} ms`);
        assert.ok(took < (await ceiling(PICTURE_BACK_MAX_MS)), `round ${round}: the picture was back after ${took} ms`);
        await untilPlayable(chain);
        assertTogether(t, await judged.apart(judged.heard()), `round ${round}`);
    }
    await judged.viewer.leave();
    await assertOneCall(chain, people, sessions);
    await untilBack(chain, before);
}

/** kill -9 of the publisher in all sorts of moments, and its return `awayMs` later. */
export async function killPublisher(t, { viewers, rounds, awayMs = 0 }) {
    const chain = await startShow(t, { publish: { ...small } });
    const people = await audience(t, chain, viewers);
    const sessions = await whepSessions(chain);
    let before;
    for (let round = 0; round < rounds; round++) {
        await pause(Math.random() * 1000);
        const from = people.telling.lines.length;
        await chain.publisher.stop('SIGKILL');
        await chain.ingest.untilMetric('jangteo_ingest_shows', { state: 'waiting' }, (n) => n === 1);
        await pause(awayMs);
        chain.publisher = await ffmpegPublish(t, rtmpUrl(chain.site, chain.show), small);
        await pictureBack(people, from);
        await untilPlayable(chain);
        before ??= await snapshot(chain); // after the first round all is there that a return costs
    }
    await untilBack(chain, before);
    assert.equal(await chain.ingest.metric('jangteo_ingest_publishers_total', { outcome: 'returned' }), rounds);
    await assertOneCall(chain, people, sessions);
}

/** Time that passes in a moment chosen at random, not for something to happen. */
const pause = (ms) => new Promise((resolve) => setTimeout(() => resolve(true), ms));

