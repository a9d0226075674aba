// A show on air with honest viewers, and the proof that what happened beside them did not touch them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { atEnd, bin, ffmpegPublish, json, makeSite, metricValue, Program, readMetrics, SANITIZER_ENV, startService, until } from './harness/index.mjs';

/** 500 ms is what viewers are promised; sanitizers double it. */
export const STALL_MAX_MS = 1000;
/** Added to ceilings of time as far as tasks had to wait for a processor meanwhile: the machine's share, not ours. */
const SHORTAGE_MS = 5000;

/** Since when: `const ceiling = await clockOfMachine()`, later `await ceiling(1000)`: 1000 ms, and more on a busy machine. */
export async function clockOfMachine() {
    const began = performance.now();
    const before = await waitedMs();
    return async (ms = STALL_MAX_MS) => ms + SHORTAGE_MS * Math.min(1, ((await waitedMs()) - before) / (performance.now() - began));
}

/** For how long some task was ready and had no processor (the kernel's pressure stall information). */
async function waitedMs() {
    const text = await readFile('/proc/pressure/cpu', 'utf8').catch(() => '');
    return Number(/^some .*total=(\d+)/.exec(text)?.[1] ?? 0) / 1000;
}

/** One second is what is promised until memory and queues are back. */
export const BACK_TO_BEFORE_MS = 10000;
/** Freed memory stays with the sanitizer's quarantine, which is set to 8 MiB here, and with its allocator. */
export const RSS_GROWTH_MAX_BYTES = 96 << 20;

const env = { ASAN_OPTIONS: `${SANITIZER_ENV.ASAN_OPTIONS}:quarantine_size_mb=8` };

export const rtmpUrl = (site, show) => `rtmp://127.0.0.1:${site.ports.rtmp}/live/${show}`;

/** Ingest and relay in one place, and a publisher on the show `market`. Options: flags of each, and the publisher's. */
export async function startShow(t, { ingest: ingestFlags = {}, relay: relayFlags = {}, publish = {}, show = 'market' } = {}) {
    const site = await makeSite(t);
    const ingest = await startService(t, 'ingest', { site, flags: ingestFlags, env });
    const relay = await startService(t, 'relay', { site, flags: { 'relay.workers': 2, ...relayFlags }, env });
    const chain = { site, ingest, relay, show, env };
    if (publish) {
        chain.publisher = await ffmpegPublish(t, rtmpUrl(site, show), publish);
        await untilPlayable(chain);
    }
    return chain;
}

/** Until the relay offers picture and sound for browsers. */
export async function untilPlayable({ relay, show }) {
    await until(`${show} to be playable`, async () => {
        const { tracks } = await json(`${relay.http}/api/v1/shows/${show}`);
        return tracks.some((one) => one.codec === 'h264') && tracks.some((one) => one.codec === 'opus');
    });
}

export const whepUrl = ({ relay }, show = 'market') => `${relay.http}/whep/${show}`;

const lastJson = (program) => JSON.parse(program.lines.findLast((line) => line.startsWith('{')) ?? 'null');

/** Honest viewers: whep-client, until `.leave()`, which resolves to its report. Resolves once all see a picture. */
export async function watch(t, chain, { viewers = 3, show = chain.show, args = [] } = {}) {
    const joined = () => chain.relay.metric('jangteo_relay_join_seconds_count');
    const before = await joined();
    const program = new Program('whep-client', path.join(bin, 'whep-client'), [
        ...['--url', whepUrl(chain, show), '--viewers', String(viewers), '--seconds', '3600', ...args],
    ]);
    atEnd(t, () => program.stop('SIGKILL'));
    await until('the viewers to see a picture', async () => {
        assert.equal(program.ended, undefined, program.tail());
        return (await joined()) >= before + viewers;
    });
    program.leave = async () => {
        await program.stop('SIGINT');
        program.assertClean();
        return lastJson(program);
    };
    program.assertClean = () => assert.doesNotMatch(program.text(), /Sanitizer|runtime error/);
    program.viewers = viewers;
    return program;
}

