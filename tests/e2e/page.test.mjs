// The viewer's page and the front page: what they say in each state, and that they help themselves.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser, openPage } from '../integration/harness/browser.mjs';
import { ffmpegPublish, fileScope, startJangteo, untilShow, until } from '../integration/harness/index.mjs';
import { tables } from '../../web/js/strings.js';
import { look } from './kit/look.mjs';
import { watchShow } from './kit/watch.mjs';

const BACK_MS = 20000;
const WAITING_MS = 6000; // 2 to 3 s on an idle machine

let jangteo;
let browser;
const file = fileScope(test);
test.before(async () => {
    jangteo = await startJangteo(file);
    browser = await launchBrowser(file);
});

const publish = (t, name) => ffmpegPublish(t, `${jangteo.urls.rtmp}/${name}`, { size: '720x1280', gop: 60 });
const watch = (t, name, options) => watchShow(t, browser, jangteo, name, options);

/** The card in the middle says what `state` means, in the language of the page. */
async function assertCard(page, state, language = 'ko') {
    const card = page.locator(`.card[data-state=${state}]`);
    await card.waitFor();
    assert.equal(await card.locator('h2').textContent(), tables[language][state]);
    assert.equal(await card.locator('p').textContent(), tables[language][`${state}_hint`]);
}

/** New frames are shown. */
async function untilFramesGoOn(watcher, timeoutMs = BACK_MS) {
    await watcher.forgetFrames();
    await until('new frames', async () => (await watcher.probe()).frames.length > 10, { timeoutMs });
}

test('page: opened before the show, plays by itself', async (t) => {
    const watcher = await watch(t, 'soon');
    await assertCard(watcher.page, 'not_live');
    await look(watcher.page, 'not-live');
    await publish(t, 'soon');
    await watcher.untilState('playing');
    assert.equal(await watcher.page.locator('.card').count(), 0);
    assert.equal(await watcher.page.locator('.badge').textContent(), tables.ko.live);
    await until('one viewer to be told', async () =>
        (await watcher.page.locator('.count').textContent()) === tables.ko.watching.replace('{n}', '1'));
    await look(watcher.page, 'playing');
});

test('page: the chip turns the sound on and off', async (t) => {
    await publish(t, 'chip');
    const watcher = await watch(t, 'chip');
    await watcher.untilState('playing');
    const chip = watcher.page.locator('.sound');
    const isMuted = () => watcher.page.evaluate(() => document.querySelector('video').muted);
    for (const [pressed, label, muted] of [['false', 'sound_on', true], ['true', 'sound_off', false], ['false', 'sound_on', true]]) {
        assert.equal(await chip.getAttribute('aria-pressed'), pressed);
        assert.equal((await chip.textContent()).trim(), tables.ko[label]);
        assert.equal(await isMuted(), muted);
        await chip.click();
        await until('the chip to turn', async () => (await chip.getAttribute('aria-pressed')) !== pressed);
    }
});

test('v1 page: the seller is gone and comes back', async (t) => {
    const publisher = await publish(t, 'gone');
    const watcher = await watch(t, 'gone');
    await watcher.untilState('playing');
    publisher.kill('SIGKILL');
    const killedAt = performance.now();
    await watcher.untilState('waiting', WAITING_MS);
    t.diagnostic(`said so after ${Math.round(performance.now() - killedAt)} ms`);
    await assertCard(watcher.page, 'waiting');
    await look(watcher.page, 'waiting');
    const { posts } = await watcher.probe();
    await publish(t, 'gone');
    await watcher.untilState('playing');
    await untilFramesGoOn(watcher);
    assert.equal((await watcher.probe()).posts.length, posts.length, 'it had to connect anew');
});

