// Pictures of pages for people to look at (build/screenshots), and axe-core's opinion of them.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { root } from '../../integration/harness/index.mjs';

const folder = path.join(root, 'build/screenshots');
export const PHONE = { width: 390, height: 844 };
export const SMALL_PHONE = { width: 360, height: 780 };
export const DESK = { width: 1280, height: 800 };

/** Take the page's picture as `name`, on a phone and on a desk, and assert that axe finds nothing serious (at the `checked` sizes). */
export async function look(page, name, sizes = [PHONE, DESK], checked = sizes) {
    mkdirSync(folder, { recursive: true });
    const before = page.viewportSize();
    for (const size of sizes) {
        await page.setViewportSize(size);
        await page.screenshot({ path: path.join(folder, `${name}-${size.width}.png`) });
        if (checked.includes(size)) await assertAccessible(page, `${name} at ${size.width}`);
    }
    await page.setViewportSize(before);
}

async function assertAccessible(page, what) {
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => node.html) }));
    });
    const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
    assert.deepEqual(serious, [], `${what}: ${JSON.stringify(serious)}`);
}

/** Of what went wrong on a page, all but the refusals, each of which the browser logs. */
export const withoutRefusals = (faults) => faults.filter((fault) => !/status of 4\d\d/.test(fault));
