// One viewer joins at a chosen point between two key frames; how soon there is a picture, and how live it is.
import { until } from '../../integration/harness/index.mjs';
import { longestGapMs, percentile, watchShow } from './watch.mjs';

const FPS = 30;
const SETTLED_MS = 2000;

/* Wait until `offsetMs` after a key frame was drawn (a moment in time, as exactly as a browser's start allows). */
function untilOffset(publisher, offsetMs, gop) {
    const gopMs = (gop * 1000) / FPS;
    return until(
        `${offsetMs} ms after a key frame`,
        () => Math.abs(((Date.now() - publisher.lastKeyAt()) % gopMs) - offsetMs) < 60,
        { everyMs: 10 },
    );
}

/**
 * Join and watch for `watchMs`. Resolves to the figures, in ms:
 *   offsetMs, firstFrameMs (POST to first frame shown), behindAfter2sMs, behind: {p50, p95} of all frames later than 2 s,
 *   longestGapMs of those, bufferMs of both jitter buffers, soundLagMs (how much the sound is later than the picture).
 */
export async function joinAt(t, browser, jangteo, publisher, { offsetMs, gop, watchMs = 6000 }) {
    await untilOffset(publisher, offsetMs, gop);
    const name = 'clock';
    const watcher = await watchShow(t, browser, jangteo, name, { readsClock: true });
    await watcher.untilState('playing');
    await watcher.clickSound();
    const { posts, frames } = await until('frames', async () => {
        const probe = await watcher.probe();
        return probe.frames.length > 0 && probe.frames.at(-1).at - probe.posts[0] > watchMs && probe;
    }, { timeoutMs: watchMs + 20000 });
    const { video, audio } = await watcher.streams();
    await watcher.page.context().close();
    const later = frames.filter((frame) => frame.at - posts[0] > SETTLED_MS && frame.behindMs !== undefined);
    const behind = later.map((frame) => frame.behindMs);
    return {
        offsetMs,
        posts: posts.length,
        firstFrameMs: frames[0].at - posts[0],
        firstBehindMs: frames[0].behindMs,
        behindAfter2sMs: later[0]?.behindMs,
        behind: { p50: percentile(behind, 0.5), p95: percentile(behind, 0.95) },
        read: behind.length / frames.filter((frame) => frame.at - posts[0] > SETTLED_MS).length,
        longestGapMs: longestGapMs(later),
        bufferMs: { video: bufferMs(video), audio: bufferMs(audio) },
        soundLagMs: (video.estimatedPlayoutTimestamp ?? NaN) - (audio.estimatedPlayoutTimestamp ?? NaN),
        frames,
        video,
        audio,
        postAt: posts[0],
    };
}

const bufferMs = (one) => (one.jitterBufferDelay * 1000) / one.jitterBufferEmittedCount;

export function describeJoin(join) {
    const { behind, bufferMs: buffer } = join;
    const words = [`first frame after ${join.firstFrameMs.toFixed(0)} ms (${join.firstBehindMs} ms old)`];
    words.push(`${join.behindAfter2sMs} ms behind after 2 s`, `later p50 ${behind.p50} p95 ${behind.p95}`);
    words.push(`longest gap ${join.longestGapMs.toFixed(0)}`, `buffers ${buffer.video.toFixed(0)}/${buffer.audio.toFixed(0)}`);
    words.push(`sound ${join.soundLagMs.toFixed(0)} later than picture`, `clock read ${(join.read * 100).toFixed(0)} %`);
    return words.join(', ');
}
