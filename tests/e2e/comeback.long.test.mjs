// Chat dies under a thousand sockets and a page that watches: all are back, each with the same lines, and nobody's picture stalls.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { atEnd, until } from '../integration/harness/index.mjs';
import { backoffMs } from '../../web/js/shared/socket.js';
import { Channel } from '../integration/channel.mjs';
import { Person } from '../integration/people.mjs';
import { hears, openMarketOnAir, said, untilMoving } from './kit/market.mjs';
import { longestGapMs, watchShow } from './kit/watch.mjs';

const CROWD = 1000;
const AT_ONCE = 50;
const BACK_MAX_MS = 60000;
const FREEZE_MS = 3000; // ours: a thousand sockets and the services share two cores with the browser

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Come back as the page does; resolves to hello's answer. */
async function comeBack(channel, position) {
    for (let attempt = 0; ; attempt++) {
        await pause(backoffMs(attempt));
        const hello = await channel.open(position).catch(() => ({}));
        if (hello.ok) return hello;
    }
}

const lines = (channel) => channel.pushes.filter(({ e }) => e === 'msg').map(({ d }) => d.t);

async function sayAll(channel, texts) {
    for (const text of texts) {
        const answer = await channel.ask('chat.send', { t: text }, { k: randomUUID() });
        assert.ok(answer.ok, JSON.stringify(answer));
    }
}

test('V3, pitfalls 36 and 37: a thousand sockets and a picture live through the end of chat', async (t) => {
    const env = { JANGTEO_HTTP_PER_ADDRESS: '-1', JANGTEO_WS_PER_ADDRESS: '-1' };
    const { jangteo, seller, show } = await openMarketOnAir(t, { args: [], env });
    const browser = await launchBrowser(t);
    const watcher = await watchShow(t, browser, jangteo, show);
    const crowd = Array.from({ length: CROWD }, () => new Channel(new Person(jangteo.urls.chat), show));
    atEnd(t, () => crowd.forEach((channel) => channel.close()));
    for (let i = 0; i < CROWD; i += AT_ONCE) {
        const hellos = await Promise.all(crowd.slice(i, i + AT_ONCE).map((channel) => channel.open()));
        for (const hello of hellos) assert.ok(hello.ok, JSON.stringify(hello));
    }
    const owner = new Channel(seller, show);
    atEnd(t, () => owner.close());
    const { ok } = await owner.open();
    await sayAll(owner, ['하나', '둘', '셋']);
    await Promise.all(crowd.map((channel) => channel.until('three lines', () => lines(channel).length === 3)));
    await untilMoving(watcher.page);
    await watcher.forgetFrames();

    await jangteo.killPart('chat');
    const killed = performance.now();
    await Promise.all(crowd.map((channel) => channel.until('the socket to break', () => channel.closed)));
    const hellos = await Promise.all([...crowd, owner].map((channel) => comeBack(channel, { ep: ok.ep, o: { ctl: 1, chat: 3 } })));
    const tookMs = performance.now() - killed;
    assert.ok(hellos.every((hello) => hello.ok.recovered === false && hello.ok.ep !== ok.ep), 'nobody is told that they missed nothing');
    t.diagnostic(`${CROWD} sockets were back after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < BACK_MAX_MS);
    await sayAll(owner, ['넷', '다섯']);
    await Promise.all(crowd.map((channel) => channel.until('two lines', () => lines(channel).length >= 2)));
    for (const channel of crowd) assert.deepEqual(lines(channel), ['넷', '다섯']);
    await hears(watcher.page, '다섯');
    await until('the page to have no more', async () => String(await said(watcher.page)) === '넷,다섯');
    await untilMoving(watcher.page);
    const { frames, posts } = await watcher.probe();
    t.diagnostic(`longest gap of the picture ${longestGapMs(frames).toFixed(0)} ms`);
    assert.ok(longestGapMs(frames) < FREEZE_MS);
    assert.equal(posts.length, 1, 'the picture was not asked for anew');
});
