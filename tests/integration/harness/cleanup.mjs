// What a test started ends in the opposite order (node:test's own t.after runs first things first).

const stacks = new WeakMap();

/** Call `fn` (may be async) after the test `t`, later registrations first; a failure doesn't keep the others from running. */
export function atEnd(t, fn) {
    if (!stacks.has(t)) {
        const stack = [];
        stacks.set(t, stack);
        t.after(() => unwind(stack));
    }
    stacks.get(t).push(fn);
}

async function unwind(stack) {
    const failures = [];
    while (stack.length > 0) {
        try {
            await stack.pop()();
        } catch (error) {
            failures.push(error);
        }
    }
    if (failures.length > 0) throw failures[0];
}

/**
 * A stand-in for `t` that lives as long as the tests of a file, for things they share:
 *   const file = fileScope(test); test.before(async () => { service = await startService(file, 'relay'); });
 */
export function fileScope(test) {
    const stack = [];
    const scope = { after: (fn) => stack.push(fn) };
    test.after(() => unwind(stack));
    return scope;
}
