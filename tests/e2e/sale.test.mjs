// The market by its pages alone, as three people: the operator's first link, a seller on a phone with an encoder, a buyer who watches.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { startJangteo, until } from '../integration/harness/index.mjs';
import { DESK, look, PHONE, withoutRefusals } from './kit/look.mjs';
import { facts, fill, go, hears, ko, photograph, publish, say, SHOP, takeUp, toasted, untilMoving, visit } from './kit/market.mjs';
import { fillAddress, sheet, toFinalCheck } from './kit/pages.mjs';

const QUANTITY = 2;
const PRICE_WON = 12900;
const SHIPPING_WON = 3000;
const TOTAL_WON = QUANTITY * PRICE_WON + SHIPPING_WON;
const STOCK = 30;
const WATCHING = 2; // the viewers; the studio has the picture and the talk too, but is no customer

const won = (n) => ko.won.replace('{n}', n.toLocaleString('en'));
const left = (n) => ko.left.replace('{n}', n);

async function see(page, name, size = PHONE) {
    await page.evaluate(() => scrollTo(0, 0));
    await look(page, `sale-${name}`, [size], []); // pages-axe.test.mjs looks closer
}

async function operatorArrives(t, browser, jangteo) {
    const link = (await readFile(path.join(jangteo.data, 'operator-link'), 'utf8')).trim();
    const about = { viewport: DESK, permissions: ['clipboard-read', 'clipboard-write'] };
    const page = await takeUp(t, browser, jangteo.urls.front + link, { login: 'operator', name: '운영자' }, about);
    await page.locator('.desk').waitFor();
    return page;
}

async function invite(operator) {
    await go(operator, 'sellers');
    await fill(operator, 'form', { shop_name: SHOP });
    await operator.locator('form .button').click();
    await operator.locator('[data-copy=invite]').click();
    await operator.getByText(ko.copied).waitFor();
    await see(operator, 'operator-invites', DESK);
    return operator.evaluate(() => navigator.clipboard.readText());
}

async function fillShop(seller) {
    await go(seller, 'shop');
    await fill(seller, '.settings', {
        name: SHOP, representative: '고순이', address: '제주특별자치도 제주시 1100로 1', phone: '0641234567', email: 'suni@shop.example',
        business_number: '2208162517', returns_text: '받으신 날부터 7일 안에 반품할 수 있어요.', bank_name: '농협', bank_account: '302-1234-5678-91',
        bank_holder: '고순이', transfer_hours: '24', shipping_won: String(SHIPPING_WON),
    });
    await see(seller, 'shop');
    await seller.locator('.save-row .button').click();
    await toasted(seller, ko.saved);
}

const shelf = (seller, name) => seller.locator('.work[data-view=products] .shelf').filter({ hasText: name });

async function addProducts(seller, picture) {
    await go(seller, 'products');
    await seller.setInputFiles('.quick input[type=file]', picture);
    await seller.locator('.quick .picture-pick img').waitFor();
    await fill(seller, '.quick', { name: '못난이 귤 1kg', price: '5900', stock: '3' });
    await seller.locator('.quick .button[type=submit]').click();
    await shelf(seller, '못난이 귤').waitFor();

    await seller.getByText(ko.product_more, { exact: true }).click();
    await seller.setInputFiles('#product input[type=file]', picture);
    await seller.locator('#product .picture-pick img').waitFor();
    await fill(seller, '#product', { name: '제주 한라봉 3kg', alt: '상자에 담긴 한라봉', price: String(PRICE_WON), list: '18000', stock: String(STOCK), description: '오늘 따서 오늘 보내요.' });
    await see(seller, 'product');
    await sheet(seller, 'product-form').locator('.sheet-foot .button').click();
    await shelf(seller, '제주 한라봉').getByText(left(STOCK)).waitFor();
    await see(seller, 'products');
}

async function makeShow(seller) {
    await go(seller, 'show');
    await fill(seller, 'form', { title: '오늘 딴 한라봉' });
    await seller.locator('form .button.wide').click();
    await seller.locator('[data-reveal]').click();
    const shown = async (name) => seller.locator(`.copy-row:has([data-copy=${name}]) code`).textContent();
    const key = { rtmp_url: await shown('server'), stream_key: await shown('key') };
    await see(seller, 'waiting');
    await seller.getByText(ko.key_hide, { exact: true }).click();
    return { key, show: (await shown('link')).split('/live/')[1] };
}

