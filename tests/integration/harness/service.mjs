// One service on its own, on shifted ports, in a folder of its own.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { request } from './http.mjs';
import { metricValue, readMetrics, untilMetric } from './metrics.mjs';
import { folder, portBlock, portsOf, program } from './places.mjs';
import { Program, sanitizerReport } from './process.mjs';
import { until } from './wait.mjs';

/** A place that services started together share: run folder, data folder, port block. */
export async function makeSite(t) {
    const dir = await folder(t);
    const base = await portBlock(t);
    const site = { dir, base, ports: portsOf(base), runDir: path.join(dir, 'run'), dataDir: dir };
    await mkdir(site.runDir, { mode: 0o750 });
    return site;
}

function defaultFlags(name, { ports, runDir, dataDir }) {
    const flags = {
        'run.dir': runDir,
        'data.dir': dataDir,
        'http.listen': `127.0.0.1:${ports.http[name]}`,
        'admin.listen': `127.0.0.1:${ports.admin[name]}`,
    };
    if (name === 'ingest') Object.assign(flags, { 'rtmp.listen': `127.0.0.1:${ports.rtmp}`, 'auth.publish': 'open' });
    if (name === 'relay') flags['rtc.listen'] = `127.0.0.1:${ports.rtc.relay}`;
    return flags;
}

export class Service extends Program {
    constructor(name, site, { flags = {}, env } = {}) {
        const all = { ...defaultFlags(name, site), ...flags };
        super(name, program(name), Object.entries(all).map(([key, value]) => `--${key}=${value}`), { env });
        this.site = site;
        this.http = `http://${all['http.listen']}`;
        this.admin = `http://${all['admin.listen']}`;
        this.socketPath = path.join(site.runDir, `${name}-http.sock`);
    }

    async ready() {
        await until(`${this.name} to be ready`, async () => {
            if (this.ended) return true;
            return (await request(`${this.admin}/readyz`)).status === 200;
        });
        if (this.ended) throw new Error(`${this.name} ended at start:\n${this.tail()}`);
        return this;
    }

    metrics() {
        return readMetrics(this.admin);
    }

    async metric(name, labels) {
        return metricValue(await this.metrics(), name, labels);
    }

    untilMetric(name, labels, check, options) {
        return untilMetric(this.admin, name, labels, check, options);
    }

    /** Stop by SIGTERM and assert a clean end: exit 0, no sanitizer report. */
    async stopClean(signal = 'SIGTERM') {
        const ended = await this.stop(signal);
        this.assertNoReport();
        assert.deepEqual(ended, { code: 0, signal: null }, `${this.name} ended with an error:\n${this.tail()}`);
    }

    assertNoReport() {
        const report = sanitizerReport(this.text());
        assert.equal(report, undefined, `${this.name}: ${report}`);
    }
}

/**
 * Start a service and wait until it is ready. Without `site` it gets one of its own. After the test it is stopped and
 * must have ended cleanly, unless the test ended it itself (then only sanitizer reports count).
 */
export async function startService(t, name, { site, ...options } = {}) {
    const service = new Service(name, site ?? (await makeSite(t)), options);
    atEnd(t, () => (service.ended ? service.assertNoReport() : service.stopClean()));
    return service.ready();
}
