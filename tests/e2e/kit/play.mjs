// What "it plays" means, for the short and the long test alike.
import assert from 'node:assert/strict';
import { longestGapMs } from './watch.mjs';

const FPS_MIN = 25;
const FREEZE_MS = 300;
const UNSCHEDULED_MS = 120; // the page itself was kept from running so long: what it saw proves nothing
const ATTEMPTS = 3;

/** Watch for `ms`; again when the machine, not the stream, stood still. Resolves to what was measured. */
async function watchUndisturbed(t, watcher, ms) {
    for (let attempt = 1; ; attempt++) {
        const seen = await watcher.watchFor(ms);
        const wasDisturbed = seen.longestTurnMs > UNSCHEDULED_MS && longestGapMs(seen.frames) > FREEZE_MS;
        if (!wasDisturbed || attempt === ATTEMPTS) return seen;
        t.diagnostic(`the page stood still for ${Math.round(seen.longestTurnMs)} ms: watching again`);
    }
}

/** Assert that the page plays picture and sound of 30 frames a second for `ms`, and print the figures. */
export async function assertPlays(t, watcher, ms) {
    await watcher.untilState('playing');
    await watcher.clickSound();
    const seen = await watchUndisturbed(t, watcher, ms);
    const { before, after } = seen;
    const fps = ((after.video.framesDecoded - before.video.framesDecoded) * 1000) / seen.ms;
    const gap = longestGapMs(seen.frames);
    const energy = after.audio.totalAudioEnergy - before.audio.totalAudioEnergy;
    t.diagnostic(
        `${fps.toFixed(1)} fps decoded, ${after.video.framesDropped} dropped, longest gap ${gap.toFixed(0)} ms, ` +
            `sound energy ${energy.toFixed(3)}, ${after.video.codecId ? '' : 'no codec '}${after.video.frameWidth}x${after.video.frameHeight}`,
    );
    assert.ok(fps >= FPS_MIN, `${fps} frames a second`);
    assert.ok(gap <= FREEZE_MS, `no new frame for ${gap} ms`);
    assert.ok(energy > 0.01, `energy of the sound grew by ${energy}`);
    assert.equal(await watcher.state(), 'playing');
    assert.deepEqual(watcher.page.faults, []);
}
