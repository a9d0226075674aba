// The viewer's page under observation: what it fetched, each frame it showed, what the browser says of the streams.
import { openPage } from '../../integration/harness/browser.mjs';
import { until, within } from '../../integration/harness/index.mjs';
import { readClock } from './clock.mjs';

/* Runs in the page before anything else. */
function observe(readClock) {
    const probe = { posts: [], frames: [], isReadingClock: false };
    const canvas = document.createElement('canvas');
    const fetchAsIs = window.fetch;
    window.probe = probe;
    window.fetch = (url, options) => {
        if (options?.method === 'POST' && String(url).includes('/whep/')) probe.posts.push(performance.now());
        return fetchAsIs(url, options);
    };
    const watch = (video) => {
        const onFrame = (now, about) => {
            const frame = { at: performance.now(), presented: about.presentedFrames, mediaTime: about.mediaTime };
            if (probe.isReadingClock) frame.behindMs = readClock(video, canvas, Date.now());
            probe.frames.push(frame);
            video.requestVideoFrameCallback(onFrame);
        };
        video.requestVideoFrameCallback(onFrame);
    };
    new MutationObserver((_, self) => {
        const video = document.querySelector('video');
        if (!video) return;
        self.disconnect();
        watch(video);
    }).observe(document, { childList: true, subtree: true });
    // How long this thread was kept from running: a busy machine shows here, not only a bad stream.
    let turnAt = performance.now();
    probe.longestTurnMs = 0;
    setInterval(() => {
        probe.longestTurnMs = Math.max(probe.longestTurnMs, performance.now() - turnAt);
        turnAt = performance.now();
    }, 20);
}

/* Runs in the page: the inbound streams of its player, by kind. */
async function readStreams() {
    const session = window.jangteo?.player?.session;
    const all = session ? [...(await session.getStats()).values()] : [];
    const inbound = all.filter((one) => one.type === 'inbound-rtp').map((one) => [one.kind, one]);
    return Object.fromEntries(inbound);
}

export class Watcher {
    constructor(page) {
        this.page = page;
    }

    state() {
        return this.page.evaluate(() => window.jangteo?.player?.state);
    }

    /** Wait until the page's player says one of `states`. */
    untilState(states, timeoutMs = 20000) {
        return until(`the page to be ${states}`, async () => [states].flat().includes(await this.state()), { timeoutMs });
    }

    streams() {
        return this.page.evaluate(readStreams);
    }

    /** What the page saw so far: {posts, frames, longestTurnMs}. Times are performance.now() of the page. */
    probe() {
        return this.page.evaluate(() => window.probe);
    }

    forgetFrames() {
        return this.page.evaluate(() => {
            window.probe.frames = [];
            window.probe.longestTurnMs = 0;
        });
    }

    clickSound() {
        return this.page.click('.sound');
    }

    /** Let `ms` of watching pass; resolves to {streams before and after, frames between, longestTurnMs, ms}. */
    async watchFor(ms) {
        await this.forgetFrames();
        const before = await this.streams();
        const wanted = before.video.timestamp + ms;
        const after = await until(
            `${ms} ms of watching`,
            async () => {
                const now = await this.streams();
                return now.video?.timestamp >= wanted && now;
            },
            { timeoutMs: ms + 20000, everyMs: 200 },
        );
        const { frames, longestTurnMs } = await this.probe();
        return { before, after, frames, longestTurnMs, ms: after.video.timestamp - before.video.timestamp };
    }
}

/** Open /live/NAME in a page of its own. `query`: '?lang=en' and such; `options` as openPage takes them. */
export async function watchShow(t, browser, jangteo, name, { query = '', readsClock = false, ...options } = {}) {
    const page = await openPage(t, browser, options);
    await page.addInitScript(`(${observe})(${readClock})`);
    if (readsClock) await page.addInitScript('window.probe.isReadingClock = true');
    await within('the page to load', page.goto(`${jangteo.urls.front}/live/${name}${query}`), 20000);
    return new Watcher(page);
}

/** The longest time between two frames shown, in ms. */
export function longestGapMs(frames) {
    let longest = 0;
    for (let i = 1; i < frames.length; i++) longest = Math.max(longest, frames[i].at - frames[i - 1].at);
    return longest;
}

/** The value below which the share `p` of `values` lies. */
export function percentile(values, p) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.round((sorted.length - 1) * p)];
}
