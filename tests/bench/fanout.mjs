// What a viewer costs the relay: CPU per delivered packet, memory, delay (scripts/bench fanout).
import { parseArgs } from 'node:util';
import { metricValue, run } from '../integration/harness/index.mjs';
import { conditionsText, fixed, keepResult, table, writeSection } from './kit/document.mjs';
import { bucketsOf, quantile } from './kit/histogram.mjs';
import { conditions, loadNow, pause, scoped, tool } from './kit/place.mjs';
import { isOwnNamespace, makeSink } from './kit/sink.mjs';
import { Viewers, startStage } from './kit/stage.mjs';
import { cpuSeconds, residentBytes, threadSeconds } from './kit/usage.mjs';

const RTC_PORT = 8190;
const DELAY = 'jangteo_relay_frame_delay_seconds';
const SAMPLES = 20; // checked viewers, at least

const { values: given } = parseArgs({
    options: {
        viewers: { type: 'string', default: '10,100,500,1000' },
        workers: { type: 'string', default: '1,2' },
        mode: { type: 'string', default: 'loopback,sink' },
        seconds: { type: 'string', default: '10' },
        settle: { type: 'string', default: '30' }, // after the last join: OpenSSL's handshake state is gone by then
        'join-rate': { type: 'string', default: '100' },
        'twcc-ms': { type: 'string', default: '0' },
        gro: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false }, // into docs/performance.md
    },
});
const numbers = (text) => text.split(',').map(Number);
const seconds = Number(given.seconds);

/** Everything at one moment. */
async function reading({ relay, ingest }, viewers) {
    const metrics = await relay.metrics();
    const mark = await viewers.mark();
    return {
        at: performance.now(),
        relay: cpuSeconds(relay.pid),
        workers: threadSeconds(relay.pid, 'relay-'),
        ingest: cpuSeconds(ingest.pid),
        sent: metricValue(metrics, 'jangteo_relay_rtp_packets_total'),
        sends: metricValue(metrics, 'jangteo_relay_sends_total'),
        dropped: metricValue(metrics, 'jangteo_relay_send_drops_total'),
        sheds: metricValue(metrics, 'jangteo_relay_sheds_total'),
        slow: metricValue(metrics, 'jangteo_loop_slow_total'),
        viewers: metricValue(metrics, 'jangteo_relay_viewers'),
        ended: metrics.filter((s) => s.name === 'jangteo_relay_viewers_ended_total'),
        delay: bucketsOf(metrics, DELAY),
        resident: residentBytes(relay.pid),
        mark,
    };
}

function compare(a, b, mode) {
    const received = b.mark.packets - a.mark.packets;
    const sent = b.sent - a.sent;
    const delivered = mode === 'sink' ? sent : received;
    const perPacket = (cpu) => (cpu * 1e6) / delivered;
    const wall = (b.at - a.at) / 1000;
    return {
        packets_per_s: delivered / wall,
        us_per_packet: perPacket(b.relay - a.relay),
        worker_us_per_packet: perPacket(b.workers - a.workers),
        packets_per_send: sent / (b.sends - a.sends),
        relay_cores: (b.relay - a.relay) / wall,
        ingest_cores: (b.ingest - a.ingest) / wall,
        client_us_per_packet: mode === 'sink' ? undefined : ((b.mark.cpu_s - a.mark.cpu_s) * 1e6) / received,
        delay_p50_ms: 1000 * quantile(a.delay, b.delay, 0.5),
        delay_p99_ms: 1000 * quantile(a.delay, b.delay, 0.99),
        dropped: b.dropped - a.dropped,
        sheds: b.sheds - a.sheds,
        slow_callbacks: b.slow - a.slow,
        viewers_left: b.viewers,
        ended: b.ended,
        rss_bytes: a.resident.all,
        anonymous_bytes: a.resident.anonymous,
        leaked_into_sink: mode === 'sink' ? received : undefined,
    };
}

async function fixedSender(name, viewers, sink) {
    const args = ['--viewers', viewers, '--seconds', Math.min(seconds, 5)];
    if (sink) args.push('--to', sink.there, '--port', RTC_PORT);
    const { code, text } = await run(tool(`bench-${name}`), args.map(String), { timeoutMs: 120000 });
    if (code !== 0) throw new Error(`bench-${name} failed: ${text}`);
    return JSON.parse(text);
}

async function relayFigures(scope, viewers, workers, mode, sink) {
    const flags = { 'relay.workers': workers, 'rtc.setup_ms': 60000 }; // whoever joins is to stay
    if (sink) {
        flags['rtc.listen'] = `0.0.0.0:${RTC_PORT}`;
        flags['rtc.advertise'] = sink.here;
    }
    const stage = await startStage(scope, flags);
    const args = ['--join-rate', given['join-rate'], '--twcc-ms', given['twcc-ms']];
    args.push('--sample', Math.max(1, Math.floor(viewers / SAMPLES)));
    if (given.gro) args.push('--gro');
    if (sink) args.push('--unix', stage.relay.socketPath);
    const crowd = new Viewers(scope, stage.relay, viewers, args, sink?.prefix);
    await crowd.joined();
    sink?.close();
    await pause(Number(given.settle));
    const before = await reading(stage, crowd);
    await pause(seconds);
    const after = await reading(stage, crowd);
    return { ...compare(before, after, mode), client: await crowd.finish() };
}

