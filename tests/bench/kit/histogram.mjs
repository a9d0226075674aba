// Percentiles of a Prometheus histogram between two readings.

/** [[upper bound, samples up to it], ...] of `name` in parsed metrics. */
export const bucketsOf = (samples, name) =>
    samples.filter((s) => s.name === `${name}_bucket`).map((s) => [Number(s.labels.le.replace('+Inf', 'Infinity')), s.value]);

/** The quantile `q` of what was added between `before` and `after`, linear within a bucket; undefined if nothing was. */
export function quantile(before, after, q) {
    const had = new Map(before);
    const grown = after.map(([bound, count]) => [bound, count - (had.get(bound) ?? 0)]).sort((a, b) => a[0] - b[0]);
    const total = grown.at(-1)?.[1] ?? 0;
    if (total === 0) return undefined;
    let [low, below] = [0, 0];
    for (const [bound, count] of grown) {
        if (count >= q * total && count > below) {
            return bound === Infinity ? Infinity : low + ((q * total - below) / (count - below)) * (bound - low);
        }
        [low, below] = [bound, count];
    }
    return Infinity;
}
