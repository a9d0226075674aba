// The viewer's page and the order page over a mock: talk that survives breaks, buying once, what people without a mouse do.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { fileScope, until } from '../integration/harness/index.mjs';
import { tables } from '../../web/js/strings.js';
import { DESK } from './kit/look.mjs';
import { fillAddress, openAt, openShow, requestsTo, sheet, startMock, toCheckout, toFinalCheck } from './kit/pages.mjs';

const { ko } = tables;

let browser;
const file = fileScope(test);
test.before(async () => {
    browser = await launchBrowser(file);
});

const said = (page) => page.locator('.message .said').allTextContents();
const wordsOf = (page) => page.locator('.toast').allTextContents();

test('viewer: nobody is made somebody before they do something', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await page.locator('.message').first().waitFor();
    await page.locator('.hearts button').click();
    await until('the heart to be told', () => requestsTo(mock, 'WS', 'heart').length === 1);
    assert.equal(requestsTo(mock, 'POST', '/guests').length, 0);
    await page.fill('.compose-text', '사이즈 있어요?');
    await page.keyboard.press('Enter');
    await until('it to be said', async () => (await said(page)).includes('사이즈 있어요?'));
    assert.equal(requestsTo(mock, 'POST', '/guests').length, 1);
    assert.equal(await page.locator('.compose-text').inputValue(), '');
    assert.deepEqual(page.faults, []);
});

test('viewer: pitfall 24: the ticket is in no address', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    assert.ok(mock.hellos[0].ticket.length > 10);
    assert.equal(await page.evaluate((ticket) => performance.getEntries().some(({ name }) => name.includes(ticket)), mock.hellos[0].ticket), false);
});

test('viewer: pitfall 36: cut twenty times, each message is there once', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await page.evaluate(() => (Math.random = () => 0.01)); // the least of each wait: it is the number of breaks that counts
    await page.locator('.message').first().waitFor();
    const expected = (await said(page)).slice();
    for (let i = 0; i < 20; i++) {
        const hellos = mock.hellos.length;
        mock.cutSockets();
        mock.say('김**', `끊김 ${i}`);
        expected.push(`끊김 ${i}`);
        await until('it to be back', () => mock.hellos.length > hellos);
    }
    await until('all to be there', async () => (await said(page)).length >= expected.length);
    assert.deepEqual(await said(page), expected);
    assert.ok(mock.hellos.slice(1).every(({ recovered }) => recovered));
    assert.deepEqual(page.faults.filter((fault) => !/WebSocket/.test(fault)), []);
});

test('viewer: pitfall 37: after a restart without history the list is replaced', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await page.locator('.message').first().waitFor();
    const before = await said(page);
    const hellos = mock.hellos.length;
    mock.restart();
    await until('it to be back', () => mock.hellos.length > hellos);
    assert.equal(mock.hellos.at(-1).recovered, false);
    mock.say('김**', '다시 왔어요');
    await until('it to be there', async () => (await said(page)).includes('다시 왔어요'));
    assert.deepEqual(await said(page), [...before, '다시 왔어요']);
    mock.cutSockets(); // pitfall 38: and the next break goes on from the new epoch
    await until('it to be back again', () => mock.hellos.length > hellos + 1);
    assert.equal(mock.hellos.at(-1).recovered, true);
});

test('viewer: a ban is final, a full server is not', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    mock.closeSockets(3001);
    await until('it to come again', () => mock.hellos.length === 2);
    mock.closeSockets(4403);
    await page.getByText(ko.chat_closed).waitFor();
    assert.equal(mock.hellos.length, 2);
});

test('viewer: what was refused stays in the line, and says why', async (t) => {
    const mock = await startMock(t);
    mock.as('guest');
    const page = await openShow(t, browser, mock);
    mock.refuse.set('chat.send', [0, 'slow_mode', 4200]);
    await page.fill('.compose-text', '빨리요');
    await page.keyboard.press('Enter');
    await until('the reason', async () => (await wordsOf(page)).includes(ko.problem_slow_mode.replace('{s}', '5')));
    assert.equal(await page.locator('.compose-text').inputValue(), '빨리요');
    await page.keyboard.press('Enter');
    await until('it to be said', async () => (await said(page)).includes('빨리요'));
    const sends = requestsTo(mock, 'WS', 'chat.send');
    assert.equal(new Set(sends.map(({ key }) => key)).size, 1);
});

