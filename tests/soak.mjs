// A long run under mixed load (threat V15): see scripts/soak. Usage: soak.mjs MINUTES
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bin, ffmpegPublish, metricValue, Program, request, startJangteo, until } from './integration/harness/index.mjs';

const MINUTES = Number(process.argv[2]);
const SAMPLE_MS = 10000;
const WARM_UP_MS = Math.min(5, MINUTES / 2) * 60000;
const SERVICES = ['ingest', 'relay', 'chat'];

/** Of private memory. What may come on top of the slope: allocators take memory in pieces. */
const MEMORY_SLOPE_MAX_MIB_PER_H = 1;
const MEMORY_NOISE_MIB = 2;
/** Medians of the first and the last third are compared: guests come and go in between. */
const SHARED_MORE_MAX_MIB = 64; // rings, which are touched bit by bit until they are full; those of guests come and go
const FDS_MORE_MAX = 6;
const THREADS_MORE_MAX = 0;
const P99_FACTOR_MAX = 3;
const P99_FLOOR_S = 0.06; // below it the machine speaks, not we

const GRACE_MS = 5000; // shows of guests end soon
const STEADY_VIEWERS = 10;
const GUEST_VIEWERS = 5;
const small = { size: '320x180', fps: 25, kbps: 1200, gop: 50 }; // rings are full after two minutes

/** What the harness asks of a test: somewhere to leave what must be done in the end. */
const ends = [];
const scope = { after: (fn) => ends.unshift(fn) };
const over = { at: performance.now() + MINUTES * 60000, yes: () => performance.now() > over.at };
let jangteo;
const load = { publishers: 0, viewers: 0, vanished: 0, refused: 0 };

const random = (low, high) => low + Math.random() * (high - low);
const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

/** A show that is published for some seconds, ends properly or vanishes, and sometimes returns within its grace. */
async function guestPublisher(name) {
    while (!over.yes()) {
        const own = [];
        try {
            const publisher = await ffmpegPublish({ after: (fn) => own.push(fn) }, `${jangteo.urls.rtmp}/${name}`, small);
            load.publishers++;
            await pause(random(3000, 12000));
            await publisher.stop(oneOf(['SIGINT', 'SIGKILL']));
        } catch (error) {
            load.refused++; // the name is still live for the server
        }
        for (const end of own) await end().catch(() => {});
        await pause(random(500, 2 * GRACE_MS));
    }
}

/** Viewers who stay for some seconds and leave, or vanish without a word. */
async function guestViewers(show) {
    while (!over.yes()) {
        const viewers = new Program('whep-client', path.join(bin, 'whep-client'), [
            ...['--url', `${jangteo.urls.front}/whep/${show}`, '--viewers', String(GUEST_VIEWERS), '--seconds', '60'],
        ]);
        await pause(random(1000, 8000));
        const isVanishing = Math.random() < 0.2;
        await viewers.stop(isVanishing ? 'SIGKILL' : 'SIGINT');
        load.viewers += GUEST_VIEWERS;
        load.vanished += isVanishing ? GUEST_VIEWERS : 0;
        await pause(random(200, 3000));
    }
}

/** A histogram's buckets: [[upper bound, count so far]]. */
const bucketsOf = (samples, name) =>
    samples.filter((one) => one.name === `${name}_bucket`).map((one) => [Number(one.labels.le.replace('+Inf', 'Infinity')), one.value]);

/** The bound below which 99 % of what came between two looks lie. */
function p99(before, now) {
    const counts = now.map(([bound, count], i) => [bound, count - (before[i]?.[1] ?? 0)]);
    const total = counts.at(-1)?.[1] ?? 0;
    return total > 0 ? counts.find(([, count]) => count >= 0.99 * total)[0] : undefined;
}

/** Private and shared memory in MiB, as the kernel counts them. */
async function memoryOf(service) {
    const status = await readFile(`/proc/${await jangteo.pidOf(service)}/status`, 'utf8');
    const mib = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) / 1024;
    return { memory: mib('RssAnon'), shared: mib('RssShmem') };
}

async function sample(delays) {
    const line = { at: performance.now() };
    for (const service of SERVICES) {
        const samples = await jangteo.metrics(service);
        line[service] = {
            ...(await memoryOf(service)),
            fds: metricValue(samples, 'process_open_fds'),
            threads: metricValue(samples, 'process_threads'),
        };
        if (service !== 'relay') continue;
        const buckets = bucketsOf(samples, 'jangteo_relay_frame_delay_seconds');
        line.p99 = p99(delays.last ?? buckets.map(([bound]) => [bound, 0]), buckets);
        delays.last = buckets;
        line.viewers = metricValue(samples, 'jangteo_relay_viewers');
    }
    return line;
}

