// Studio and operator page over a mock: from the invitation to the report, and the three switches.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { fileScope, until } from '../integration/harness/index.mjs';
import { tables } from '../../web/js/strings.js';
import { withoutRefusals } from './kit/look.mjs';
import { openAt, requestsTo, sheet, startMock } from './kit/pages.mjs';

const { ko } = tables;

let browser;
const file = fileScope(test);
test.before(async () => {
    browser = await launchBrowser(file);
});

const open = (t, mock, path, options) => openAt(t, browser, mock, path, options);
const toasted = (page, words) => page.locator('.toast').getByText(words).waitFor();

async function openStudio(t, mock, view = 'show', role = 'owner') {
    mock.as(role);
    const page = await open(t, mock, `/studio#${view}`);
    await page.locator(`.work[data-view=${view}]`).waitFor();
    return page;
}

test('studio: an invitation becomes an account, and leaves the address', async (t) => {
    const mock = await startMock(t);
    const page = await open(t, mock, '/studio#invite=abcdefghijklmnopqrstuv');
    await page.getByText(ko.invite_seller.replace('{name}', '봄날꽃집')).waitFor();
    assert.equal(await page.evaluate(() => location.hash), '');
    await page.locator('form .button').click();
    assert.equal(await page.locator('.field-problem').count(), 3);
    for (const [name, value] of [['name', '김봄'], ['login', 'bomnal'], ['password', 'a-quiet-tulip-field']]) await page.fill(`[name=${name}]`, value);
    await page.locator('form .button').click();
    await page.locator('.studio').waitFor();
    const [accepted] = requestsTo(mock, 'POST', '/invites/accept');
    assert.deepEqual(accepted.body, { token: 'abcdefghijklmnopqrstuv', login: 'bomnal', password: 'a-quiet-tulip-field', name: '김봄' });
    assert.equal(requestsTo(mock, 'POST', '/guests').length, 0);
    assert.deepEqual(page.faults, []);
});

test('studio: a spent invitation says so', async (t) => {
    const mock = await startMock(t);
    const page = await open(t, mock, '/studio#invite=spent');
    await page.getByText(ko.problem_link_spent).waitFor();
    const wrong = await open(t, mock, '/studio#invite=op-token');
    await wrong.getByText(ko.invite_elsewhere).waitFor();
});

test('studio: signing in, and out by another tab', async (t) => {
    const mock = await startMock(t);
    const page = await open(t, mock, '/studio');
    await page.fill('[name=login]', 'halla');
    await page.fill('[name=password]', 'wrong');
    await page.locator('form .button').click();
    await page.getByText(ko.problem_wrong_login).waitFor();
    await page.fill('[name=password]', 'right-password');
    await page.locator('form .button').click();
    await page.locator('.studio').waitFor();
    mock.signIn(null);
    await page.locator('[name=password]').waitFor(); // within one poll
    assert.deepEqual(withoutRefusals(page.faults), []);
});

test('a7 studio: a change carries the token of the session, and asks for a new one once', async (t) => {
    const mock = await startMock(t);
    const page = await openStudio(t, mock, 'products');
    await page.locator('.shelf').first().waitFor();
    mock.who.csrf = 'another-token';
    await page.locator('.shelf').first().getByText(ko.turn_off).click();
    await until('it to be hidden', () => mock.market.products[0].state === 'off');
    const sent = requestsTo(mock, 'PATCH', '/shop/products/11');
    assert.deepEqual(sent.map(({ headers }) => headers['x-csrf-token']), ['token-of-the-session', 'another-token']);
});

test('studio: a product in ten seconds', async (t) => {
    const mock = await startMock(t);
    const page = await openStudio(t, mock, 'products');
    await page.setInputFiles('.quick input[type=file]', { name: 'p.jpg', mimeType: 'image/jpeg', buffer: Buffer.from([0xff, 0xd8, 0xff]) });
    await page.locator('.picture-pick img').waitFor();
    await page.fill('.quick [name=name]', '감귤 5kg');
    await page.locator('.quick [name=price]').pressSequentially('19900');
    assert.equal(await page.inputValue('.quick [name=price]'), '19,900');
    await page.fill('.quick [name=stock]', '30');
    await page.locator('.quick .button[type=submit]').click();
    await toasted(page, ko.product_made);
    const [made] = requestsTo(mock, 'POST', '/shop/products');
    assert.deepEqual(made.body, {
        name: '감귤 5kg', description: '', alt: '감귤 5kg', picture: 'p-uploaded', price_won: 19900, list_price_won: null, max_per_order: 10, state: 'on',
        terms: 'normal', options: [], variants: [{ values: [], price_won: 19900, stock: 30 }],
    });
    assert.equal(requestsTo(mock, 'POST', '/pictures')[0].headers['content-type'], 'image/jpeg');
    await until('the show to sell it', () => requestsTo(mock, 'PUT', '/shows/hallabong7/products').at(-1)?.body.ids.length === 5);
    assert.deepEqual(page.faults, []);
});

