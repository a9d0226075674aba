// What the media worker costs: delay from AAC to Opus, and CPU, for one show in real time.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../integration/harness/index.mjs';
import { conditionsText, fixed, keepResult, table, writeSection } from './kit/document.mjs';
import { conditions, loadNow, scoped, tool } from './kit/place.mjs';
import { SHOW, startStage } from './kit/stage.mjs';
import { cpuSeconds, residentBytes } from './kit/usage.mjs';

const { values: given } = parseArgs({
    options: { seconds: { type: 'string', default: '20' }, write: { type: 'boolean', default: false } },
});
const seconds = Number(given.seconds);

/** The media worker, ingest's only child. */
function workerOf(ingest) {
    const children = readFileSync(`/proc/${ingest.pid}/task/${ingest.pid}/children`, 'utf8').trim().split(' ');
    return Number(children[0]);
}

async function measure(scope) {
    const { site, ingest } = await startStage(scope);
    await ingest.untilMetric('jangteo_ingest_workers', {}, (n) => n === 1);
    const control = path.join(site.runDir, 'ingest.sock');
    await run(tool('bench-worker-delay'), [control, SHOW, '5'], { timeoutMs: 60000 }); // plug-ins are loaded after it
    const pid = workerOf(ingest);
    const before = cpuSeconds(pid);
    const { code, text } = await run(tool('bench-worker-delay'), [control, SHOW, String(seconds)], { timeoutMs: 120000 });
    if (code !== 0) throw new Error(`bench-worker-delay failed: ${text}`);
    const cpu = (cpuSeconds(pid) - before) / seconds;
    return { ...JSON.parse(text), cpu, rss: residentBytes(pid).all };
}

const where = conditions();
const result = await scoped(measure);
const text = [
    conditionsText(where, loadNow()),
    '',
    table(
        [
            ['Opus frames', (r) => r.frames],
            ['p50, ms', (r) => fixed(1)(r.delay_ms.p50)],
            ['p95, ms', (r) => fixed(1)(r.delay_ms.p95)],
            ['p99, ms', (r) => fixed(1)(r.delay_ms.p99)],
            ['CPU, % of a core', (r) => fixed(1)(r.cpu * 100)],
            ['RSS, MB', (r) => fixed(0)(r.rss / 1e6)],
        ],
        [result],
    ),
].join('\n');
console.log(text);
await keepResult('worker', { conditions: where, result });
if (given.write) await writeSection('worker', text);
