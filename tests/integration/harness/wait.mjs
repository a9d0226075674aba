// Waiting for what a test expects to happen, with a ceiling, never for a length of time.

export const PATIENCE_MS = 60000; // generous: two busy cores and sanitizers

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Ask `question` (may be async) until its answer is truthy, and return the answer. Errors it throws count as "not
 * yet"; after the ceiling the last one becomes the cause.
 */
export async function until(what, question, { timeoutMs = PATIENCE_MS, everyMs = 25 } = {}) {
    const end = performance.now() + timeoutMs;
    let cause;
    for (;;) {
        try {
            const answer = await question();
            if (answer) return answer;
            cause = undefined;
        } catch (error) {
            cause = error;
        }
        if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause });
        await pause(everyMs);
    }
}

/** Settle like `promise`, or reject after the ceiling, saying what was awaited. */
export function within(what, promise, timeoutMs = PATIENCE_MS) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms in vain for: ${what}`)), timeoutMs);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
