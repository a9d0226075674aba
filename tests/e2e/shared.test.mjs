// What the pages share and what needs no browser: the channel's state, money, times, people's numbers.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Channel } from '../../web/js/shared/channel.js';
import { count, moment, won } from '../../web/js/shared/format.js';
import { parseWon, percentOff, shortCount } from '../../web/js/shared/money.js';
import { hyphenBusiness, hyphenPhone, isBusinessNumber, isPhone, maskName, maskPhone } from '../../web/js/shared/person.js';
import { backoffMs } from '../../web/js/shared/socket.js';
import { clock, fromInput } from '../../web/js/shared/time.js';
import { untilFrameMs } from '../../web/js/viewer/hold.js';

const you = { id: '1', name: '', role: 'guest' };
const message = (mid, o) => ({ ch: 'chat', o, e: 'msg', d: { mid, from: { id: '2', name: '김**', role: 'guest' }, t: mid, at: 0 } });
const opened = () => {
    const channel = new Channel();
    channel.onHello({ ep: 'a1', recovered: false, you });
    return channel;
};

/* Every order of `list`. */
const orders = (list) => (list.length < 2 ? [list] : list.flatMap((one, i) => orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [one, ...rest])));

test('channel: pitfall 36: what comes twice is there once', () => {
    const channel = opened();
    for (let i = 0; i < 3; i++) for (const o of [1, 2, 3]) channel.apply(message(`m${o}`, o));
    assert.deepEqual([...channel.messages.keys()], ['m1', 'm2', 'm3']);
    assert.equal(channel.skipped, 0);
});

test('channel: pitfall 36: not recovered replaces, recovered goes on', () => {
    const channel = opened();
    channel.apply(message('m1', 1));
    channel.onHello({ ep: 'a1', recovered: true, you });
    channel.apply(message('m2', 2));
    assert.deepEqual([...channel.messages.keys()], ['m1', 'm2']);
    channel.onHello({ ep: 'b1', recovered: false, you });
    channel.apply(message('n1', 7));
    assert.deepEqual([...channel.messages.keys()], ['n1']);
});

test('channel: pitfall 38: a new epoch starts new positions', () => {
    const channel = opened();
    channel.apply(message('m1', 900));
    channel.apply({ ch: 'ctl', o: 300, e: 'sync', d: { chat: 900 } });
    assert.deepEqual(channel.position, { ep: 'a1', o: { ctl: 300, chat: 900 } });
    channel.onHello({ ep: 'b1', recovered: false, you });
    assert.deepEqual(channel.position, {});
    channel.apply({ ch: 'ctl', o: 2, e: 'sync', d: { chat: 0 } });
    assert.deepEqual(channel.position, { ep: 'b1', o: { ctl: 2, chat: 0 } });
});

test('channel: pitfall 39: stale state never wins, whatever the order', () => {
    const stock = [3, 2, 1, 0].map((left, i) => ({ ch: 'ctl', o: 10 + i, e: 'stock', d: { product: 1, variant: 5, left, v: i + 1 } }));
    for (const order of orders(stock)) {
        const channel = opened();
        for (const push of order) channel.apply(push);
        assert.equal(channel.entry('stock:5').left, 0);
    }
    const freeze = [true, false].map((on, i) => ({ ch: 'ctl', o: 20 + i, e: 'freeze', d: { on } })); // without a version the offset counts
    for (const order of orders(freeze)) {
        const channel = opened();
        for (const push of order) channel.apply(push);
        assert.equal(channel.entry('freeze').on, false);
    }
});

test('channel: pitfall 40: a deletion before its message', () => {
    for (const order of orders([message('m1', 1), message('m2', 2), { ch: 'ctl', o: 1, e: 'delete', d: { mid: 'm1' } }])) {
        const channel = opened();
        for (const push of order) channel.apply(push);
        assert.deepEqual([...channel.messages.keys()], ['m2']);
    }
});

test('channel: a gap in the talk is counted, a late joiner has none', () => {
    const channel = opened();
    for (const o of [51, 52, 57]) channel.apply(message(`m${o}`, o));
    assert.equal(channel.skipped, 4);
});

test('channel: what the server says it left out is counted once, what was deleted meanwhile goes', () => {
    const channel = opened();
    for (const o of [1, 2]) channel.apply(message(`m${o}`, o));
    channel.apply({ ch: 'chat', o: 9, e: 'skipped', d: { n: 7 } });
    channel.apply(message('m10', 10));
    assert.equal(channel.skipped, 7);
    channel.apply({ ch: 'chat', o: 10, e: 'skipped', d: { n: 3 } }); // the room's own mark takes no offset
    channel.apply(message('m11', 11));
    channel.apply({ ch: 'chat', o: 12, e: 'gone', d: { mid: 'm2' } });
    assert.equal(channel.skipped, 10);
    assert.deepEqual([...channel.messages.keys()], ['m1', 'm10', 'm11']);
});

test('channel: the list is bounded', () => {
    const channel = opened();
    for (let o = 1; o <= 5000; o++) channel.apply(message(`m${o}`, o));
    assert.equal(channel.messages.size, 200);
    assert.equal([...channel.messages.keys()].at(-1), 'm5000');
});

