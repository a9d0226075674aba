// The demo's visitors and its seller's hands: robot.mjs FRONT DATA. They talk, send hearts, buy; the seller confirms what
// was paid, shows one product after another and fills up what runs out. Ends with the show.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { Person } from './person.mjs';

const [front, data] = process.argv.slice(2);
const { seller: login, show } = JSON.parse(readFileSync(path.join(data, 'demo.json'), 'utf8'));
const VISITORS = 6;
const LINES = [
    '안녕하세요!', '한라봉 많이 시큼한가요?', '오늘 주문하면 언제 와요?', '저번에 샀는데 맛있었어요', '선물 포장 되나요?', '와 싸다',
    '김부각 짜지 않아요?', '배송비 얼마예요?', '참기름 국산 맞죠?', '두 상자 살게요', '떡은 냉동해도 되나요?', '고등어 몇 마리예요?', '꿀 색깔 곱다',
    '머그잔 선물용으로 좋겠네요', '방금 주문했어요', '시장 구경 가고 싶어요', '사장님 목소리 좋으세요', '김치 많이 매워요?', 'ㅎㅎㅎ', '또 살게요',
];
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const between = (low, high) => wait(low + Math.random() * (high - low));
const note = (error) => console.error(`robot: ${error.message}`);

/** The channel, as a page uses it; opened again when it breaks. */
class Channel {
    constructor(person) {
        this.person = person;
        this.next = 2;
    }

    async open() {
        const { ticket } = await this.person.post('/api/v1/tickets', { show });
        this.socket = new WebSocket(`${front.replace('http', 'ws')}/ws`, { origin: front, perMessageDeflate: false });
        await new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject));
        this.socket.on('error', note);
        this.send({ id: 1, m: 'hello', d: { ticket, show } });
    }

    send(message) {
        this.socket.send(JSON.stringify(message));
    }

    async say(message) {
        if (this.socket?.readyState !== WebSocket.OPEN) await this.open();
        this.send(message);
    }

    talk = (text) => this.say({ id: this.next++, m: 'chat.send', k: randomUUID(), d: { t: text } });
    heart = (n) => this.say({ m: 'heart', d: { n } });
}

async function buy(person) {
    const { products, sales_stopped: stopped } = await person.get(`/api/v1/shows/${show}`);
    const product = pick(products);
    const variant = product && pick(product.variants);
    if (stopped || !variant?.left) return;
    await person.post('/api/v1/orders', {
        items: [{ variant: variant.id, quantity: 1, price_won: variant.price_won }],
        show,
        recipient: pick(['김영희', '이철수', '박민지', '최서준', '정하늘']),
        phone: `010-${String(Math.floor(1000 + Math.random() * 9000))}-${String(Math.floor(1000 + Math.random() * 9000))}`,
        delivery: 'ship', postcode: '04524', address: '서울특별시 중구 세종대로 110', address_detail: '', memo: '문 앞에 두세요',
        tender: 'transfer', depositor: '', agreed: true,
    }, { 'idempotency-key': randomUUID() });
}

async function visit() {
    const person = await new Person(front).becomeGuest();
    const channel = new Channel(person);
    for (;;) {
        await between(4000, 16000);
        const act = Math.random();
        if (act < 0.5) await channel.talk(pick(LINES));
        else if (act < 0.85) await channel.heart(1 + Math.floor(Math.random() * 8));
        else await buy(person);
    }
}

async function confirmPaid(seller) {
    for (const order of (await seller.get('/api/v1/shop/orders')).items)
        if (order.state === 'pending' && Date.now() - order.created_at > 10000)
            await seller.post(`/api/v1/shop/orders/${order.id}/confirm`, {});
}

async function fillUp(seller, products) {
    for (const product of products)
        for (const variant of product.variants)
            if (variant.left < 5) await seller.post(`/api/v1/shop/products/${product.id}/stock`, { variant: variant.id, add: 30 });
}

async function sell() {
    const seller = await new Person(front).signIn(login);
    for (let turn = 1; ; turn++) {
        await wait(5000);
        await confirmPaid(seller);
        const { products, state } = await seller.get(`/api/v1/shows/${show}`);
        if (state === 'ended') process.exit(0);
        if (turn % 6 === 0) await seller.put(`/api/v1/shows/${show}/pin`, { product: products[(turn / 6) % products.length].id });
        if (turn % 12 === 0) await fillUp(seller, products);
    }
}

/** Whatever goes wrong (a service restarts), it begins again. */
async function keep(work) {
    for (;;) {
        await work().catch(note);
        await between(1000, 5000);
    }
}

await Promise.all([keep(sell), ...Array.from({ length: VISITORS }, () => between(0, 8000).then(() => keep(visit)))]);
