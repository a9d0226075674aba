// What "it plays" means, for the short and the long test alike.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { launchBrowser } from '../../integration/harness/browser.mjs';
import { fileScope, folder, startJangteo } from '../../integration/harness/index.mjs';
import { encode720, filePublish, gstPublish720 } from './publishers.mjs';
import { longestGapMs, watchShow } from './watch.mjs';

const FPS_MIN = 25;
const FREEZE_MS = 300;
const ENERGY_MIN = 0.01; // of one second of speech, about; silence has 0
const STARVED = 0.5; // share of the time in which somebody waited for a processor: what was seen proves nothing
const ATTEMPTS = 3;

/* Microseconds in which somebody waited for a processor (Linux PSI); 0 where the kernel doesn't say. */
async function waitedUs() {
    const text = await readFile('/proc/pressure/cpu', 'utf8').catch(() => '');
    return Number(/some .*total=(\d+)/.exec(text)?.[1] ?? 0);
}

async function watchOnce(watcher, ms) {
    const before = await waitedUs();
    const seen = await watcher.watchFor(ms);
    return {
        fps: ((seen.after.video.framesDecoded - seen.before.video.framesDecoded) * 1000) / seen.ms,
        dropped: seen.after.video.framesDropped - seen.before.video.framesDropped,
        gapMs: longestGapMs(seen.frames),
        energy: seen.after.audio.totalAudioEnergy - seen.before.audio.totalAudioEnergy,
        starved: ((await waitedUs()) - before) / 1000 / seen.ms,
    };
}

const isGood = (seen) => seen.fps >= FPS_MIN && seen.gapMs <= FREEZE_MS;

/** Assert that the page plays picture and sound of 30 frames a second for `ms`, and print the figures. */
export async function assertPlays(t, watcher, ms) {
    await watcher.untilState('playing');
    await watcher.clickSound();
    let seen;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        seen = await watchOnce(watcher, ms);
        t.diagnostic(
            `${seen.fps.toFixed(1)} fps decoded, ${seen.dropped} dropped, longest gap ${seen.gapMs.toFixed(0)} ms, ` +
                `sound energy ${seen.energy.toFixed(3)}, processor wanted in vain ${(seen.starved * 100).toFixed(0)} % of the time`,
        );
        if (isGood(seen) || seen.starved < STARVED) break;
    }
    assert.ok(seen.fps >= FPS_MIN, `${seen.fps} frames a second`);
    assert.ok(seen.gapMs <= FREEZE_MS, `no new frame for ${seen.gapMs} ms`);
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
    let films;
    const file = fileScope(test);
    test.before(async () => {
        films = await folder(file);
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
        const flv = path.join(films, `${name}.flv`);
        await encode720(flv, encoders[name], (ms / 1000) * ATTEMPTS + 15);
        return filePublish(t, url, flv);
    };
    test('ffmpeg, x264 without B-frames, plays', plays('ffmpeg', film('live')));
    test('GStreamer, rtmp2sink, plays', plays('gst2', (t, url) => gstPublish720(t, url, 'rtmp2sink')));
    test('GStreamer, rtmpsink, plays', plays('gst1', (t, url) => gstPublish720(t, url, 'rtmpsink')));
    test('ffmpeg, x264 with its defaults, plays', plays('defaults', film('defaults')));
}