test('studio: a product is changed whole, stock by what is added', async (t) => {
    const mock = await startMock(t);
    const page = await openStudio(t, mock, 'products');
    const shelf = page.locator('.shelf[data-product="12"]');
    await shelf.getByText(ko.edit, { exact: true }).click();
    await page.fill('#product [name=price]', '45000');
    await page.locator('[data-sheet=product-form] .sheet-foot .button').click();
    await toasted(page, ko.saved);
    const [{ body }] = requestsTo(mock, 'PATCH', '/shop/products/12');
    assert.deepEqual(body.variants.map(({ price_won }) => price_won), [45000, 45000, 50000, 45000, 45000, 50000]); // L has a price of its own
    assert.equal(body.options.length, 2);
    assert.ok(body.variants.every((variant) => !('stock' in variant)));
    await shelf.getByText(ko.stock, { exact: true }).click();
    await page.fill('#stock [name="121"]', '-1');
    await page.fill('#stock [name="123"]', '10');
    await page.locator('[data-sheet=stock] .sheet-foot .button').click();
    await until('both', () => requestsTo(mock, 'POST', '/shop/products/12/stock').length === 2);
    assert.deepEqual(requestsTo(mock, 'POST', '/shop/products/12/stock').map(({ body: sent }) => sent), [{ variant: 121, add: -1 }, { variant: 123, add: 10 }]);
});

test('studio: the shop: by the law, and the key hidden until asked for', async (t) => {
    const mock = await startMock(t);
    const page = await openStudio(t, mock, 'shop');
    await page.fill('[name=business_number]', '123-45-67890');
    await page.fill('[name=returns_text]', '단순 변심 교환, 환불은 절대 불가합니다');
    await page.locator('.save-row .button').click();
    await page.getByText(ko.business_wrong).waitFor();
    await page.getByText(ko.returns_wrong).waitFor();
    assert.equal(requestsTo(mock, 'PUT', '/shop').length, 0);
    await page.fill('[name=business_number]', '1248100998');
    await page.fill('[name=returns_text]', '7일 안에 연락해 주세요.');
    await page.locator('.save-row .button').click();
    await toasted(page, ko.saved);
    const [{ body }] = requestsTo(mock, 'PUT', '/shop');
    assert.equal(body.business_number, '1248100998');
    assert.equal(body.transfer_hours, 24);
    assert.equal('id' in body, false);
    assert.equal(await page.getByText(mock.streamKey).count(), 0);
    await page.locator('[data-reveal]').click();
    await page.getByText(mock.streamKey).waitFor();
    await page.getByText('rtmp://127.0.0.1:1935/live').waitFor();
    await page.getByText(ko.key_hide, { exact: true }).click();
    assert.equal(await page.getByText(mock.streamKey).count(), 0);
});

test('studio: from nothing to on air and to the report', async (t) => {
    const mock = await startMock(t);
    mock.market.show.state = 'ended';
    const page = await openStudio(t, mock);
    await page.fill('[name=title]', '귤 따는 날');
    await page.locator('form .button.wide').click();
    await page.locator('[data-start]').waitFor();
    assert.deepEqual(requestsTo(mock, 'POST', '/shop/shows')[0].body, { title: '귤 따는 날', access: 'public' });
    assert.ok(await page.locator('[data-start]').isDisabled());
    assert.equal(await page.locator('[data-check=signal].done').count(), 0);
    await page.locator('[data-check=notice] .button').click();
    await page.fill('#notice [name=text]', '오늘\n3시까지');
    await sheet(page, 'notice').locator('.sheet-foot .button').click();
    await until('the notice', () => mock.market.show.notice === '오늘 3시까지');
    mock.market.show.state = 'ready'; // the encoder sends
    await page.locator('.preview[data-state=playing]').waitFor();
    assert.match(mock.requests.find(({ method }) => method === 'WHEP').headers.authorization, /^Bearer play-/);
    await page.locator('[data-start]').click();
    await page.locator('.on-air .message').first().waitFor();

    await page.locator('.pins [data-product="12"] .button').click();
    await until('the pin', () => mock.market.show.pin === 12);
    await page.locator('.pins .pinned[data-product="12"]').waitFor();

    const hold = page.locator('.hold');
    await hold.click(); // a tap is not enough
    assert.equal(await sheet(page, 'ask').count(), 0);
    await hold.hover();
    await page.mouse.down();
    await sheet(page, 'ask').waitFor();
    await page.mouse.up();
    await sheet(page, 'ask').getByText(ko.show_end_no).click();
    assert.equal(mock.market.show.state, 'live');
    await hold.focus();
    await page.keyboard.down('Enter');
    await sheet(page, 'ask').waitFor();
    await page.keyboard.up('Enter');
    await page.locator('[data-yes]').click();
    await page.locator('.report').getByText('812,400원').waitFor();
    assert.deepEqual(page.faults, []);
});

