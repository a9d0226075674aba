// Prometheus text (exposition format 0.0.4), as /metrics gives it.
import { request } from './http.mjs';
import { until } from './wait.mjs';

const unescape = (text) => text.replace(/\\(n|\\|")/g, (_, c) => (c === 'n' ? '\n' : c));

/** [{name, labels, value}] of a metrics page. Throws on a line that is neither sample nor comment. */
export function parseMetrics(text) {
    const samples = [];
    for (const line of text.split('\n')) {
        if (line === '' || line.startsWith('#')) continue;
        const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
        if (!parts) throw new Error(`not a metric: ${line}`);
        const labels = {};
        for (const [, key, value] of (parts[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g)) labels[key] = unescape(value);
        samples.push({ name: parts[1], labels, value: Number(parts[3].replace('Inf', 'Infinity')) });
    }
    return samples;
}

/** The sum of the samples named `name` that carry at least `labels`; 0 if there are none. */
export function metricValue(samples, name, labels = {}) {
    return samples
        .filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v))
        .reduce((sum, s) => sum + s.value, 0);
}

/** Read `${admin}/metrics`. */
export async function readMetrics(admin) {
    return parseMetrics((await request(`${admin}/metrics`)).body);
}

/** Wait until `check(value)` holds for the named metric; resolves to the value. */
export async function untilMetric(admin, name, labels, check, options) {
    let value;
    await until(
        `${name}${JSON.stringify(labels)} to satisfy ${check} (last value: see cause)`,
        async () => {
            value = metricValue(await readMetrics(admin), name, labels);
            if (!check(value)) throw new Error(`${name} is ${value}`);
            return true;
        },
        options,
    );
    return value;
}
