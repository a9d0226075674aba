// The real Jangteo with people in it: by its pages, as they would, or set up by REST where a test is about something else.
import assert from 'node:assert/strict';
import { openPage } from '../../integration/harness/browser.mjs';
import { ffmpegPublish, run, startJangteo, until } from '../../integration/harness/index.mjs';
import { firstOperator, openShop, password } from '../../integration/people.mjs';
import { tables } from '../../../web/js/strings.js';
import { PHONE } from './look.mjs';

const { ko } = tables;

export const SHOP = '한라봉 농장';

/** What the market's encoders send: small, for browsers decode it several times on the machine that encodes it. */
const upright = { size: '288x512', kbps: 400, gop: 30 };
export const publish = (t, { rtmp_url, stream_key }) => ffmpegPublish(t, `${rtmp_url}/${stream_key}`, upright);

/** `path` in a browser of its own, on a phone unless `options` say otherwise. */
export async function visit(t, browser, jangteo, path, options = {}) {
    const page = await openPage(t, browser, { viewport: PHONE, ...options });
    await page.goto(jangteo.urls.front + path);
    return page;
}

/** Type into fields by their names; `within` is where they are. */
export async function fill(page, within, values) {
    for (const [name, value] of Object.entries(values)) await page.fill(`${within} [name=${name}]`, value);
}

/** Use a one-time link: the account is made on the page. */
export async function takeUp(t, browser, link, { login, name }, options = {}) {
    const page = await openPage(t, browser, options);
    await page.goto(link);
    await fill(page, '.door', { name, login, password });
    await page.locator('.door .button.wide').click();
    return page;
}

export async function signIn(page, login) {
    await fill(page, '.door', { login, password });
    await page.locator('.door .button.wide').click();
}

export const go = (page, view) => page.locator(`[data-tab=${view}]`).click();
export const toasted = (page, words) => page.locator('.toast').getByText(words).first().waitFor();
export const said = (page) => page.locator('.message .said').allTextContents();

export async function say(page, text) {
    await page.fill('.compose-text', text);
    await page.keyboard.press('Enter');
    await until(`"${text}" to be taken`, async () => (await page.inputValue('.compose-text')) === '');
}

export const hears = (page, text) => until(`"${text}" to be heard`, async () => (await said(page)).includes(text));

/** Wait until the page's picture plays, and moves. */
export async function untilMoving(page) {
    await page.locator('[data-state=playing] video').waitFor();
    const at = () => page.locator('video').evaluate((video) => video.currentTime);
    const before = await at();
    await until('the picture to move', async () => (await at()) > before + 0.5);
}

/** The figures of a page's row of facts, by their words: {시청자: '2', …}. */
export const facts = async (scope) => {
    const rows = await scope.locator('.facts-bar div').evaluateAll((all) => all.map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent]));
    return Object.fromEntries(rows);
};

/** A photograph, about as large as a phone's. */
export async function photograph(file) {
    const { code, text } = await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=1600x1200', '-frames:v', '1', file]);
    assert.equal(code, 0, text);
    return file;
}

/**
 * A market whose show is about to begin, set up by REST. Resolves to {jangteo, operator, seller, product, show (its id)}; operator and
 * seller are Persons. `options` as startJangteo takes them.
 */
export async function openMarket(t, options = { args: [] }) {
    const jangteo = await startJangteo(t, options);
    const operator = await firstOperator(jangteo.urls.chat, jangteo.data); // chat's own door, which wants no certificate
    const { seller, product } = await openShop(operator, { shopName: SHOP });
    const { id: show } = await seller.must('POST', '/api/v1/shop/shows', { title: '오늘 딴 한라봉', access: 'public' }, 201);
    await seller.must('PUT', `/api/v1/shows/${show}/products`, { ids: [product.id] }, 204);
    return { jangteo, operator, seller, product, show };
}

/** The same, on air. */
export async function openMarketOnAir(t, options) {
    const market = await openMarket(t, options);
    const { seller, show } = market;
    await publish(t, await seller.must('POST', '/api/v1/shop/key/reveal', {}));
    await until('the picture to come in', async () => (await seller.must('GET', `/api/v1/shows/${show}`)).state === 'ready');
    await seller.must('POST', `/api/v1/shows/${show}/start`, {});
    return market;
}

/** The show's page with its talk; it need not have begun. */
export async function enter(t, browser, { jangteo, show }, options = {}) {
    const page = await visit(t, browser, jangteo, `/live/${show}`, options);
    await page.locator('.messages').waitFor();
    return page;
}

/** Of what went wrong on a page, all but what the browser logs while services are away. */
export const withoutBreaks = (faults) => faults.filter((fault) => !/Failed to load resource|WebSocket/.test(fault));

export { ko };