test('studio: an order is announced, confirmed, cancelled with a reason', async (t) => {
    const mock = await startMock(t);
    const page = await openStudio(t, mock);
    await page.locator('.on-air .message').first().waitFor();
    const [first] = mock.market.shopOrders;
    mock.market.shopOrders.unshift({ ...first, id: 'n'.repeat(22), number: '261124-0151-2' });
    mock.push({ ch: 'me', e: 'order', d: { id: 'n'.repeat(22), state: 'pending', shop: 1 } });
    await toasted(page, ko.order_came.replace('{name}', '손뜨개 가을 가디건').replace('{n}', '1').replace('{won}', '51,000원'));
    await page.locator('[data-tab=orders]').click();
    const ticket = page.locator(`[data-order=${'n'.repeat(22)}]`);
    await ticket.locator('[data-act=confirm]').click();
    await until('it to be paid', () => mock.market.shopOrders[0].state === 'paid');
    await page.locator(`[data-order=${first.id}] [data-act=cancel]`).click();
    await page.locator('[data-sheet=cancel] .button.danger').click();
    await page.locator('[data-sheet=cancel]').getByText(ko.field_required).waitFor();
    await page.fill('#cancel [name=reason]', '재고가 없어요');
    await page.locator('[data-sheet=cancel] .button.danger').click();
    await until('it to be cancelled', () => requestsTo(mock, 'POST', `/shop/orders/${first.id}/cancel`)[0]?.body.reason === '재고가 없어요');
    const pickup = page.locator(`[data-order=${'c'.repeat(22)}]`);
    assert.equal(await pickup.locator('[data-act=confirm]').count(), 0); // paid when it is picked up
    await pickup.locator('[data-act=ready]').click();
    await until('it to be ready', () => requestsTo(mock, 'POST', `/shop/orders/${'c'.repeat(22)}/ready`).length === 1);
});

test('studio: moderation from the talk, staff are safe from each other', async (t) => {
    const mock = await startMock(t);
    const page = await openStudio(t, mock, 'show', 'manager');
    const guest = page.locator('.message').filter({ hasText: '안녕하세요' });
    await guest.click({ button: 'right' });
    await sheet(page, 'moderation').locator('[data-act=delete]').click();
    await until('it to be gone', async () => (await guest.count()) === 0);
    const next = page.locator('.message').filter({ hasText: '가디건 M' });
    await next.locator('.message-menu').click();
    await sheet(page, 'moderation').locator('[data-act=mute]').click();
    await until('the mute', () => requestsTo(mock, 'WS', 'chat.mute')[0]?.body.s === 600);
    await page.locator('.message.staff .message-menu').first().click();
    assert.equal(await sheet(page, 'moderation').locator('[data-act=ban]').count(), 0);
});

test('operator: the first link, an invitation to copy, three switches with a reason', async (t) => {
    const mock = await startMock(t);
    const page = await open(t, mock, '/operator#invite=op-0123456789', { permissions: ['clipboard-read', 'clipboard-write'] });
    for (const [name, value] of [['name', '운영'], ['login', 'operator'], ['password', 'a-quiet-tulip-field']]) await page.fill(`[name=${name}]`, value);
    await page.locator('form .button').click();
    const ill = page.locator('.op-show').first();
    await ill.getByText(ko.warn_gop_too_long).waitFor(); // the ill one comes first, in words
    await page.locator('.op-show').nth(1).getByText(ko.healthy).waitFor();
    for (const [name, path, body] of [['sales', 'sales', { on: false, reason: '가격 오류' }], ['freeze', 'freeze', { on: true, reason: '가격 오류' }], ['stop', 'stop', { reason: '가격 오류' }]]) {
        await page.locator('[data-show=hallabong7]').locator(`[data-switch=${name}]`).click();
        await page.locator('[data-yes]').click();
        await sheet(page, 'reason').getByText(ko.field_required).waitFor();
        assert.equal(requestsTo(mock, 'POST', `/shows/hallabong7/${path}`).length, 0);
        await page.fill('#reason [name=reason]', '가격 오류');
        await page.locator('[data-yes]').click();
        await until(`${name} to be sent`, () => requestsTo(mock, 'POST', `/shows/hallabong7/${path}`).length === 1);
        assert.deepEqual(requestsTo(mock, 'POST', `/shows/hallabong7/${path}`)[0].body, body);
        await until('the question to close', async () => (await sheet(page, 'reason').count()) === 0);
    }
    await page.locator('[data-tab=sellers]').click();
    await page.fill('[name=shop_name]', '새봄떡집');
    await page.locator('form .button').click();
    await page.locator('[data-copy=invite]').click();
    await page.getByText(ko.copied).waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^http:\/\/127\.0\.0\.1:\d+\/studio#invite=[A-Za-z0-9_-]{22}$/);
    await page.locator('[data-tab=audit]').click();
    await page.getByText('욕설이 이어져요').waitFor();
    assert.deepEqual(page.faults, []);
});
