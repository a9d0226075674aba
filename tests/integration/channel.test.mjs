// The show's channel through the whole of chat: tickets, talk, stock, orders, moderation.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { atEnd, startService } from './harness/index.mjs';
import { Channel } from './channel.mjs';
import { Person, firstOperator, openShop, orderForm } from './people.mjs';

async function stage(t, options) {
    const chat = await startService(t, 'chat', { flags: { 'http.per_address': -1 } });
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { seller, product } = await openShop(operator, options);
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    await seller.must('PUT', `/api/v1/shows/${show.id}/products`, { ids: [product.id] }, 204);
    const enter = async (person) => {
        const channel = new Channel(person, show.id);
        atEnd(t, () => channel.close());
        channel.hello = await channel.open();
        return channel;
    };
    const guest = async () => enter(await new Person(chat.http).becomeGuest());
    return { chat, operator, seller, product, show, enter, guest };
}

const say = (channel, text) => channel.ask('chat.send', { t: text }, { k: randomUUID() });

test('a page learns the state, talks, and everybody reads it', async (t) => {
    const { seller, show, enter, guest } = await stage(t);
    await seller.must('PUT', `/api/v1/shows/${show.id}/notice`, { text: '오늘 바로 보내요' });
    const [one, two, owner] = [await guest(), await guest(), await enter(seller)];
    assert.equal(one.hello.ok.recovered, false);
    assert.equal((await one.push('notice')).d.text, '오늘 바로 보내요');
    assert.equal((await one.push('state')).d.state, 'scheduled');
    const sent = await say(one, '사이즈 있어요?');
    assert.ok(sent.ok.mid, JSON.stringify(sent));
    for (const page of [one, two, owner]) assert.equal((await page.push('msg')).d.t, '사이즈 있어요?');
    await say(owner, '네, 있어요');
    const answer = await two.push('msg', ({ t }) => t === '네, 있어요');
    assert.deepEqual([answer.d.from.role, answer.d.from.name], ['owner', '한라봉 농장']);
    const late = await guest();
    await late.until('both lines', ({ pushes }) => pushes.filter(({ e }) => e === 'msg').length === 2);
});

test('stock and orders are told as they happen', async (t) => {
    const { seller, product, show, enter, guest } = await stage(t, { stock: 3 });
    const [watcher, owner, buyer] = [await guest(), await enter(seller), await guest()];
    await seller.must('POST', `/api/v1/shop/products/${product.id}/stock`, { variant: product.variants[0].id, add: 1 });
    const placed = await buyer.person.order(orderForm(product, { show: show.id }));
    assert.equal(placed.status, 201, JSON.stringify(placed.body));
    const [{ id }] = placed.body.orders;
    const stock = await watcher.push('stock', ({ left }) => left === 3);
    assert.equal(stock.d.variant, product.variants[0].id, 'three, one more, and one ordered');
    assert.equal((await owner.push('order')).d.id, id);
    assert.equal((await buyer.push('order', ({ state }) => state === 'pending')).d.id, id);
    await seller.must('POST', `/api/v1/shop/orders/${id}/confirm`, {});
    assert.equal((await buyer.push('order', ({ state }) => state === 'paid')).d.id, id);
    assert.equal(watcher.pushes.filter(({ e }) => e === 'order').length, 0, 'an order is told to nobody else');
});

test('A2, pitfall 24: a ticket opens one socket, of its show, once', async (t) => {
    const { chat, show, seller } = await stage(t);
    const person = await new Person(chat.http).becomeGuest();
    const { ticket } = await person.must('POST', '/api/v1/tickets', { show: show.id }, 201);
    const other = await seller.must('POST', '/api/v1/shop/shows', { title: '다른 방송', access: 'public' }, 201);
    const fixed = { base: chat.http, must: async () => ({ ticket }) };
    const elsewhere = await new Channel(fixed, other.id).open();
    assert.equal(elsewhere.closed?.code, 4401, JSON.stringify(elsewhere));
    const first = new Channel(fixed, show.id), second = new Channel(fixed, show.id);
    atEnd(t, () => first.close());
    assert.ok((await first.open()).ok);
    assert.equal((await second.open()).closed.code, 4401);
    assert.ok(!chat.text().includes(ticket));
    const unused = await person.must('POST', '/api/v1/tickets', { show: show.id }, 201);
    await chat.stopClean();
    const again = await startService(t, 'chat', { site: chat.site });
    const late = await new Channel({ base: again.http, must: async () => unused }, show.id).open();
    assert.equal(late.closed?.code, 4401, 'what was used before is forgotten, so nothing from before is taken');
});

test('C4, pitfall 25: who is banned is out within a second, and stays out', async (t) => {
    const { seller, enter, guest } = await stage(t);
    const [rude, owner] = [await guest(), await enter(seller)];
    await say(rude, '나쁜 말');
    const line = await owner.push('msg');
    assert.ok((await owner.ask('chat.ban', { person: line.d.from.id })).ok);
    const { code } = await rude.until('the socket to close', ({ closed }) => closed, 5000);
    assert.equal(code, 4403);
    const again = new Channel(rude.person, rude.show);
    const answer = await again.open();
    assert.equal(answer.closed?.code, 4403, JSON.stringify(answer));
});

test('A6: a viewer may not moderate', async (t) => {
    const { guest } = await stage(t);
    const [one, two] = [await guest(), await guest()];
    await say(one, '안녕하세요');
    const { d } = await two.push('msg');
    for (const [verb, content] of [['chat.delete', { mid: d.mid }], ['chat.ban', { person: d.from.id }], ['chat.mute', { person: d.from.id }], ['chat.slow', { s: 30 }], ['chat.freeze', { on: true }]]) {
        const answer = await two.ask(verb, content);
        assert.equal(answer.er?.c, 'forbidden', `${verb}: ${JSON.stringify(answer)}`);
    }
});

const LINES = '사과 배추 무 고등어 미역 참기름 떡 꿀 김치 한라봉 누룽지 도라지 멸치 대추 곶감'.split(' '); // three each, as fast as one may talk

test('pitfall 36: a page that was cut has every line once', async (t) => {
    const { guest } = await stage(t);
    const reader = await guest();
    const talkers = [await guest(), await guest(), await guest(), await guest(), await guest()];
    const seen = [];
    const newest = (lane) => Math.max(0, ...reader.pushes.filter(({ ch }) => ch === lane).map(({ o }) => o ?? 0));
    const position = { ctl: newest('ctl'), chat: 0 };
    for (let round = 0; round < LINES.length; round++) {
        const said = await say(talkers[round % 5], LINES[round]);
        assert.ok(said.ok, JSON.stringify(said));
        if (round % 4 !== 3) continue;
        const { ep } = reader.hello.ok;
        seen.push(...reader.pushes.filter(({ e }) => e === 'msg'));
        Object.assign(position, { ctl: Math.max(position.ctl, newest('ctl')), chat: Math.max(position.chat, newest('chat')) });
        reader.close();
        reader.hello = await reader.open({ ep, o: position });
        assert.equal(reader.hello.ok?.recovered, true, JSON.stringify(reader.hello));
    }
    await reader.until('every line', ({ pushes }) => seen.length + pushes.filter(({ e }) => e === 'msg').length >= LINES.length);
    seen.push(...reader.pushes.filter(({ e }) => e === 'msg'));
    assert.deepEqual(seen.map(({ d }) => d.t), LINES);
    assert.equal(new Set(seen.map(({ d }) => d.mid)).size, LINES.length);
});
