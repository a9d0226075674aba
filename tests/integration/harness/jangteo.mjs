// Everything at once, as scripts/run starts it, on shifted ports in a folder of its own.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { bin, folder, portBlock, portsOf, root } from './places.mjs';
import { Program, run, sanitizerReport } from './process.mjs';
import { readMetrics, untilMetric } from './metrics.mjs';
import { until } from './wait.mjs';

export class Jangteo extends Program {
    constructor(dir, base, { args = ['--open'], env, data = path.join(dir, 'data') } = {}) {
        const place = ['--bin', bin, '--data', data, '--ports', String(base)];
        super('scripts/run', path.join(root, 'scripts/run'), [...place, ...args], { env });
        this.data = data;
        this.base = base;
        this.ports = portsOf(base);
        this.urls = {}; // of the ready line: front, rtmp, whep, ingest, ingest-admin, ...
    }

    async ready() {
        const [line] = await this.line(/^ready .*/, { timeoutMs: 60000 });
        for (const word of line.split(' ').slice(1)) {
            const [key, ...value] = word.split('=');
            this.urls[key] = value.join('=');
        }
        return this;
    }

    /** The process of a part (chat, ingest, relay, front, publisher), as its supervisor knows it. */
    async pidOf(part) {
        return Number(await readFile(path.join(this.data, 'service', part, 'supervise/pid'), 'utf8'));
    }

    /** Send a signal to a part; resolves once another process has taken its place, to that one's pid. */
    async killPart(part, signal = 'SIGKILL') {
        const before = await this.pidOf(part);
        process.kill(before, signal);
        return until(`${part} to be started again`, async () => {
            const now = await this.pidOf(part);
            return now > 0 && now !== before && now;
        });
    }

    log(part) {
        return readFile(path.join(this.data, 'log', part, 'current'), 'utf8');
    }

    metrics(service) {
        return readMetrics(this.urls[`${service}-admin`]);
    }

    untilMetric(service, name, labels, check, options) {
        return untilMetric(this.urls[`${service}-admin`], name, labels, check, options);
    }

    /** Stop it and assert what the command promises: exit 0, no process, no socket; and no sanitizer report. */
    async stopClean(signal = 'SIGTERM') {
        const ended = await this.stop(signal, 60000);
        assert.deepEqual(ended, { code: 0, signal: null }, `scripts/run ended with an error:\n${this.tail()}`);
        await this.assertNothingLeft();
        await this.assertNoReport();
    }

    async assertNothingLeft() {
        const { text } = await run('pgrep', ['-af', '--', this.data]);
        assert.equal(text, '', `still running: ${text}`);
        assert.ok(!existsSync(path.join(this.data, 'run')), 'sockets are left');
    }

    async assertNoReport() {
        const logs = path.join(this.data, 'log');
        for (const part of existsSync(logs) ? await readdir(logs) : []) {
            const report = sanitizerReport(await this.log(part));
            assert.equal(report, undefined, `${part}: ${report}`);
        }
    }
}

/**
 * Start scripts/run (default: --open) and wait for its ready line. After the test it is stopped and must leave
 * nothing behind.
 */
export async function startJangteo(t, options = {}) {
    const jangteo = new Jangteo(await folder(t), await portBlock(t), options);
    atEnd(t, () => (jangteo.ended ? undefined : jangteo.stopClean()));
    return jangteo.ready();
}
