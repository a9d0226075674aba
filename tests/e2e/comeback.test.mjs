// Services die under people who watch, talk and sell: the picture goes on, and the talk comes back with every line once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { atEnd, fileScope, until } from '../integration/harness/index.mjs';
import { Channel } from '../integration/channel.mjs';
import { PHONE } from './kit/look.mjs';
import { go, hears, ko, openMarketOnAir, said, say, signIn, toasted, untilMoving, visit, withoutBreaks } from './kit/market.mjs';
import { underPressure } from './kit/pressure.mjs';
import { longestGapMs, watchShow } from './kit/watch.mjs';

const VIEWERS = 3;
const FREEZE_MS = 1500; // from here on the page itself would say that it stalls
const FREEZE_STARVED_MS = 6000;

let market;
let browser;
let watchers;
let seller;
const file = fileScope(test);
test.before(async () => {
    market = await openMarketOnAir(file);
    browser = await launchBrowser(file);
    const { jangteo, show } = market;
    watchers = [];
    for (let i = 0; i < VIEWERS; i++) watchers.push(await watchShow(file, browser, jangteo, show, { viewport: PHONE }));
    seller = await visit(file, browser, jangteo, '/studio', { viewport: PHONE });
    await signIn(seller, 'suni');
    await seller.locator('.on-air .studio-talk').waitFor();
    for (const { page } of watchers) await untilMoving(page);
});

/** The seller at chat's own door, which is there while nothing else is. */
async function bystander(t) {
    const channel = new Channel(market.seller, market.show);
    atEnd(t, () => channel.close());
    const hello = await channel.open();
    assert.ok(hello.ok, JSON.stringify(hello));
    return async (text) => {
        const answer = await channel.ask('chat.send', { t: text }, { k: randomUUID() });
        assert.ok(answer.ok, JSON.stringify(answer));
    };
}

const pages = () => [...watchers.map(({ page }) => page), seller];

const allSay = (lines) =>
    Promise.all(
        pages().map(async (page) => {
            let seen;
            await until(`every page to have ${lines.length} lines`, async () => String((seen = await said(page))) === String(lines)).catch(() => assert.deepEqual(seen, lines));
        }),
    );

/** Do something that nobody's picture may suffer from: no gap, and nobody asks for it anew. */
async function underWatch(t, body) {
    for (const watcher of watchers) await watcher.forgetFrames();
    const posts = await Promise.all(watchers.map(async (watcher) => (await watcher.probe()).posts.length));
    const { pressure, isStarved } = await underPressure(body);
    for (const [i, watcher] of watchers.entries()) {
        await untilMoving(watcher.page);
        const probe = await watcher.probe();
        const gap = Math.max(longestGapMs(probe.frames), 0);
        t.diagnostic(`viewer ${i}: ${probe.frames.length} frames, longest gap ${gap.toFixed(0)} ms, processor wanted in vain ${(pressure * 100).toFixed(0)} % of the time`);
        assert.ok(gap < (isStarved ? FREEZE_STARVED_MS : FREEZE_MS), `no new frame for ${gap} ms`);
        assert.equal(probe.posts.length, posts[i], 'the picture was not asked for anew');
    }
}

const isBroken = (page) => page.getByText(ko.chat_broken).isVisible();
const untilBroken = () => until('the pages to notice', async () => (await Promise.all(pages().map(isBroken))).every(Boolean), { everyMs: 10 });

test('pitfall 36: the front door dies: what is said meanwhile is there once, for all', async (t) => {
    const { jangteo } = market;
    const tell = await bystander(t);
    const lines = ['하나', '둘'];
    for (const line of lines) await tell(line);
    await allSay(lines);
    await underWatch(t, async () => {
        await jangteo.killPart('front');
        for (const line of ['셋', '넷', '다섯']) await tell(line);
        await allSay([...lines, '셋', '넷', '다섯']);
        await tell('여섯');
        await allSay([...lines, '셋', '넷', '다섯', '여섯']);
    });
});

test('V3, pitfall 37: chat dies: the picture goes on, the list is replaced, and the seller goes on', async (t) => {
    const { jangteo, show, product } = market;
    const pin = seller.locator(`.pins [data-product="${product.id}"] .button`);
    await pin.click();
    for (const { page } of watchers) await page.locator('.product-card .tag').getByText(ko.pinned).waitFor();
    const [{ page: talker }] = watchers;
    await underWatch(t, async () => {
        const back = jangteo.killPart('chat');
        await untilBroken();
        await talker.fill('.compose-text', '들리나요?'); // said into nothing: stays in the line
        await talker.keyboard.press('Enter');
        await back;
        await until('the pages to be back', async () => !(await Promise.all(pages().map(isBroken))).some(Boolean));
        if ((await talker.inputValue('.compose-text')) !== '') await talker.keyboard.press('Enter');
        for (const page of pages()) await hears(page, '들리나요?');
    });
    await say(seller, '네, 다시 왔어요');
    await allSay(['들리나요?', '네, 다시 왔어요']); // what was before went with the history; nothing is there twice
    for (const { page } of watchers) assert.equal(await page.locator('.product-card .tag').textContent(), ko.pinned, 'what is kept is still so');
    const late = await visit(t, browser, jangteo, `/live/${show}`);
    await hears(late, '네, 다시 왔어요');
    assert.deepEqual(await said(late), ['들리나요?', '네, 다시 왔어요']);

    await seller.getByRole('button', { name: ko.notice }).click();
    await seller.fill('#notice [name=text]', '다시 시작해요');
    await seller.locator('[data-sheet=notice] .sheet-foot .button').click();
    await toasted(seller, ko.saved);
    for (const { page } of watchers) await page.locator('.notice-line').getByText('다시 시작해요').waitFor({ state: 'attached' }); // hidden under a keyboard
    await go(seller, 'orders');
    await seller.locator('.work[data-view=orders]').waitFor();
    for (const page of pages()) assert.deepEqual(withoutBreaks(page.faults), []);
});