test('v2 page: the relay is killed, the page is back by itself', async (t) => {
    await publish(t, 'killed');
    const watcher = await watch(t, 'killed');
    await watcher.untilState('playing');
    await watcher.forgetFrames();
    const killedAt = performance.now();
    await jangteo.killPart('relay');
    await until('a new session', async () => (await watcher.probe()).posts.length > 1, { timeoutMs: BACK_MS });
    await watcher.untilState('playing', BACK_MS);
    await untilFramesGoOn(watcher);
    t.diagnostic(`back after ${Math.round(performance.now() - killedAt)} ms`);
});

test('page: what the server refuses is told in words', async (t) => {
    const refusals = [
        ['full', 503, 'full'],
        ['b_frames', 406, 'b_frames'],
        ['unsupported', 406, 'codec_not_offered'],
    ];
    for (const [state, status, code] of refusals) {
        const page = await openPage(t, browser);
        await page.route('**/whep/**', (route) =>
            route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ status, code }) }));
        await page.goto(`${jangteo.urls.front}/live/refused`);
        await assertCard(page, state);
        await look(page, state.replace('_', '-'));
        await page.context().close();
    }
});

test('page: a browser without WebRTC is told so', async (t) => {
    const page = await openPage(t, browser);
    await page.addInitScript('delete window.RTCPeerConnection');
    await page.goto(`${jangteo.urls.front}/live/refused`);
    await assertCard(page, 'unsupported');
    assert.deepEqual(page.faults.filter((fault) => !/status of 404/.test(fault)), []); // nobody is on air by that name
});

test('page: a device that wants a tap gets a button', async (t) => {
    await publish(t, 'tap');
    const page = await openPage(t, browser);
    await page.addInitScript(() => {
        const play = HTMLMediaElement.prototype.play;
        let isTapped = false; // navigator.userActivation is also set by a test that looks at the page
        addEventListener('click', () => (isTapped = true), true);
        HTMLMediaElement.prototype.play = function () {
            return isTapped ? play.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
        };
        Object.defineProperty(HTMLMediaElement.prototype, 'autoplay', { get: () => false, set() {} });
    });
    await page.goto(`${jangteo.urls.front}/live/tap`);
    await assertCard(page, 'needs_tap');
    await look(page, 'needs-tap');
    await page.locator('.card button').click();
    await until('it to play', () => page.evaluate(() => window.jangteo.player.state === 'playing'));
});

test('page: Korean, unless English is asked for', async (t) => {
    for (const [locale, query, language] of [
        ['ko-KR', '', 'ko'],
        ['fr-FR', '', 'ko'],
        ['en-US', '', 'en'],
        ['ko-KR', '?lang=en', 'en'],
        ['en-US', '?lang=ko', 'ko'],
    ]) {
        const watcher = await watch(t, 'nobody', { locale, query });
        await assertCard(watcher.page, 'not_live', language);
        assert.equal(await watcher.page.evaluate(() => document.documentElement.lang), language);
        assert.equal(await watcher.page.title(), `nobody · ${tables[language].app}`);
        await watcher.page.context().close();
    }
});

test('front page: nothing on, then a show, and a way into it', async (t) => {
    const page = await openPage(t, browser);
    await page.route('**/api/v1/shows', (route) => route.fulfill({ json: [] }));
    await page.goto(`${jangteo.urls.front}/`);
    await page.getByText(tables.ko.shows_none).waitFor();
    await look(page, 'shows-none');
    await page.unroute('**/api/v1/shows');
    await publish(t, 'corner-shop');
    await untilShow(jangteo.urls.front, 'corner-shop');
    const link = page.getByRole('link', { name: 'corner-shop' });
    await link.waitFor();
    await look(page, 'shows');
    await link.click();
    await until('it to play', () => page.evaluate(() => window.jangteo?.player?.state === 'playing'));
    assert.deepEqual(page.faults, []);
});

test('front page: says when the server is out of reach', async (t) => {
    const page = await openPage(t, browser);
    await page.route('**/api/v1/shows', (route) => route.abort());
    await page.goto(`${jangteo.urls.front}/`);
    await page.getByText(tables.ko.shows_unreachable).waitFor();
});
