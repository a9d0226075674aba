// The distribution's Chromium under Playwright, with a fake camera and WebRTC on loopback.
import { chromium } from 'playwright-core';
import { atEnd } from './cleanup.mjs';

const ARGS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream=device-count=1,fps=30',
    '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection',
    '--autoplay-policy=no-user-gesture-required',
];

/** A browser that closes with the test. `args` are added to ours, `env` to our environment. */
export async function launchBrowser(t, { args = [], env = {} } = {}) {
    const place = { executablePath: '/usr/bin/chromium', env: { ...process.env, ...env } };
    const browser = await chromium.launch({ ...place, headless: true, args: [...ARGS, ...args] });
    atEnd(t, () => browser.close());
    return browser;
}

/**
 * A page that remembers what went wrong on it: page.faults holds uncaught errors and console errors.
 * `options` are Playwright's context options (a device, locale...).
 */
export async function openPage(t, browser, options = {}) {
    const context = await browser.newContext({ locale: 'ko-KR', timezoneId: 'Asia/Seoul', ...options });
    atEnd(t, () => context.close());
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()));
    return page;
}