/** One row: the relay, and the fixed senders right after it, with the same sink. */
async function measure(viewers, workers, mode) {
    return scoped(async (scope) => {
        const sink = mode === 'sink' ? await makeSink(scope, RTC_PORT, '/tmp') : undefined;
        const figures = await scoped((inner) => relayFigures(inner, viewers, workers, mode, sink));
        const floor = await fixedSender('floor', viewers, sink);
        const naive = await fixedSender('naive', viewers, sink);
        return { mode, viewers, workers, load: loadNow(), ...figures, floor, naive };
    });
}

const lossOf = (row) => row.client.lost + row.client.counted_lost;
const COLUMNS = [
    ['viewers', (r) => String(r.viewers)],
    ['workers', (r) => String(r.workers)],
    ['packets/s', (r) => fixed(0)(r.packets_per_s)],
    ['relay, µs/packet', (r) => `**${fixed(2)(r.us_per_packet)}**`],
    ['floor', (r) => fixed(2)(r.floor.us_per_packet)],
    ['naive', (r) => fixed(2)(r.naive.us_per_packet)],
    ['relay / floor', (r) => fixed(2)(r.us_per_packet / r.floor.us_per_packet)],
    ['relay / naive', (r) => fixed(2)(r.us_per_packet / r.naive.us_per_packet)],
    ['packets/send', (r) => fixed(2)(r.packets_per_send)],
    ['ingest, % of a core', (r) => fixed(1)(r.ingest_cores * 100)],
    ['client, µs/packet', (r) => fixed(2)(r.client_us_per_packet)],
    ['delay p50 / p99, ms', (r) => `${fixed(1)(r.delay_p50_ms)} / ${fixed(1)(r.delay_p99_ms)}`],
    ['sheds', (r) => String(r.sheds)],
    ['lost', (r) => (r.mode === 'sink' ? undefined : String(lossOf(r)))],
    ['RSS, MB', (r) => fixed(1)(r.rss_bytes / 1e6)],
    ['load', (r) => fixed(1)(r.load)],
];

/** (RSS of the most viewers − RSS of 100) / difference, per mode and number of workers. */
function memoryLines(rows) {
    const lines = [];
    for (const small of rows.filter((r) => r.viewers === 100)) {
        const same = rows.filter((r) => r.mode === small.mode && r.workers === small.workers && r.viewers > 100);
        const big = same.sort((a, b) => b.viewers - a.viewers)[0];
        if (!big) continue;
        const each = (key) => ((big[key] - small[key]) / (big.viewers - small.viewers) / 1024).toFixed(1);
        lines.push(
            `${small.mode}, ${small.workers} worker(s): ${each('rss_bytes')} KiB a viewer (RSS at ${big.viewers} − RSS at 100), ` +
                `${each('anonymous_bytes')} KiB of them anonymous`,
        );
    }
    return lines;
}

function text(result) {
    const parts = [conditionsText(result.conditions, result.load_after)];
    for (const f of result.failed) parts.push(`No figures for ${f.viewers} viewers, ${f.workers} worker(s), ${f.mode}: ${f.error} (load ${f.load}).`);
    for (const mode of new Set(result.rows.map((r) => r.mode)))
        parts.push(
            mode === 'sink' ? 'Into a sink (tc egress of a veth, before segmentation):' : `On loopback, client ${given.gro ? 'with' : 'without'} GRO:`,
            table(COLUMNS, result.rows.filter((r) => r.mode === mode)),
        );
    const memory = memoryLines(result.rows).map((line) => `- ${line}`);
    if (memory.length > 0) parts.push(`Memory:\n\n${memory.join('\n')}`);
    return parts.join('\n\n');
}

/** A row that fails (viewers that could not join) is told, and does not take the others with it. */
async function addRow(result, viewers, workers, mode) {
    const what = `${mode}, ${viewers} viewers, ${workers} worker(s)`;
    try {
        const row = await measure(viewers, workers, mode);
        const [relay, floor, naive] = [row, row.floor, row.naive].map((r) => r.us_per_packet.toFixed(2));
        console.error(`${what}: ${relay} µs a packet, floor ${floor}, naive ${naive}`);
        result.rows.push(row);
    } catch (error) {
        console.error(`${what}: no figures at load ${loadNow()}: ${error.message}`);
        result.failed.push({ mode, viewers, workers, load: loadNow(), error: error.message });
        process.exitCode = 1;
    }
}

/** Why a sink can't be made here; undefined if it can. */
async function sinkProblem() {
    if (!isOwnNamespace()) return 'needs root and a network namespace of our own (unshare --net)';
    try {
        await scoped(async (scope) => (await makeSink(scope, RTC_PORT, '/tmp')).close());
    } catch (error) {
        return `${error.message.trim().split('\n').join('; ')} (needs veth, cls_bpf, clang, tc)`;
    }
}

async function main() {
    let modes = given.mode.split(',');
    const problem = modes.includes('sink') ? await sinkProblem() : undefined;
    if (problem) console.error(`no sink: ${problem}`);
    if (problem) modes = modes.filter((mode) => mode !== 'sink');
    const result = { conditions: conditions(), options: given, rows: [], failed: [] };
    for (const mode of modes)
        for (const workers of numbers(given.workers))
            for (const viewers of numbers(given.viewers)) await addRow(result, viewers, workers, mode);
    result.load_after = loadNow();
    console.log(text(result));
    console.error(`raw figures: ${await keepResult('fanout', result)}`);
    if (given.write) await writeSection('fanout', text(result));
}

await main();