async function goOnAir(seller) {
    await untilMoving(seller);
    await see(seller, 'ready');
    await seller.locator('[data-start]').click();
    await seller.locator('.on-air').waitFor();
    const pin = seller.locator('.pins .shelf').filter({ hasText: '제주 한라봉' }).locator('.button');
    await pin.click();
    await until('the product to be pinned', async () => (await pin.getAttribute('aria-pressed')) === 'true');
}

/* Resolves to the order's own address, once the seller has been told of it. */
async function buy(viewer, seller) {
    await until('the pinned product', async () => /제주 한라봉/.test(await viewer.locator('.product-card').textContent()));
    await viewer.locator('.product-card .product-open').click();
    const option = sheet(viewer, 'option');
    await until('its picture', () => option.locator('img').evaluate((image) => image.naturalWidth > 600));
    await option.getByLabel(ko.more, { exact: true }).click();
    await option.getByText(won(QUANTITY * PRICE_WON), { exact: true }).waitFor();
    await see(viewer, 'option');
    await option.locator('[data-buy]').click();
    await sheet(viewer, 'checkout').locator('#address').waitFor();
    await fillAddress(viewer);
    await toFinalCheck(viewer);
    await viewer.locator('.final-check').getByText(won(TOTAL_WON)).first().waitFor();
    await see(viewer, 'final-check');
    const announced = toasted(seller, ko.order_came.replace('{name}', '제주 한라봉 3kg').replace('{n}', QUANTITY).replace('{won}', won(TOTAL_WON)));
    await viewer.locator('[data-order]').click();
    const done = sheet(viewer, 'done');
    await Promise.all([announced, done.getByText('302-1234-5678-91').waitFor()]);
    await see(viewer, 'done');
    return done.locator('[data-order-link]').getAttribute('href');
}

async function confirm(seller) {
    await go(seller, 'orders');
    const ticket = seller.locator('.ticket');
    await ticket.getByText(ko.depositor_is.replace('{name}', '김하늘')).waitFor();
    await see(seller, 'orders');
    await ticket.locator('[data-act=confirm]').click();
    await seller.getByText(ko.filter_todo).click();
    await seller.locator('.ticket[data-state=paid]').waitFor();
}

/** Throw one of the operator's switches, saying why. */
async function throwSwitch(operator, name) {
    await operator.locator(`[data-switch=${name}]`).click();
    await operator.fill('#reason [name=reason]', '가격 오류');
    await operator.locator('[data-yes]').click();
    await until('the question to close', async () => (await sheet(operator, 'reason').count()) === 0);
}

/** Wait until a row of facts says all of `wanted`. */
async function untilFacts(what, scope, wanted) {
    let seen;
    await until(`${what} to say ${JSON.stringify(wanted)}`, async () => {
        seen = await facts(scope);
        return Object.entries(wanted).every(([name, value]) => seen[name] === value);
    }).catch((error) => {
        throw new Error(`${what} says ${JSON.stringify(seen)}`, { cause: error });
    });
}