/** Viewers that misbehave (tests/rude/README.md) for some seconds; resolves to the report. */
export async function misbehave(t, chain, act, { viewers = 1, seconds = 3 } = {}) {
    const program = startMisbehaving(t, chain, act, { viewers, seconds });
    await program.end((seconds + 30) * 1000);
    return program.report();
}

export function startMisbehaving(t, chain, act, { viewers = 1, seconds = 3, show = chain.show } = {}) {
    const args = [whepUrl(chain, show), act, String(viewers), String(seconds)];
    const program = new Program('rude-viewer', path.join(bin, 'rude-viewer'), args);
    atEnd(t, () => program.stop('SIGKILL'));
    program.report = () => {
        assert.doesNotMatch(program.text(), /Sanitizer|runtime error/);
        return lastJson(program);
    };
    return program;
}

/** No frame lost or broken, no time running back, no long stall. */
export function assertUnharmed(report, { viewers, stallMaxMs = STALL_MAX_MS } = {}) {
    const text = JSON.stringify(report);
    assert.equal(report.ready, viewers ?? report.viewers, text);
    for (const key of ['lost', 'broken_frames', 'stamp_steps_back', 'unprotect_failures']) assert.equal(report[key], 0, `${key}: ${text}`);
    assert.ok(report.longest_gap_ms < stallMaxMs, `a stall of ${report.longest_gap_ms} ms: ${text}`);
}

const GAUGES = {
    ingest: ['process_open_fds', 'process_threads', 'jangteo_rtmp_connections', 'jangteo_ingest_workers', 'jangteo_ingest_peers'],
    relay: ['process_open_fds', 'process_threads', 'jangteo_relay_viewers'],
};

/** Gauges that must come back, and resident memory. */
export async function snapshot(chain) {
    const seen = {};
    for (const [name, gauges] of Object.entries(GAUGES)) {
        const samples = await chain[name].metrics();
        seen[name] = Object.fromEntries(gauges.map((gauge) => [gauge, metricValue(samples, gauge)]));
        seen[name].rss = metricValue(samples, 'process_resident_memory_bytes');
    }
    return seen;
}

/** No more descriptors, threads, viewers and connections than in `before`; resident memory about. */
export async function untilBack(chain, before) {
    let now, differences;
    const look = async () => {
        now = await snapshot(chain);
        differences = Object.keys(GAUGES).flatMap((name) =>
            GAUGES[name].filter((gauge) => now[name][gauge] > before[name][gauge]).map((gauge) => `${name} ${gauge}: ${before[name][gauge]} is ${now[name][gauge]}`),
        );
        return differences.length === 0;
    };
    await until('all to be as before', look, { timeoutMs: BACK_TO_BEFORE_MS }).catch(() => assert.fail(`not as before: ${differences}`));
    for (const name of Object.keys(GAUGES)) {
        const grown = now[name].rss - before[name].rss;
        assert.ok(grown < RSS_GROWTH_MAX_BYTES, `${name} grew by ${grown >> 10} KiB`);
    }
}

/** Run `attack(ceiling)` beside a publisher and honest viewers, who must not notice; afterwards all is as before. */
export async function besideWitnesses(t, chain, attack, { viewers = 3 } = {}) {
    const ceiling = await clockOfMachine();
    const before = await snapshot(chain);
    const witnesses = await watch(t, chain, { viewers });
    const frames = () => chain.ingest.metric('jangteo_ingest_frames_total', { kind: 'video' });
    await attack(ceiling);
    const seen = await frames();
    await until('the publisher to go on', async () => (await frames()) > seen + 15);
    assert.equal(chain.publisher.ended, undefined, 'the publisher goes on');
    const report = await witnesses.leave();
    assertUnharmed(report, { viewers, stallMaxMs: await ceiling() });
    await untilBack(chain, before);
    for (const service of [chain.ingest, chain.relay]) service.assertNoReport();
    return report;
}

/** By how much counters of the relay grow during `fn`: counts(chain, [[name, labels]...], fn). */
export async function growth(service, counters, fn) {
    const read = async () => {
        const samples = await readMetrics(service.admin);
        return counters.map(([name, labels]) => metricValue(samples, name, labels));
    };
    const before = await read();
    await fn();
    return (await read()).map((value, i) => value - before[i]);
}