test('viewer: the talk stays where one reads', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock, { viewport: DESK });
    for (let i = 0; i < 60; i++) mock.say('김**', `${i}번째 말`);
    await page.getByText('59번째 말').waitFor();
    const list = page.locator('.messages');
    await list.evaluate((element) => (element.scrollTop = 100));
    await until('the page to notice', () => list.evaluate((element) => element.scrollTop === 100));
    for (let i = 0; i < 4; i++) mock.say('박**', `새 말 ${i}`);
    const pill = page.locator('.unseen-pill');
    await until('four to be counted', async () => (await pill.count()) > 0 && (await pill.textContent()) === ko.chat_new.replace('{n}', '4'));
    assert.equal(await list.evaluate((element) => element.scrollTop), 100);
    await pill.click();
    await until('the end', () => list.evaluate((element) => element.scrollHeight - element.clientHeight - element.scrollTop < 2));
    assert.equal(await pill.count(), 0);
});

test('viewer: sold out is shown within a second, and nothing moves', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    const buy = page.locator('.product-card .buy');
    await until('the card', async () => (await buy.textContent()) === ko.buy);
    const place = await buy.boundingBox();
    const at = performance.now();
    mock.push({ ch: 'ctl', e: 'stock', d: { product: 11, variant: 111, left: 0, v: 2 } });
    await until('the word', async () => (await buy.textContent()) === ko.sold_out, { timeoutMs: 1000, everyMs: 20 });
    t.diagnostic(`${Math.round(performance.now() - at)} ms`);
    assert.ok(await buy.isDisabled());
    assert.deepEqual(await buy.boundingBox(), place);
    mock.push({ ch: 'ctl', e: 'pin', d: { product: 12, v: 5, media: null } });
    await until('the other product', async () => (await page.locator('.product-card').getAttribute('data-product')) === '12');
    assert.deepEqual(await buy.boundingBox(), place);
});

test('viewer: pitfall 56: what is under the finger stays until it is lifted', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    const card = page.locator('.product-card');
    const box = await card.locator('.buy').boundingBox();
    await page.mouse.move(box.x + 10, box.y + 10);
    await page.mouse.down();
    mock.push({ ch: 'ctl', e: 'pin', d: { product: 12, v: 5, media: null } });
    mock.push({ ch: 'gauge', e: 'viewers', d: { n: 4321 } });
    await page.getByText(ko.watching.replace('{n}', '4,321')).waitFor(); // a later push is on screen
    assert.equal(await card.getAttribute('data-product'), '11');
    await page.mouse.up();
    await sheet(page, 'option').getByText('제주 한라봉').first().waitFor(); // the one that was pressed
    await until('the card to follow', async () => (await card.getAttribute('data-product')) === '12');
});

test('viewer: a choice never closes an earlier one', async (t) => {
    const mock = await startMock(t);
    mock.market.show.pin = 12;
    const page = await openShow(t, browser, mock);
    await page.locator('.product-card[data-product="12"] .buy').click();
    const option = sheet(page, 'option');
    const value = (name) => option.locator(`input[value=${name}]`);
    await option.locator('[data-buy]').click();
    await option.getByText(ko.choose_option).waitFor();
    await value('밤색').check();
    assert.ok(await value('L').isDisabled());
    await value('M').check();
    assert.ok(await value('아이보리').isEnabled());
    await value('아이보리').check(); // in M there is none: that choice is taken back
    assert.equal(await value('M').isChecked(), false);
    assert.ok(await value('M').isDisabled());
    await value('L').check();
    await option.getByText('50,000원').waitFor();
});

