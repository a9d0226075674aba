// Encoder to eye: ffmpeg and GStreamer publish by RTMP, Chromium plays the page.
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { fileScope, startJangteo } from '../integration/harness/index.mjs';
import { assertPlays } from './kit/play.mjs';
import { ffmpegPublish720, gstPublish720 } from './kit/publishers.mjs';
import { watchShow } from './kit/watch.mjs';

const WATCH_MS = 15000;
const live = ['-preset', 'ultrafast', '-bf', '0', '-g', '60'];

let jangteo;
let browser;
const file = fileScope(test);
test.before(async () => {
    jangteo = await startJangteo(file);
    browser = await launchBrowser(file);
});

const plays = (name, publish) => async (t) => {
    await publish(t, `${jangteo.urls.rtmp}/${name}`);
    await assertPlays(t, await watchShow(t, browser, jangteo, name), WATCH_MS);
};

test('ffmpeg, x264 without B-frames, plays', plays('ffmpeg', (t, url) => ffmpegPublish720(t, url, live)));
test('GStreamer, rtmp2sink, plays', plays('gst2', (t, url) => gstPublish720(t, url, 'rtmp2sink')));
test('GStreamer, rtmpsink, plays', plays('gst1', (t, url) => gstPublish720(t, url, 'rtmpsink')));
// High profile, B-frames, 250 frames between key frames: the picture comes re-encoded.
test('ffmpeg, x264 with its defaults, plays', plays('defaults', (t, url) => ffmpegPublish720(t, url, [])));