test('a sale by three people: first link, shop, show, order, payment, switches, end', async (t) => {
    const jangteo = await startJangteo(t, { args: [] });
    const browser = await launchBrowser(t);
    const operator = await operatorArrives(t, browser, jangteo);
    const link = await invite(operator);
    const seller = await takeUp(t, browser, link, { login: 'suni', name: '고순이' }, { viewport: PHONE });
    await seller.locator('.studio').waitFor();
    await fillShop(seller);
    await addProducts(seller, await photograph(path.join(jangteo.data, 'photo.jpg')));
    const { key, show } = await makeShow(seller);

    const early = await visit(t, browser, jangteo, `/live/${show}`); // there before it begins
    await early.locator('.stage[data-state=scheduled]').waitFor();
    await publish(t, key);
    await goOnAir(seller);
    const viewer = await visit(t, browser, jangteo, `/live/${show}`);
    await Promise.all([untilMoving(early), untilMoving(viewer)]);

    await say(viewer, '몇 개 들어 있어요?');
    await Promise.all([hears(seller, '몇 개 들어 있어요?'), hears(early, '몇 개 들어 있어요?'), hears(viewer, '몇 개 들어 있어요?')]);
    await say(seller, '열두 개쯤 들어 있어요');
    await hears(early, '열두 개쯤 들어 있어요');
    for (let i = 0; i < 3; i++) await viewer.locator('.hearts button').click();
    await until('the hearts to reach the other', async () => (await early.locator('.heart-count').textContent()) === '3');
    await see(viewer, 'live');

    const address = await buy(viewer, seller);
    await see(seller, 'on-air');
    const order = await viewer.context().newPage();
    await order.goto(jangteo.urls.front + address);
    await order.locator('.order[data-state=pending]').waitFor();
    await order.evaluate(() => (window.isSameDocument = true));
    await viewer.bringToFront();
    await sheet(viewer, 'done').locator('.sheet-foot .button').click();
    const changed = toasted(viewer, ko.order_changed);
    await confirm(seller);
    await changed;
    await order.bringToFront();
    await order.locator('.order[data-state=paid]').waitFor();
    assert.ok(await order.evaluate(() => window.isSameDocument), 'without a reload');
    await see(order, 'order-paid');
    await order.close();

    // All who count agree.
    await go(seller, 'products');
    await shelf(seller, '제주 한라봉').getByText(left(STOCK - QUANTITY)).waitFor();
    await shelf(seller, '못난이 귤').getByText(left(3)).waitFor();
    for (const page of [viewer, early]) await page.locator('.product-card').getByText(left(STOCK - QUANTITY)).waitFor();
    await go(operator, 'shows');
    await go(seller, 'show');
    const row = operator.locator(`[data-show="${show}"]`);
    await untilFacts('the operator', row, { [ko.fact_viewers]: `${WATCHING} / ${WATCHING}`, [ko.fact_orders]: '1', [ko.fact_won]: won(TOTAL_WON) });
    await untilFacts('the studio', seller, { [ko.fact_viewers]: String(WATCHING), [ko.fact_hearts]: '3', [ko.fact_orders]: '1', [ko.fact_won]: won(TOTAL_WON) });
    for (const page of [viewer, early]) await page.locator('.top .count').getByText(ko.watching.replace('{n}', WATCHING), { exact: true }).waitFor();

    await throwSwitch(operator, 'freeze');
    await until('the line to be frozen', () => viewer.locator('.compose-text').isDisabled());
    assert.equal(await viewer.locator('.compose-text').getAttribute('placeholder'), ko.chat_frozen);
    await throwSwitch(operator, 'sales');
    await viewer.locator('.product-card .buy').getByText(ko.sales_stopped).waitFor();
    assert.ok(await viewer.locator('.product-card .buy').isDisabled());
    await seller.getByText(ko.sales_stopped_by).waitFor();
    await see(viewer, 'stopped-sales');
    await see(operator, 'operator', DESK);
    await throwSwitch(operator, 'stop');
    await Promise.all([viewer, early].map((page) => page.locator('.stage[data-state=ended]').waitFor()));
    await viewer.locator('.card').getByText(ko.ended).waitFor();
    await see(viewer, 'ended');
    const report = seller.locator('.report');
    await report.getByText(won(TOTAL_WON)).waitFor();
    const figures = await report.locator('.figures > div').evaluateAll((all) => all.map((one) => [one.querySelector('dt').textContent, one.querySelector('b').textContent]));
    assert.deepEqual(Object.fromEntries(figures), {
        [ko.report_paid_won]: won(TOTAL_WON), [ko.report_paid_orders]: '1', [ko.report_orders]: '1', [ko.report_units]: String(QUANTITY),
        [ko.report_viewers]: String(WATCHING), [ko.report_peak_viewers]: String(WATCHING), [ko.report_hearts]: '3', [ko.report_messages]: '2',
    });
    await see(seller, 'report');
    await go(operator, 'audit');
    await operator.getByText('가격 오류').first().waitFor();
    for (const [name, page] of Object.entries({ operator, seller, early, viewer })) assert.deepEqual(withoutRefusals(page.faults), [], name);
});