function print(line, began) {
    const cells = SERVICES.map((service) => `${service} ${line[service].memory.toFixed(1)}+${line[service].shared.toFixed(1)} MiB ${line[service].fds} fds ${line[service].threads} threads`);
    console.log(`${((line.at - began) / 60000).toFixed(1)} min: ${cells.join(', ')}; ${line.viewers} viewers, p99 of frame delay ${line.p99 ?? '-'} s`);
}

/** Least squares, per hour. */
function slope(lines, value) {
    const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
    const x = lines.map((line) => line.at / 3600000);
    const y = lines.map(value);
    const [mx, my] = [mean(x), mean(y)];
    return x.reduce((sum, one, i) => sum + (one - mx) * (y[i] - my), 0) / x.reduce((sum, one) => sum + (one - mx) ** 2, 0);
}

const signed = (number) => (number >= 0 ? `+${number}` : String(number));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const thirds = (lines) => [lines.slice(0, Math.ceil(lines.length / 3)), lines.slice(-Math.ceil(lines.length / 3))];

/** How things went after the warm-up; returns what went too far. */
function judge(lines) {
    const faults = [];
    const hours = (lines.at(-1).at - lines[0].at) / 3600000;
    const [first, last] = thirds(lines);
    const more = (value) => median(last.map(value)) - median(first.map(value));
    for (const service of SERVICES) {
        const memory = slope(lines, (line) => line[service].memory);
        const shared = more((line) => line[service].shared);
        const fds = more((line) => line[service].fds);
        const threads = more((line) => line[service].threads);
        console.log(
            `${service}: memory ${memory.toFixed(2)} MiB/h (${(memory * hours).toFixed(2)} MiB here), shared ${signed(shared.toFixed(1))} MiB, descriptors ${signed(fds)}, threads ${signed(threads)}`,
        );
        if (memory * hours > MEMORY_SLOPE_MAX_MIB_PER_H * hours + MEMORY_NOISE_MIB) faults.push(`${service}'s memory grows by ${memory.toFixed(2)} MiB an hour`);
        if (shared > SHARED_MORE_MAX_MIB) faults.push(`${service} has ${shared.toFixed(1)} MiB of shared memory more`);
        if (fds > FDS_MORE_MAX) faults.push(`${service} has ${fds} descriptors more`);
        if (threads > THREADS_MORE_MAX) faults.push(`${service} has ${threads} threads more`);
    }
    const delay = (list) => median(list.map((line) => line.p99 ?? 0));
    console.log(`frame delay p99: ${delay(first)} s, then ${delay(last)} s`);
    if (delay(last) > P99_FLOOR_S && delay(last) > P99_FACTOR_MAX * delay(first)) faults.push(`frames lie ${delay(last)} s`);
    return faults;
}

async function main() {
    jangteo = await startJangteo(scope, { env: { JANGTEO_SHOW_GRACE_MS: String(GRACE_MS) } });
    const steady = await ffmpegPublish(scope, `${jangteo.urls.rtmp}/steady`, small);
    await until('the show', async () => (await request(`${jangteo.urls.front}/api/v1/shows/steady`)).status === 200);
    const viewers = new Program('whep-client', path.join(bin, 'whep-client'), [
        ...['--url', `${jangteo.urls.front}/whep/steady`, '--viewers', String(STEADY_VIEWERS), '--seconds', String(MINUTES * 60 + 600)],
    ]);
    const guests = [guestPublisher('guest-a'), guestPublisher('guest-b'), guestViewers('steady'), guestViewers('steady'), guestViewers('guest-a')];
    const began = performance.now();
    const lines = [];
    const delays = {};
    while (!over.yes()) {
        lines.push(await sample(delays));
        print(lines.at(-1), began);
        await pause(Math.max(0, began + lines.length * SAMPLE_MS - performance.now()));
    }
    await Promise.all(guests);
    await viewers.stop('SIGINT');
    const seen = JSON.parse(viewers.lines.findLast((line) => line.startsWith('{')));
    console.log(`load: ${JSON.stringify(load)}; steady viewers: ${seen.frames} frames, ${seen.lost} lost, ${seen.broken_frames} broken, longest stall ${seen.longest_gap_ms} ms`);
    const faults = judge(lines.filter((line) => line.at - began >= WARM_UP_MS));
    if (seen.broken_frames || seen.stamp_steps_back || seen.ready !== STEADY_VIEWERS) faults.push(`steady viewers: ${JSON.stringify(seen)}`);
    if (steady.ended) faults.push('the steady publisher was cut off');
    return faults;
}

let faults;
try {
    faults = await main();
} catch (error) {
    faults = [error.stack];
}
for (const end of ends) await end().catch((error) => faults.push(String(error))); // leaves nothing, and no sanitizer report
for (const fault of faults) console.error(`FAULT: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
