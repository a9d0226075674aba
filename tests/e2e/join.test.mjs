// Joining between two key frames that lie 8 s apart: the picture comes at once, and soon it is live.
// tests/bench/join.mjs holds the same figures to what an idle machine must reach.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { startJangteo } from '../integration/harness/index.mjs';
import { describeJoin, joinAt } from './kit/join.mjs';
import { underPressure } from './kit/pressure.mjs';
import { clockPublish } from './kit/publishers.mjs';

const GOP_FRAMES = 240;
const WANTED = { firstFrameMs: 1500, behindMs: 1000 };
const WANTED_STARVED = { firstFrameMs: 6000, behindMs: 2500 }; // of a machine that can't run encoder and browser in real time

test('joining an 8 s group of pictures', async (t) => {
    const jangteo = await startJangteo(t);
    const browser = await launchBrowser(t);
    const publisher = await clockPublish(t, `${jangteo.urls.rtmp}/clock`, { gop: GOP_FRAMES });

    for (const offsetMs of [1000, 4000, 7000]) {
        await t.test(`${offsetMs} ms after the key frame`, async (step) => {
            const { result: join, isStarved } = await underPressure(() =>
                joinAt(step, browser, jangteo, publisher, { offsetMs, gop: GOP_FRAMES }));
            step.diagnostic(describeJoin(join));
            const wanted = isStarved ? WANTED_STARVED : WANTED;
            assert.ok(join.firstFrameMs <= wanted.firstFrameMs, `first frame after ${join.firstFrameMs} ms`);
            assert.ok(join.behindAfter2sMs <= wanted.behindMs, `${join.behindAfter2sMs} ms behind after 2 s`);
        });
    }
});
