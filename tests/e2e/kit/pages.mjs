// Pages over a mock of chat: opening them, and the ways people take through them.
import { openPage } from '../../integration/harness/browser.mjs';
import { atEnd, until } from '../../integration/harness/index.mjs';
import { fakeMedia } from './fake-media.mjs';
import { PHONE } from './look.mjs';
import { Mock } from './mock.mjs';

/** A mock of its own for the test. */
export async function startMock(t) {
    const mock = await new Mock().start();
    atEnd(t, () => mock.stop());
    return mock;
}

/** `path` of the mock, with a picture that plays. Options as openPage takes them. */
export async function openAt(t, browser, mock, path, options = {}) {
    const page = await openPage(t, browser, { viewport: PHONE, ...options });
    await page.addInitScript(`(${fakeMedia})()`);
    await page.goto(mock.url + path);
    return page;
}

/** The show's page once its picture plays and its talk is there. */
export async function openShow(t, browser, mock, options = {}) {
    const page = await openAt(t, browser, mock, `/live/${mock.market.show.id}${options.query ?? ''}`, options);
    await page.locator('.stage[data-state=playing]').waitFor();
    await page.locator('.messages').waitFor();
    await until('the socket to be up', () => mock.hellos.length > 0);
    return page;
}

export const sheet = (page, name) => page.locator(`[data-sheet=${name}]`);

/** From the product on the card to the checkout's form. */
export async function toCheckout(page) {
    await page.locator('.product-card .buy').click();
    await sheet(page, 'option').locator('[data-buy]').click();
    await sheet(page, 'checkout').locator('#address').waitFor();
}

export async function fillAddress(page) {
    for (const [name, value] of [['recipient', '김하늘'], ['postcode', '06236'], ['address', '서울특별시 강남구 테헤란로 152'], ['depositor', '김하늘']])
        await page.fill(`#address [name=${name}]`, value);
    await page.locator('#address [name=phone]').pressSequentially('01012345678');
}

/** From the filled form to the last look, agreed. */
export async function toFinalCheck(page) {
    await page.locator('[data-next]').click();
    await page.locator('.final-check').waitFor();
    await page.check('.final-check [name=agreed]');
}

export const requestsTo = (mock, method, path) => mock.requests.filter((one) => one.method === method && one.path === path);
