// Talk on the pages with the real chat: who is put out is out, what is deleted is seen by nobody.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { atEnd, fileScope, until } from '../integration/harness/index.mjs';
import { Channel } from '../integration/channel.mjs';
import { Person } from '../integration/people.mjs';
import { enter, hears, ko, openMarket, said, say, signIn, visit } from './kit/market.mjs';
import { sheet } from './kit/pages.mjs';
import { underPressure } from './kit/pressure.mjs';

const OUT_MS = 1000;
const OUT_STARVED_MS = 10000;

let market;
let browser;
const file = fileScope(test);
test.before(async () => {
    market = await openMarket(file);
    browser = await launchBrowser(file);
});

/** Wait for what has to happen within a second, if the machine lets it. */
async function withinASecond(t, what, question) {
    const began = performance.now();
    const { pressure, isStarved } = await underPressure(() => until(what, question, { everyMs: 10 }));
    const tookMs = performance.now() - began;
    t.diagnostic(`${what}: ${tookMs.toFixed(0)} ms, processor wanted in vain ${(pressure * 100).toFixed(0)} % of the time`);
    assert.ok(tookMs < (isStarved ? OUT_STARVED_MS : OUT_MS), `${what} took ${tookMs} ms`);
}

/** The page's sockets of the show, as they come and go. */
function socketsOf(page) {
    const sockets = [];
    page.on('websocket', (socket) => sockets.push(socket));
    return { open: () => sockets.filter((socket) => !socket.isClosed()), all: sockets };
}

async function enterAsSeller(t) {
    const page = await visit(t, browser, market.jangteo, '/studio');
    await signIn(page, 'suni');
    await page.locator('.studio').waitFor();
    await page.goto(`${market.jangteo.urls.front}/live/${market.show}`);
    await page.locator('.messages').waitFor();
    return page;
}

test('pitfall 25: who signs out is out of the talk on all their pages', async (t) => {
    const studio = await visit(t, browser, market.jangteo, '/studio');
    await signIn(studio, 'suni');
    await studio.locator('.studio').waitFor();
    const page = await studio.context().newPage();
    const sockets = socketsOf(page);
    await page.goto(`${market.jangteo.urls.front}/live/${market.show}`);
    await until('the socket to be open', () => sockets.open().length === 1);
    await say(page, '사장입니다');
    const [mine] = sockets.open();
    await studio.bringToFront();
    await studio.getByText(ko.sign_out, { exact: true }).click();
    await withinASecond(t, 'the other page to lose its socket', () => mine.isClosed());
    await studio.locator('.door [name=password]').waitFor();
    await page.bringToFront();
    await until('the page to be back as a reader', async () => sockets.open().length === 1 && !(await page.getByText(ko.chat_broken).isVisible()));
    await say(page, '이제 손님이에요');
    const message = page.locator('.message').filter({ hasText: '이제 손님이에요' });
    await message.waitFor();
    assert.equal(await message.locator('.staff-mark').count(), 0, 'and speaks as one');
});

test('C4, pitfall 25: who is banned is out within a second, does not come back, and their words are gone', async (t) => {
    const [seller, rude, other] = [await enterAsSeller(t), await enter(t, browser, market), await enter(t, browser, market)];
    await say(rude, '이 가게 별로예요');
    await say(other, '저는 좋아요');
    for (const page of [seller, rude, other]) await hears(page, '저는 좋아요');
    const sockets = socketsOf(rude);
    await seller.locator('.message').filter({ hasText: '이 가게 별로예요' }).locator('.message-menu').click();
    await sheet(seller, 'moderation').locator('[data-act=ban]').click();
    await withinASecond(t, 'the banned page to say so', () => rude.getByText(ko.chat_closed).isVisible());
    for (const page of [seller, other]) await until('their words to be gone', async () => !(await said(page)).includes('이 가게 별로예요'));
    assert.ok((await said(other)).includes('저는 좋아요'));
    await rude.reload();
    await rude.getByText(ko.chat_closed).waitFor();
    assert.equal(sockets.open().length, 0);
    await say(other, '저는 있어요');
    await hears(seller, '저는 있어요');
});

test('pitfall 40: what is deleted before it went out is on no page, not for a moment', async (t) => {
    const pages = [await enter(t, browser, market), await enterAsSeller(t)];
    for (const page of pages)
        await page.evaluate(() => {
            window.everSaid = new Set();
            const look = () => document.querySelectorAll('.said').forEach((one) => window.everSaid.add(one.textContent));
            new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
        });
    const talker = new Channel(await new Person(market.jangteo.urls.chat).becomeGuest(), market.show);
    const owner = new Channel(market.seller, market.show);
    for (const channel of [talker, owner]) {
        atEnd(t, () => channel.close());
        assert.ok((await channel.open()).ok);
    }
    const { ok } = await talker.ask('chat.send', { t: '지워질 말' }, { k: randomUUID() });
    assert.ok((await owner.ask('chat.delete', { mid: ok.mid })).ok);
    assert.ok((await talker.ask('chat.send', { t: '남을 말' }, { k: randomUUID() })).ok);
    const wasSeen = [talker, owner].some(({ pushes }) => pushes.some(({ e, d }) => e === 'msg' && d.mid === ok.mid));
    for (const page of pages) {
        await hears(page, '남을 말');
        assert.ok(!(await said(page)).includes('지워질 말'));
        if (!wasSeen) assert.ok(!(await page.evaluate(() => [...window.everSaid])).includes('지워질 말')); // unless the tick came first
    }
    t.diagnostic(wasSeen ? 'the tick came before the deletion' : 'the deletion came before the tick');
    const late = await enter(t, browser, market);
    await hears(late, '남을 말');
    assert.ok(!(await said(late)).includes('지워질 말'));
});
