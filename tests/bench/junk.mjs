// Junk at the WebRTC port with viewers beside it, who may lose nothing they would not lose without (threat I4).
import { parseArgs } from 'node:util';
import { metricValue, run } from '../integration/harness/index.mjs';
import { conditionsText, fixed, keepResult, table, writeSection } from './kit/document.mjs';
import { conditions, loadNow, pause, scoped, tool } from './kit/place.mjs';
import { Viewers, startStage } from './kit/stage.mjs';
import { cpuSeconds } from './kit/usage.mjs';

const LOST_FOR_SURE_S = 2; // whep-client gives a packet up after 1.5 s

const { values: given } = parseArgs({
    options: {
        viewers: { type: 'string', default: '20' },
        workers: { type: 'string', default: '1,2' },
        rate: { type: 'string', default: '200000' },
        seconds: { type: 'string', default: '5' },
        write: { type: 'boolean', default: false },
    },
});
const seconds = Number(given.seconds);

/** Datagrams the relay looked at and threw away, by whatever part of it. */
const thrownAway = (metrics) =>
    metrics.filter((s) => /^jangteo_(rtc_dropped|relay_datagrams)_total$/.test(s.name)).reduce((sum, s) => sum + s.value, 0);

async function reading({ relay }, crowd) {
    const mark = await crowd.mark();
    const metrics = await relay.metrics();
    return {
        at: performance.now() / 1000,
        cpu: cpuSeconds(relay.pid),
        lost: mark.lost,
        packets: mark.packets,
        thrown: thrownAway(metrics),
        delay: metricValue(metrics, 'jangteo_relay_frame_delay_seconds_sum'),
        frames: metricValue(metrics, 'jangteo_relay_frame_delay_seconds_count'),
    };
}

/** What happened between two readings around `body`. */
async function during(stage, crowd, body) {
    const before = await reading(stage, crowd);
    const result = await body();
    await pause(LOST_FOR_SURE_S);
    const after = await reading(stage, crowd);
    const grown = Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]));
    return { ...grown, delay_ms: (1000 * grown.delay) / grown.frames, result };
}

async function flood(port) {
    const args = ['--port', port, '--rate', given.rate, '--seconds', given.seconds].map(String);
    const { code, text } = await run(tool('bench-junk'), args, { timeoutMs: 60000 });
    if (code !== 0) throw new Error(`bench-junk failed: ${text}`);
    return JSON.parse(text);
}

async function measure(workers) {
    return scoped(async (scope) => {
        const stage = await startStage(scope, { 'relay.workers': workers });
        const crowd = new Viewers(scope, stage.relay, Number(given.viewers), []);
        await crowd.joined();
        await pause(LOST_FOR_SURE_S);
        const quiet = await during(stage, crowd, () => pause(seconds));
        const loud = await during(stage, crowd, () => flood(stage.site.ports.rtc.relay));
        const client = await crowd.finish();
        const idle_cpu = (quiet.cpu / quiet.at) * loud.at;
        return {
            workers,
            load: loadNow(),
            quiet,
            loud,
            client,
            sent_per_s: loud.result.sent / loud.result.seconds,
            answers: loud.result.answers,
            seen: loud.thrown,
            us_per_datagram: ((loud.cpu - idle_cpu) * 1e6) / loud.thrown,
        };
    });
}

const COLUMNS = [
    ['workers', (r) => String(r.workers)],
    ['junk/s', (r) => fixed(0)(r.sent_per_s)],
    ['reached the relay, %', (r) => fixed(1)((100 * r.seen) / r.loud.result.sent)],
    ['relay, µs/datagram', (r) => fixed(2)(r.us_per_datagram)],
    ['answers', (r) => String(r.answers)],
    ['lost by viewers without / with junk', (r) => `${r.quiet.lost} / ${r.loud.lost}`],
    ['broken frames', (r) => String(r.client.broken_frames)],
    ['mean frame delay without / with, ms', (r) => `${fixed(2)(r.quiet.delay_ms)} / ${fixed(2)(r.loud.delay_ms)}`],
    ['load', (r) => fixed(1)(r.load)],
];

async function main() {
    const result = { conditions: conditions(), options: given, rows: [] };
    for (const workers of given.workers.split(',').map(Number)) result.rows.push(await measure(workers));
    result.load_after = loadNow();
    const text = [
        conditionsText(result.conditions, result.load_after),
        `${given.viewers} viewers, all checked; ${seconds} s each without and with junk.`,
        table(COLUMNS, result.rows),
    ].join('\n\n');
    console.log(text);
    console.error(`raw figures: ${await keepResult('junk', result)}`);
    if (given.write) await writeSection('junk', text);
    const worse = result.rows.filter((r) => r.loud.lost > r.quiet.lost || r.answers > 0);
    if (worse.length > 0) {
        console.error('viewers lost packets beside junk, or junk was answered');
        process.exitCode = 1;
    }
}

await main();
