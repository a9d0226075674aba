// What "it plays" means, for the short and the long test alike.
import assert from 'node:assert/strict';
import { launchBrowser } from '../../integration/harness/browser.mjs';
import { fileScope, startJangteo } from '../../integration/harness/index.mjs';
import { underPressure } from './pressure.mjs';
import { film720, filePublish, gstPublish720 } from './publishers.mjs';
import { longestGapMs, watchShow } from './watch.mjs';

const WANTED = { fps: 25, freezeMs: 300 };
const WANTED_STARVED = { fps: 12, freezeMs: 2000 }; // of a machine that can't run encoder and browser in real time
const ENERGY_MIN = 0.01; // of one second of speech, about; silence has 0

async function watchFor(watcher, ms) {
    const seen = await watcher.watchFor(ms);
    return {
        fps: ((seen.after.video.framesDecoded - seen.before.video.framesDecoded) * 1000) / seen.ms,
        dropped: seen.after.video.framesDropped - seen.before.video.framesDropped,
        gapMs: longestGapMs(seen.frames),
        energy: seen.after.audio.totalAudioEnergy - seen.before.audio.totalAudioEnergy,
    };
}

/** Assert that the page plays picture and sound of 30 frames a second for `ms`, and print the figures. */
export async function assertPlays(t, watcher, ms) {
    await watcher.untilState('playing');
    await watcher.clickSound();
    const { result: seen, pressure, isStarved } = await underPressure(() => watchFor(watcher, ms));
    t.diagnostic(
        `${seen.fps.toFixed(1)} fps decoded, ${seen.dropped} dropped, longest gap ${seen.gapMs.toFixed(0)} ms, ` +
            `sound energy ${seen.energy.toFixed(3)}, processor wanted in vain ${(pressure * 100).toFixed(0)} % of the time`,
    );
    const wanted = isStarved ? WANTED_STARVED : WANTED;
    assert.ok(seen.fps >= wanted.fps, `${seen.fps} frames a second`);
    assert.ok(seen.gapMs <= wanted.freezeMs, `no new frame for ${seen.gapMs} ms`);
    assert.ok(seen.energy > ENERGY_MIN, `energy of the sound grew by ${seen.energy}`);
    assert.equal(await watcher.state(), 'playing');
    assert.deepEqual(watcher.page.faults, []);
}

const encoders = {
    live: ['-preset', 'ultrafast', '-bf', '0', '-g', '60'],
    defaults: [], // High profile, B-frames, 250 frames between key frames: the picture comes re-encoded
};

/** Define the tests: each way to publish plays for `ms`. */
export function playTests(test, ms) {
    let jangteo;
    let browser;
    const file = fileScope(test);
    test.before(async () => {
        jangteo = await startJangteo(file);
        browser = await launchBrowser(file);
    });

    const plays = (name, publish) => async (t) => {
        await publish(t, `${jangteo.urls.rtmp}/${name}`);
        const watcher = await watchShow(t, browser, jangteo, name);
        await assertPlays(t, watcher, ms);
        return watcher;
    };
    const film = (name) => async (t, url) => {
        const seconds = ms / 1000 + 15;
        return filePublish(t, url, await film720(`${name}-${seconds}s`, encoders[name], seconds));
    };
    test('ffmpeg, x264 without B-frames, plays', plays('ffmpeg', film('live')));
    test('GStreamer, rtmp2sink, plays', plays('gst2', (t, url) => gstPublish720(t, url, 'rtmp2sink')));
    test('GStreamer, rtmpsink, plays', plays('gst1', (t, url) => gstPublish720(t, url, 'rtmpsink')));
    test('ffmpeg, x264 with its defaults, plays', plays('defaults', film('defaults')));
}
