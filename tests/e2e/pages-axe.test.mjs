// axe-core finds nothing serious on any page, in any state, in both languages; pictures of all to build/screenshots.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { fileScope } from '../integration/harness/index.mjs';
import { DESK, look, PHONE, SMALL_PHONE } from './kit/look.mjs';
import { fillAddress, openAt, openShow, sheet, startMock, toCheckout, toFinalCheck } from './kit/pages.mjs';

let browser;
const file = fileScope(test);
test.before(async () => {
    browser = await launchBrowser(file);
});

/* Every state: [name, how to get there → page, sizes]. `at` opens a path, `show` the show's page. */
const live = (act) => async ({ show }) => {
    const page = await show();
    await act?.(page);
    return page;
};
const inShowState = (state, selector) => async ({ mock, at }) => {
    mock.market.show.state = state;
    const page = await at(`/live/${mock.market.show.id}`);
    await page.locator(selector).waitFor();
    return page;
};
const as = (role, path, selector, act) => async ({ mock, at }) => {
    if (role) mock.as(role);
    const page = await at(path);
    await page.locator(selector).first().waitFor();
    await act?.(page, mock);
    return page;
};
const clickTo = (button, name) => async (page) => {
    await page.locator(button).first().click();
    await sheet(page, name).waitFor();
};
const toDone = async (page) => {
    await toCheckout(page);
    await fillAddress(page);
    await toFinalCheck(page);
    await page.locator('[data-order]').click();
    await sheet(page, 'done').waitFor();
};

const ALL = [PHONE, SMALL_PHONE, DESK];
const states = [
    ['front', as(null, '/', '.show'), ALL],
    ['live', live((page) => page.locator('.message').first().waitFor()), ALL],
    ['live-large', live((page) => page.locator('.large-switch').click()), ALL],
    ['live-writing', live((page) => page.locator('.compose-text').focus())],
    ['live-sold-out', async ({ mock, show }) => {
        mock.market.products[0].variants[0].left = 0;
        return show();
    }],
    ['live-stopped', async ({ mock, show }) => {
        Object.assign(mock.market.show, { sales_stopped: true, chat_frozen: true });
        return show();
    }],
    ['live-scheduled', inShowState('scheduled', '.card[data-state=scheduled]')],
    ['live-ended', inShowState('ended', '.card[data-state=ended]')],
    ['live-none', as(null, '/live/nosuchshow', '.card[data-state=none]')],
    ['live-products', live(clickTo('.bag', 'products')), ALL],
    ['live-option', live(clickTo('.product-card .buy', 'option')), ALL],
    ['live-identity', live(clickTo('.shop-button', 'identity'))],
    ['live-cart-empty', live(clickTo('.cart-open', 'cart'))],
    ['live-cart', async ({ mock, show }) => {
        mock.as('guest');
        mock.market.cart.set(111, 2).set(123, 1);
        const page = await show();
        await clickTo('.cart-open', 'cart')(page);
        return page;
    }],
    ['live-checkout', live(toCheckout), ALL],
    ['live-checkout-wrong', live(async (page) => {
        await toCheckout(page);
        await page.locator('[data-next]').click();
    })],
    ['live-checkout-pickup', live(async (page) => {
        await toCheckout(page);
        await page.check('#address [value=pickup]', { force: true });
    })],
    ['live-final', live(async (page) => {
        await toCheckout(page);
        await fillAddress(page);
        await toFinalCheck(page);
    }), ALL],
    ['live-done', live(toDone), ALL],
    ['live-broken', live((page) => page.context().setOffline(true))],
    ['order', async ({ mock, at }) => {
        const page = await at(`/order/${mock.market.shopOrders[0].id}`);
        await page.locator('.order').waitFor();
        return page;
    }, ALL],
    ['order-none', as(null, `/order/${'z'.repeat(22)}`, '.refusal')],
    ['studio-door', as(null, '/studio', '[name=login]'), ALL],
    ['studio-invite', as(null, '/studio#invite=abcdefghij', '[name=name]')],
    ['studio-invite-spent', as(null, '/studio#invite=spent', '.refusal')],
    ['studio-new', async (about) => {
        about.mock.market.show.state = 'ended';
        return as('owner', '/studio', '.checklist')(about);
    }, ALL],
    ['studio-scheduled', async (about) => {
        about.mock.market.show.state = 'scheduled';
        return as('owner', '/studio', '[data-reveal]', async (page) => {
            await page.locator('[data-reveal]').click();
            await page.locator('.steps').waitFor();
        })(about);
    }, ALL],
    ['studio-ready', async (about) => {
        about.mock.market.show.state = 'ready';
        return as('owner', '/studio', '.preview[data-state=playing]')(about);
    }, ALL],
    ['studio-air', as('owner', '/studio', '.on-air .message'), ALL],
    ['studio-notice', as('owner', '/studio', '.on-air .message', clickTo('.thumb-zone .button', 'notice'))],
    ['studio-moderation', as('owner', '/studio', '.on-air .message', clickTo('.message-menu', 'moderation'))],
    ['studio-end', as('owner', '/studio', '.on-air .message', async (page) => {
        await page.locator('.hold').dispatchEvent('pointerdown');
        await sheet(page, 'ask').waitFor();
    })],
    ['studio-report', as('owner', '/studio', '.on-air .message', async (page) => {
        await page.locator('.hold').dispatchEvent('pointerdown');
        await page.locator('[data-yes]').click();
        await page.locator('.figures').waitFor();
    }), ALL],
    ['studio-products', as('owner', '/studio#products', '.shelf'), ALL],
    ['studio-product', as('owner', '/studio#products', '.shelf', clickTo('.shelf-acts .button', 'product-form'))],
    ['studio-stock', as('owner', '/studio#products', '.shelf', clickTo('.shelf-acts .button:nth-child(2)', 'stock'))],
    ['studio-orders', as('owner', '/studio#orders', '.ticket', (page) => page.locator('summary').first().click()), ALL],
    ['studio-shop', as('owner', '/studio#shop', '.settings'), ALL],
    ['operator-shows', as('operator', '/operator', '.op-show'), ALL],
    ['operator-reason', as('operator', '/operator', '.op-show', clickTo('[data-switch=stop]', 'reason'))],
    ['operator-sellers', as('operator', '/operator#sellers', '.rows li', async (page) => {
        await page.fill('[name=shop_name]', '새봄떡집');
        await page.locator('form .button').click();
        await page.locator('.made-link').waitFor();
    }), ALL],
    ['operator-audit', as('operator', '/operator#audit', '.rows li')],
];

const withQuery = (path, language) => path.replace(/^([^#]*)(#.*)?$/, `$1?lang=${language}$2`);

for (const language of ['ko', 'en'])
    test(`axe: every state in ${language === 'ko' ? 'Korean' : 'English'}`, async (t) => {
        for (const [name, reach, sizes = [PHONE]] of states)
            await t.test(name, async (step) => {
                const mock = await startMock(step);
                const page = await reach({
                    mock,
                    at: (path) => openAt(step, browser, mock, withQuery(path, language)),
                    show: () => openShow(step, browser, mock, { query: `?lang=${language}` }),
                });
                if (language === 'ko') await look(page, name, sizes, [PHONE, DESK]);
                else await look(page, `${name}-en`, [PHONE]);
                assert.equal(await page.evaluate(() => document.documentElement.lang), language);
                const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                assert.ok(wide <= 0, `${wide} px wider than the screen`);
                assert.deepEqual(page.faults.filter((fault) => !/status of 4\d\d|ERR_INTERNET_DISCONNECTED|WebSocket/.test(fault)), []);
            });
    });