test('channel: what came lies over what was read', () => {
    const channel = opened();
    const show = { state: 'live', pin: 1, notice: '', chat_frozen: false, sales_stopped: false, slow_s: 0, products: [{ id: 1, variants: [{ id: 5, left: 3 }] }] };
    assert.deepEqual(channel.over(show), show);
    for (const [e, d] of [['stock', { product: 1, variant: 5, left: 0, v: 2 }], ['pin', { product: null, v: 2 }], ['notice', { text: 'n', v: 2 }], ['sales', { on: false }], ['freeze', { on: true }]])
        channel.apply({ ch: 'ctl', o: 1, e, d });
    const now = channel.over(show);
    assert.equal(now.products[0].variants[0].left, 0);
    assert.deepEqual([now.pin, now.notice, now.sales_stopped, now.chat_frozen], [null, 'n', true, true]);
    channel.apply({ ch: 'ctl', o: 2, e: 'end', d: {} });
    assert.equal(channel.over(show).state, 'ended');
});

test('socket: pitfall 34: waits double up to 16 s, with full jitter', () => {
    assert.deepEqual([0, 1, 2, 3, 4, 9].map((n) => backoffMs(n, () => 1)), [1000, 2000, 4000, 8000, 16000, 16000]);
    assert.equal(backoffMs(4, () => 0), 0);
});

test('money: as people read it', () => {
    assert.deepEqual([0, 900, 12900, 1234567].map(won), ['0원', '900원', '12,900원', '1,234,567원']);
    assert.deepEqual([999, 1234, 9999, 10000, 12345, 18230, 99999, 1234567, 130000000].map(count), ['999', '1,234', '9,999', '1만', '1.2만', '1.8만', '9.9만', '123만', '1.3억']);
    assert.deepEqual(shortCount(10999), { text: '1', unit: 'man' });
    assert.deepEqual([percentOff(18900, 12900), percentOff(null, 5), percentOff(5, 5), percentOff(100, 70), percentOff(3, 2)], [31, 0, 0, 30, 33]);
    assert.deepEqual(['12,900', ' 1 000 ', '0'].map(parseWon), [12900, 1000, 0]);
    for (const text of ['', '-1', '1.5', '1e3', '0x1', '9999999999999']) assert.ok(Number.isNaN(parseWon(text)), text);
});

test('pitfall 48: Korean days begin at midnight in Korea', () => {
    const midnight = Date.UTC(2026, 6, 13, 15, 0, 0); // 2026-07-14 00:00 in Korea
    assert.equal(moment(midnight + 20 * 3600000, midnight), '오늘 오후 8:00');
    assert.equal(moment(midnight + 20 * 3600000, midnight - 1), '내일 오후 8:00');
    assert.equal(moment(midnight - 1, midnight - 1), '오늘 오후 11:59');
    assert.equal(moment(midnight, midnight), '오늘 오전 12:00');
    assert.equal(moment(midnight + 20 * 3600000, midnight - 48 * 3600000), '7.14(화) 20:00');
    assert.equal(fromInput('2026-07-14T20:00'), midnight + 20 * 3600000);
    assert.ok(Number.isNaN(fromInput('')));
    assert.deepEqual([4 * 60000 + 59000, 2467999, -5].map((ms) => clock(ms)), ['00:04:59', '00:41:07', '00:00:00']);
});

test('people: numbers and masks', () => {
    const typed = { '0': '0', '010': '010', '0101': '010-1', '0101234': '010-123-4', '01012345678': '010-1234-5678', '0111234567': '011-123-4567', '021234567': '02-123-4567', '0212345678': '02-1234-5678', '0641234567': '064-123-4567', '15881234': '1588-1234' };
    for (const [digits, shown] of Object.entries(typed)) assert.equal(hyphenPhone(digits), shown);
    assert.deepEqual(['010-1234-5678', '02-123-4567', '1588-1234', '123', '110-1234-5678'].map(isPhone), [true, true, true, false, false]);
    assert.equal(maskPhone('01012345678'), '010-****-5678');
    assert.deepEqual([maskName('김하늘'), maskName('👩‍👩‍👧 님'), maskName('')], ['김**', '👩‍👩‍👧**', '']);
    // 124-81-00998 and 220-81-62517 are published numbers of large companies.
    assert.deepEqual(['1248100998', '220-81-62517', '1248100997', '123', '0000000001'].map(isBusinessNumber), [true, true, false, false, false]);
    assert.equal(hyphenBusiness('1248100998'), '124-81-00998');
});

test('pin: on its frame, at once when that is unknown or far', () => {
    const origin = 1e12, media = (ms) => ({ track: 'video', capture_us: (origin + ms) * 1000 });
    assert.equal(untilFrameMs(media(5400), 5000, origin), 400);
    assert.equal(untilFrameMs(media(4000), 5000, origin), 0); // passed
    assert.equal(untilFrameMs(media(7001), 5000, origin), 0); // more than 2 s off
    assert.equal(untilFrameMs(null, 5000, origin), 0);
    assert.equal(untilFrameMs(media(5400), null, origin), 0);
});
