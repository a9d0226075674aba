// Markup and odd Unicode in every field that somebody else can write: shown as text, of bounded height, and nothing runs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { fileScope, until } from '../integration/harness/index.mjs';
import { openAt, openShow, sheet, startMock } from './kit/pages.mjs';

const ZALGO = `a${'\u0301\u0316\u0489'.repeat(3400)}`; // ten thousand combining marks
const MARKUP = [
    '<script>window.hit=1</script>', '<img src=x onerror="window.hit=1">', '<svg onload="window.hit=1">', '"><iframe srcdoc="<script>parent.hit=1</script>">',
    "' onmouseover='window.hit=1", 'javascript:window.hit=1', '${window.hit=1}', '{{constructor.constructor("window.hit=1")()}}', '<a href="javascript:window.hit=1">눌러요</a>',
    '</textarea><script>window.hit=1</script>', '&lt;b&gt;', '<style>*{display:none}</style>', '<base href="https://evil.example/">', '<form action="https://evil.example/"><input name=a>',
];
const UNICODE = ['\u202egnp.exe', '\u2066\u2067격리\u2069', 'a\u200b\u200b\u200bb', ZALGO, '👩‍👩‍👧‍👦🏳️‍🌈', 'ﷺ'.repeat(40), 'W'.repeat(200), '한'.repeat(200), '매니저', '\u115f\u3164 판매자'];
const CORPUS = [...MARKUP, ...UNICODE];
const ALL = CORPUS.filter((text) => text !== ZALGO).join(' ');

let browser;
const file = fileScope(test);
test.before(async () => {
    browser = await launchBrowser(file);
});

/* Nothing ran, nothing was made of it, and the page is as wide as its screen. */
async function assertHarmless(page, what) {
    const found = await page.evaluate(() => ({
        hit: window.hit,
        made: [...document.querySelectorAll('iframe, base, style, form[action], [onerror], [onload], [onmouseover], a[href^="javascript:"], script:not([src]):not([type=importmap])')].map((one) => one.outerHTML.slice(0, 200)),
        wide: document.documentElement.scrollWidth - innerWidth,
    }));
    assert.deepEqual(found, { hit: undefined, made: [], wide: 0 }, what);
    assert.deepEqual(page.faults.filter((fault) => !/status of 4\d\d/.test(fault)), [], what);
}

function poison(mock) {
    const { market } = mock;
    Object.assign(market.show, { title: ALL, notice: ALL, shop: { id: 1, name: ALL } });
    Object.assign(market.shop, Object.fromEntries(['name', 'representative', 'address', 'email', 'mail_order_number', 'returns_text', 'bank_name', 'bank_account', 'bank_holder', 'pickup_place'].map((name) => [name, ALL])));
    for (const product of market.products) Object.assign(product, { name: ALL, description: `${ALL}\n${ZALGO}`, alt: ALL });
    market.products[1].options[0].name = ALL;
    market.products[1].options[0].values[0] = ALL;
    for (const variant of market.products[1].variants) if (variant.values[0] === '밤색') variant.values[0] = ALL;
    for (const order of market.shopOrders) {
        Object.assign(order, { recipient: ALL, address: ALL, address_detail: ALL, memo: ALL, depositor: ALL, number: ALL, reason: ALL });
        Object.assign(order.shop, { name: ALL, bank_name: ALL, bank_account: ALL, bank_holder: ALL });
        Object.assign(order.lines[0], { name: ALL, option: ALL });
    }
    for (const other of market.others) Object.assign(other, { title: ALL, shop: { id: 2, name: ALL } });
    market.sellers[0] = { ...market.sellers[0], shop: { id: 1, name: ALL }, login: ALL };
    market.audit[0] = { ...market.audit[0], actor: ALL, target: ALL, reason: ALL, operation: ALL };
}

test('c1 pitfall 26: markup in what people say', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    for (const [i, text] of CORPUS.entries()) mock.say(text, text, { mid: `x${i}` });
    await page.locator(`[data-mid=x${CORPUS.length - 1}]`).waitFor();
    const shown = await page.locator('.message .said').allTextContents();
    for (const text of CORPUS) assert.ok(shown.includes(text), text.slice(0, 40));
    await assertHarmless(page, 'talk');
});

