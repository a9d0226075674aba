// Joining between two key frames that lie 8 s apart: the picture comes at once, and soon it is live.
// tests/bench/join.mjs holds the same figures to what an idle machine must reach.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { startJangteo } from '../integration/harness/index.mjs';
import { describeJoin, joinAt } from './kit/join.mjs';
import { clockPublish } from './kit/publishers.mjs';

const GOP_FRAMES = 240;
const FIRST_FRAME_MS = 1500;
const BEHIND_MS = 1000;

test('joining an 8 s group of pictures', async (t) => {
    const jangteo = await startJangteo(t);
    const browser = await launchBrowser(t);
    const publisher = await clockPublish(t, `${jangteo.urls.rtmp}/clock`, { gop: GOP_FRAMES });

    for (const offsetMs of [1000, 4000, 7000]) {
        await t.test(`${offsetMs} ms after the key frame`, async (step) => {
            const join = await joinAt(step, browser, jangteo, publisher, { offsetMs, gop: GOP_FRAMES });
            step.diagnostic(describeJoin(join));
            assert.ok(join.firstFrameMs <= FIRST_FRAME_MS, `first frame after ${join.firstFrameMs} ms`);
            assert.ok(join.behindAfter2sMs <= BEHIND_MS, `${join.behindAfter2sMs} ms behind after 2 s`);
        });
    }
});