test('viewer: an order, pressed twice, is one; the page tells where to pay', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await toCheckout(page);
    await page.locator('[data-next]').click();
    assert.equal(await page.locator('#address .field-problem').count(), 5);
    await fillAddress(page);
    assert.equal(await page.inputValue('#address [name=phone]'), '010-1234-5678');
    await page.locator('[data-next]').click();
    await page.locator('[data-order]').click();
    await page.getByText(ko.agree_required).waitFor(); // nothing is sent without the agreement
    assert.equal(requestsTo(mock, 'POST', '/orders').length, 0);
    await page.check('.final-check [name=agreed]');
    await page.locator('[data-order]').dblclick();
    const done = sheet(page, 'done');
    await done.getByText('15,900원').first().waitFor();
    const [sent, ...others] = requestsTo(mock, 'POST', '/orders');
    assert.deepEqual(others, []);
    assert.deepEqual(sent.body, {
        items: [{ variant: 111, quantity: 1, price_won: 12900 }], show: 'hallabong7', recipient: '김하늘', phone: '01012345678', delivery: 'ship', postcode: '06236',
        address: '서울특별시 강남구 테헤란로 152', address_detail: '', memo: '', tender: 'transfer', depositor: '김하늘', agreed: true,
    });
    await done.getByText('301-0123-4567-81').waitFor();
    assert.match(await done.locator('[data-order-link]').getAttribute('href'), /^\/order\/[A-Za-z0-9_-]{22}$/);
    assert.deepEqual(page.faults, []);
});

test('viewer: pitfall 8: an answer that got lost is asked for with the same key', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await toCheckout(page);
    await fillAddress(page);
    await toFinalCheck(page);
    let isLost = false;
    await page.route('**/api/v1/orders', async (route) => {
        if (isLost || route.request().method() !== 'POST') return route.continue();
        isLost = true;
        await route.fetch(); // it was done
        return route.abort();
    });
    await page.locator('[data-order]').click();
    await sheet(page, 'done').waitFor();
    const sent = requestsTo(mock, 'POST', '/orders');
    assert.equal(sent.length, 2);
    assert.equal(sent[0].headers['idempotency-key'], sent[1].headers['idempotency-key']);
    assert.equal(mock.market.orders.length, 1);
});

test('viewer: pitfall 14: another price is shown, not charged', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await toCheckout(page);
    await fillAddress(page);
    await toFinalCheck(page);
    mock.market.products[0].variants[0].price_won = 14900;
    await page.locator('[data-order]').click();
    await page.getByText(ko.problem_price_changed).waitFor();
    assert.equal(mock.market.orders.length, 0);
    await page.locator('[data-stale]').click();
    await sheet(page, 'cart').waitFor();
});

test('viewer: leaving a checkout asks once', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await toCheckout(page);
    await page.fill('#address [name=recipient]', '김하늘');
    await page.keyboard.press('Escape');
    await sheet(page, 'ask').getByText(ko.leave_no).click();
    assert.equal(await page.inputValue('#address [name=recipient]'), '김하늘');
    await page.keyboard.press('Escape');
    await page.locator('[data-yes]').click();
    await until('it to be gone', async () => (await sheet(page, 'checkout').count()) === 0);
});

test('viewer: by keyboard alone, from the product to the order', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    /* Tab until the focus is on what `selector` names; it must be visible there. */
    const tabTo = async (selector) => {
        for (let i = 0; i < 60; i++) {
            if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
            await page.keyboard.press('Tab');
        }
        assert.fail(`no way to ${selector} by Tab`);
    };
    await tabTo('.product-card .buy');
    await page.keyboard.press('Enter');
    await sheet(page, 'option').waitFor();
    await tabTo('[data-buy]');
    await page.keyboard.press('Enter');
    await page.locator('#address').waitFor();
    for (const [name, text] of [['recipient', '김하늘'], ['phone', '01012345678'], ['postcode', '06236'], ['address', '테헤란로 152'], ['depositor', '김하늘']]) {
        await tabTo(`#address [name=${name}]`);
        await page.keyboard.type(text);
    }
    await page.keyboard.press('Enter');
    await page.locator('.final-check').waitFor();
    await tabTo('.final-check [name=agreed]');
    await page.keyboard.press('Space');
    await tabTo('[data-order]');
    await page.keyboard.press('Enter');
    await sheet(page, 'done').waitFor();
    await page.keyboard.press('Escape');
    await until('the sheet to close', async () => (await sheet(page, 'done').count()) === 0);
});