test('c1 pitfall 27: a message has a bounded height, and does not reach over others', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    for (const [i, text] of UNICODE.entries()) mock.say('김**', text, { mid: `u${i}` });
    await page.locator(`[data-mid=u${UNICODE.length - 1}]`).waitFor();
    const boxes = await page.locator('.message').evaluateAll((all) => all.map((one) => [one.getBoundingClientRect().height, getComputedStyle(one).contain, getComputedStyle(one.querySelector('.message-box')).overflow]));
    for (const [height, contain, overflow] of boxes) {
        assert.ok(height <= 110, `${height} px`);
        assert.deepEqual([contain, overflow], ['paint', 'hidden']);
    }
    const emoji = UNICODE.findIndex((text) => text.startsWith('👩'));
    assert.equal(await page.locator(`[data-mid=u${emoji}] .said`).textContent(), UNICODE[emoji]);
    assert.equal(await page.locator('.said').first().evaluate((one) => getComputedStyle(one).unicodeBidi), 'isolate');
});

test('c1: the staff mark comes from the server only', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    mock.say('매니저', '저는 매니저예요', { mid: 'fake' });
    mock.say('[판매자] 한라상회', '싸게 드려요 open.example', { mid: 'fake2', from: { role: 'owner ' } });
    await page.locator('[data-mid=fake2]').waitFor();
    assert.equal(await page.locator('[data-mid^=fake] .staff-mark').count(), 0);
    assert.ok((await page.locator('.staff-mark').count()) > 0);
});

test('pitfall 45: a notice of the greatest length leaves the picture free', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    mock.push({ ch: 'ctl', e: 'notice', d: { text: '긴 공지 '.repeat(40), v: 9 } });
    const line = page.locator('.notice-line');
    await line.getByText('긴 공지 긴 공지').waitFor();
    assert.ok((await line.boundingBox()).height <= 48);
    await line.click();
    await until('it to open', async () => (await line.boundingBox()).height > 60);
    assert.ok((await line.boundingBox()).height <= 170);
});

test('c1 pitfall 26: markup in every field of every page', async (t) => {
    const mock = await startMock(t);
    poison(mock);
    const front = await openAt(t, browser, mock, '/');
    await front.locator('.show').nth(3).waitFor();
    await assertHarmless(front, 'front');

    const live = await openShow(t, browser, mock);
    await live.locator('.product-card').waitFor();
    await live.locator('.notice-line').click();
    await assertHarmless(live, 'live');
    await live.locator('.shop-button').click();
    await sheet(live, 'identity').locator('.identity').waitFor();
    await assertHarmless(live, 'identity');
    await live.keyboard.press('Escape');
    await live.locator('.bag').first().click();
    await sheet(live, 'products').locator('.product-row').nth(1).locator('.button').click();
    await sheet(live, 'option').locator('.option-value').first().waitFor();
    await assertHarmless(live, 'option');

    const order = await openAt(t, browser, mock, `/order/${mock.market.shopOrders[0].id}`);
    await order.locator('.order').waitFor();
    await assertHarmless(order, 'order');

    mock.as('owner');
    for (const [view, selector] of [['show', '.on-air .pins li'], ['products', '.shelf'], ['orders', '.ticket'], ['shop', '.settings']]) {
        const page = await openAt(t, browser, mock, `/studio#${view}`);
        await page.locator(selector).first().waitFor();
        if (view === 'orders') await page.locator('summary').first().click();
        await assertHarmless(page, view);
        await page.context().close();
    }
    mock.as('operator');
    for (const [view, selector] of [['shows', '.op-show'], ['sellers', '.rows li'], ['audit', '.rows li']]) {
        const page = await openAt(t, browser, mock, `/operator#${view}`);
        await page.locator(selector).first().waitFor();
        await assertHarmless(page, view);
        await page.context().close();
    }
});

test('c1: what the policy forbids does not run', async (t) => {
    const mock = await startMock(t);
    const page = await openShow(t, browser, mock);
    const ran = await page.evaluate(async () => {
        const script = document.createElement('script');
        script.textContent = 'window.hit = 1';
        document.body.append(script);
        const image = new Image();
        image.setAttribute('onerror', 'window.hit = 2');
        image.src = '/img/none.png';
        document.body.append(image);
        await new Promise((resolve) => image.addEventListener('error', resolve));
        try {
            Function('window.hit = 3')();
        } catch { /* as it should be */ }
        return window.hit;
    });
    assert.equal(ran, undefined);
});
