// Was the machine able to run what a test is about? Linux tells (PSI, Documentation/accounting/psi.rst).
import { readFile } from 'node:fs/promises';

const STARVED = 0.5; // share of the time in which somebody waited for a processor

async function waitedMs() {
    const text = await readFile('/proc/pressure/cpu', 'utf8').catch(() => '');
    return Number(/some .*total=(\d+)/.exec(text)?.[1] ?? 0) / 1000; // 0 where the kernel doesn't say
}

/** Resolves to {result of `body`, pressure: share of the time in which somebody waited, isStarved}. */
export async function underPressure(body) {
    const [waited, began] = [await waitedMs(), performance.now()];
    const result = await body();
    const pressure = ((await waitedMs()) - waited) / (performance.now() - began);
    return { result, pressure, isStarved: pressure > STARVED };
}