test('viewer: large text: name, price and button from 24 px, no talk', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    await page.locator('.large-switch').click();
    for (const selector of ['.product-card .product-name', '.product-card .price b', '.product-card .buy']) {
        const px = await page.locator(selector).evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
        assert.ok(px >= 24, `${selector}: ${px} px`);
    }
    assert.equal(await page.locator('.messages').isVisible(), false);
    const [card, buy] = await Promise.all(['.product-card', '.buy'].map((one) => page.locator(one).first().boundingBox()));
    assert.ok(buy.width > card.width * 0.9);
    await page.reload();
    await page.locator('.product-card .buy').waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.classList.contains('large')));
});

test('viewer: everything to tap is at least 44 px', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    const small = () => page.evaluate(() => [...document.querySelectorAll('button, a, input:not([type=radio]):not([type=checkbox]), summary')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('p, dd, .unseen'))
        .map((one) => [one.className || one.tagName, one.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.width < 43.5 || box.height < 43.5)).map(([name, box]) => `${name} ${box.width}×${box.height}`));
    assert.deepEqual(await small(), []);
    await toCheckout(page);
    assert.deepEqual(await small(), []);
});

test('viewer: before, after, and none', async (t) => {
    const mock = await startMock(t);
    for (const [state, card] of [['scheduled', 'scheduled'], ['ready', 'scheduled'], ['ended', 'ended']]) {
        mock.market.show.state = state;
        const page = await openAt(t, browser, mock, `/live/${mock.market.show.id}`);
        await page.locator(`.card[data-state=${card}]`).getByText(ko[card]).first().waitFor();
        assert.equal(requestsTo(mock, 'WHEP', `/whep/${mock.market.show.id}`).length, 0, state);
        await page.context().close();
    }
    mock.market.show.state = 'scheduled';
    const hellos = mock.hellos.length;
    const page = await openAt(t, browser, mock, `/live/${mock.market.show.id}`);
    await page.locator('.card[data-state=scheduled]').waitFor();
    await until('the socket', () => mock.hellos.length > hellos);
    mock.push({ ch: 'ctl', e: 'state', d: { state: 'live', v: 9 } });
    await page.locator('.stage[data-state=playing]').waitFor(); // by itself
    mock.push({ ch: 'ctl', e: 'end', d: {} });
    await page.locator('.card[data-state=ended]').waitFor();
    const none = await openAt(t, browser, mock, '/live/nosuchshow');
    await none.locator('.card[data-state=none]').waitFor();
});

test('viewer: a rehearsal plays with its token, which goes to the relay only', async (t) => {
    const mock = await startMock(t);
    Object.assign(mock.market.show, { access: 'token', state: 'ready' });
    const page = await openShow(t, browser, mock, { query: '#play=abc.def' });
    const [whep] = mock.requests.filter(({ method }) => method === 'WHEP');
    assert.equal(whep.headers.authorization, 'Bearer abc.def');
    await page.getByText(ko.rehearsal, { exact: true }).first().waitFor();
    assert.ok(mock.requests.filter(({ method }) => method !== 'WHEP').every(({ headers }) => !headers?.authorization));
});

test('order page: the buyer, and whoever has the link', async (t) => {
    const mock = await startMock(t);
    const [order] = mock.market.shopOrders;
    const page = await openAt(t, browser, mock, `/order/${order.id}`);
    await page.getByText('010-1234-5678').waitFor();
    await page.locator('[data-cancel]').click();
    await page.locator('[data-yes]').click();
    await page.locator('.order[data-state=cancelled]').waitFor();
    Object.assign(mock.market.shopOrders[1], { phone: '010-****-5678', recipient: '이**', address: '', postcode: '', address_detail: '', state: 'pending' });
    const other = await openAt(t, browser, mock, `/order/${mock.market.shopOrders[1].id}`);
    await other.getByText('010-****-5678').waitFor();
    assert.equal(await other.locator('[data-cancel]').count(), 0);
    const none = await openAt(t, browser, mock, `/order/${'z'.repeat(22)}`);
    await none.getByText(ko.problem_not_found).waitFor();
});
