// A sale over REST, from the operator's first link to goods handed over. chat alone: no picture is needed to sell.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { request, startService } from './harness/index.mjs';
import { Person, accept, firstOperator, inviteSeller, openShop, orderForm, password, productForm, shopForm } from './people.mjs';

const start = (t) => startService(t, 'chat', { flags: { 'http.per_address': -1 } });

test('the first link makes the operator once, and is gone after that', async (t) => {
    const chat = await start(t);
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    assert.equal(operator.session.role, 'operator');
    assert.equal((await operator.must('GET', '/api/v1/session')).login, 'operator');
    const link = path.join(chat.site.dataDir, 'operator-link');
    await assert.rejects(firstOperator(chat.http, chat.site.dataDir), /410/);
    await chat.stopClean();
    const again = await startService(t, 'chat', { site: chat.site });
    assert.ok(!existsSync(link));
    const back = await new Person(again.http).signIn('OPERATOR', password);
    assert.equal(back.session.role, 'operator');
});

test('a seller opens a shop by link, and nobody else can use the link again', async (t) => {
    const chat = await start(t);
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { link } = await operator.must('POST', '/api/v1/sellers/invites', { shop_name: '떡집' }, 201);
    const looker = new Person(chat.http);
    const seen = await looker.must('POST', '/api/v1/invites/look', { token: link.split('=')[1] });
    assert.deepEqual([seen.kind, seen.shop_name], ['seller', '떡집']);
    const seller = await accept(chat.http, link, { login: 'tteok', name: '떡집 사장' });
    assert.equal(seller.session.shop.role, 'owner');
    const late = await looker.post('/api/v1/invites/look', { token: link.split('=')[1] });
    assert.deepEqual([late.status, late.body.code], [410, 'link_spent']);
    const { items } = await operator.must('GET', '/api/v1/sellers');
    assert.deepEqual(items.map((item) => [item.shop.name, item.login, item.state]), [['떡집', 'tteok', 'active']]);
    await seller.must('PUT', '/api/v1/shop', shopForm);
    const wrong = await seller.put('/api/v1/shop', { ...shopForm, business_number: '220-81-62518' });
    assert.deepEqual([wrong.status, wrong.body.code], [422, 'business_number_invalid']);
});

test('weak passwords and taken logins are refused, and the link stays good', async (t) => {
    const chat = await start(t);
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { link } = await operator.must('POST', '/api/v1/sellers/invites', { shop_name: '떡집' }, 201);
    const person = new Person(chat.http);
    const form = { token: link.split('=')[1], login: 'tteok', password, name: '사장' };
    const cases = [
        [{ ...form, password: 'short' }, 'password_weak'],
        [{ ...form, login: 'operator' }, 'login_taken'],
        [{ ...form, login: '떡집사장' }, 'field_invalid'],
        [{ ...form, role: 'operator' }, 'field_unknown'],
    ];
    for (const [content, code] of cases) {
        assert.equal((await person.post('/api/v1/invites/accept', content)).body.code, code);
    }
    await person.must('POST', '/api/v1/invites/accept', form, 201);
});

test('a guest orders by transfer, the seller confirms, and all figures agree', async (t) => {
    const chat = await start(t);
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { seller, product } = await openShop(operator);
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    await seller.must('PUT', `/api/v1/shows/${show.id}/products`, { ids: [product.id] }, 204);
    const guest = await new Person(chat.http).becomeGuest();
    const [variant] = (await guest.must('GET', `/api/v1/shows/${show.id}`)).products[0].variants;
    assert.deepEqual([variant.left, variant.stock], [100, undefined]);

    await guest.must('PUT', `/api/v1/cart/items/${variant.id}`, { quantity: 2 });
    const cart = await guest.must('GET', '/api/v1/cart');
    assert.deepEqual([cart.items.length, cart.total_won], [1, 25800]);
    const placed = await guest.order(orderForm(product, { quantity: 2, show: show.id }));
    assert.equal(placed.status, 201, JSON.stringify(placed.body));
    const [order] = placed.body.orders;
    assert.deepEqual([order.state, order.total_won, order.shop.bank_account], ['pending', 28800, shopForm.bank_account]);

    const [seen] = (await seller.must('GET', '/api/v1/shop/orders')).items;
    assert.deepEqual([seen.id, seen.recipient, seen.phone], [order.id, '김철수', '010-1234-5678']);
    const paid = await seller.must('POST', `/api/v1/shop/orders/${order.id}/confirm`, {});
    assert.equal(paid.state, 'paid');
    assert.equal((await guest.must('GET', `/api/v1/orders/${order.id}`)).state, 'paid');

    const [stock] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    assert.deepEqual([stock.stock, stock.reserved, stock.sold, stock.left], [100, 0, 2, 98]);
    const report = await seller.must('GET', `/api/v1/shows/${show.id}/report`);
    assert.deepEqual([report.orders, report.paid_orders, report.paid_won, report.units], [1, 1, 28800, 2]);
    await seller.must('POST', `/api/v1/shop/orders/${order.id}/shipped`, {});
    const late = await guest.post(`/api/v1/orders/${order.id}/cancel`, {});
    assert.deepEqual([late.status, late.body.code], [409, 'not_now']);
    const done = await seller.must('POST', `/api/v1/shop/orders/${order.id}/delivered`, {});
    assert.equal(done.state, 'delivered');
});

test('P1: an order by its link shows nobody else who bought', async (t) => {
    const chat = await start(t);
    const { product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    const [order] = (await guest.order(orderForm(product))).body.orders;
    const stranger = await new Person(chat.http).must('GET', `/api/v1/orders/${order.id}`);
    assert.deepEqual([stranger.recipient, stranger.phone, stranger.address, stranger.memo], ['김**', '010-****-5678', '', '']);
    const unknown = await new Person(chat.http).get('/api/v1/orders/AAAAAAAAAAAAAAAAAAAAAA');
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not_found']);
});

test('K9, pitfall 9, pitfall 10: what the page says about prices, sellers and stock is not believed', async (t) => {
    const chat = await start(t);
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { seller, product } = await openShop(operator, { stock: 3 });
    const guest = await new Person(chat.http).becomeGuest();
    const form = orderForm(product);
    const order = (change) => guest.order({ ...form, ...change });
    const item = form.items[0];
    const cases = [
        [{ items: [{ ...item, price_won: 1 }] }, 409, 'price_changed'],
        [{ items: [{ ...item, quantity: 0 }] }, 422, 'field_invalid'],
        [{ items: [{ ...item, quantity: -1 }] }, 422, 'field_invalid'],
        [{ items: [{ ...item, quantity: 1.5 }] }, 422, 'field_invalid'],
        [{ items: [{ ...item, price_won: 12900.5 }] }, 422, 'field_invalid'],
        [{ items: [item, item] }, 422, 'field_invalid'],
        [{ items: [{ ...item, total_won: 1 }] }, 422, 'field_unknown'],
        [{ total_won: 1 }, 422, 'field_unknown'],
        [{ shop: 7 }, 422, 'field_unknown'],
        [{ state: 'paid' }, 422, 'field_unknown'],
        [{ agreed: false }, 422, 'field_invalid'],
        [{ tender: 'at_pickup' }, 422, 'field_invalid'],
    ];
    for (const [change, status, code] of cases) {
        const answer = await order(change);
        assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(change));
    }
    const many = await order({ items: [{ ...item, quantity: 4 }] });
    assert.deepEqual([many.status, many.body.code, many.body.left], [409, 'sold_out', 3]);
    const gone = await order({ items: [{ ...item, variant: 999999 }] });
    assert.ok(gone.status === 404 || gone.status === 409, JSON.stringify(gone.body));
    const shipping = await seller.put('/api/v1/shop', { ...shopForm, shipping_won: -1 });
    assert.deepEqual([shipping.status, shipping.body.code], [422, 'field_invalid']);
    const [stock] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    assert.deepEqual([stock.reserved, stock.sold], [0, 0]);
});

test('pitfall 14: a buyer is asked when the price changed in between', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    const [variant] = product.variants;
    const { version } = product;
    for (const price of [13900, 9900]) {
        const now = (await seller.must('GET', '/api/v1/shop/products')).items[0];
        const content = {
            ...productForm, price_won: price, version: now.version,
            variants: [{ id: variant.id, values: [], price_won: price }],
        };
        await seller.must('PATCH', `/api/v1/shop/products/${product.id}`, content);
        const answer = await guest.order(orderForm(product));
        assert.deepEqual([answer.status, answer.body.code, answer.body.price_won], [409, 'price_changed', price]);
    }
    const stale = await seller.patch(`/api/v1/shop/products/${product.id}`, {
        ...productForm, version, variants: [{ id: variant.id, values: [], price_won: 1 }],
    });
    assert.deepEqual([stale.status, stale.body.code], [409, 'conflict']);
});

test('pitfall 4: two tabs that order one cart make one order, and the cart is empty', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    const [variant] = product.variants;
    await guest.must('PUT', `/api/v1/cart/items/${variant.id}`, { quantity: 2 });
    const form = orderForm(product, { quantity: 2, from_cart: true });
    const answers = await Promise.all([guest.order(form), guest.order(form)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    assert.equal(answers.find(({ status }) => status === 409).body.code, 'cart_changed');
    assert.deepEqual((await guest.must('GET', '/api/v1/cart')).items, []);
    await guest.must('PUT', `/api/v1/cart/items/${variant.id}`, { quantity: 3 });
    const other = await guest.order(form);
    assert.deepEqual([other.status, other.body.code], [409, 'cart_changed'], 'three are in it now, not two');
    assert.equal((await guest.must('GET', '/api/v1/cart')).items[0].quantity, 3, 'a refusal takes nothing');
    const [stock] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    assert.equal(stock.reserved, 2);
});

test('K2, pitfall 8: one key is one order, however often it is sent', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    const key = 'key-of-this-order';
    const answers = await Promise.all(Array.from({ length: 100 }, () => guest.order(orderForm(product), key)));
    const orders = new Set(answers.map((answer) => answer.body.orders[0].id));
    assert.equal(orders.size, 1);
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    const other = await guest.order(orderForm(product, { quantity: 2 }), key);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_mismatch']);
    const neighbour = await new Person(chat.http).becomeGuest();
    const theirs = await neighbour.order(orderForm(product, { phone: '010-2222-3333' }), key);
    assert.equal(theirs.status, 201);
    assert.ok(!orders.has(theirs.body.orders[0].id));
    const [stock] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    assert.equal(stock.reserved, 2);
    const without = await guest.post('/api/v1/orders', orderForm(product));
    assert.deepEqual([without.status, without.body.code], [400, 'idempotency_key_missing']);
});

test('pitfall 49, pitfall 48: orders as a table are text, in Korean time, and nothing of it is a formula', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    const wish = { quantity: 2, memo: '=HYPERLINK("http://x","y")', recipient: '+김철수', depositor: '@SUM(A1)', address_detail: '-1층, 왼쪽' };
    const [order] = (await guest.order(orderForm(product, wish))).body.orders;
    const table = await seller.get('/api/v1/shop/orders.csv');
    assert.equal(table.status, 200, table.body);
    assert.equal(table.headers.get('content-type'), 'text/csv; charset=utf-8');
    const korea = new Date(order.created_at + 9 * 3600e3).toISOString();
    assert.match(table.headers.get('content-disposition'), /^attachment; filename="\d{4}-\d\d-\d\d_orders\.csv"$/);
    const [head, row, end] = table.body.split('\r\n');
    assert.equal(head.replace(/^\ufeff/, '').split(',').length, 16);
    assert.equal(end, '');
    const cells = [
        order.number, korea.slice(0, 16).replace('T', ' '), 'pending', "'+김철수", '010-1234-5678', '63122', '제주특별자치도 제주시 문연로 6',
        "'-1층, 왼쪽", product.name, '', 2, 12900, 3000, 28800, "'@SUM(A1)", "'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")",
    ];
    assert.equal(row, cells.map((cell) => (typeof cell === 'number' ? String(cell) : `"${cell}"`)).join(','));
    assert.equal((await guest.get('/api/v1/shop/orders.csv')).status, 401);
});

test('pitfall 19: cancelled by both sides at once, what was paid is owed back once', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir), { stock: 90 });
    const guest = await new Person(chat.http).becomeGuest();
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    const [order] = (await guest.order(orderForm(product, { quantity: 3, show: show.id }))).body.orders;
    await seller.must('POST', `/api/v1/shop/orders/${order.id}/confirm`, {});
    assert.equal((await seller.must('GET', `/api/v1/shows/${show.id}/report`)).paid_won, order.total_won);
    const cancels = Array.from({ length: 20 }, (_, i) => (i % 2
        ? guest.post(`/api/v1/orders/${order.id}/cancel`, {})
        : seller.post(`/api/v1/shop/orders/${order.id}/cancel`, { reason: '품절' })));
    for (const { status } of await Promise.all(cancels)) assert.ok([200, 409].includes(status), `${status}`);
    assert.equal((await guest.must('GET', `/api/v1/orders/${order.id}`)).state, 'cancelled');
    const [stock] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    assert.deepEqual([stock.left, stock.reserved, stock.sold], [90, 0, 0]);
    const report = await seller.must('GET', `/api/v1/shows/${show.id}/report`);
    assert.deepEqual([report.paid_orders, report.paid_won, report.units], [0, 0, 0]);
});

test('pitfall 15: the clock of the client decides nothing', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const day = 24 * 3600e3;
    for (const off of [-day, day]) {
        const guest = await new Person(chat.http).becomeGuest();
        const began = Date.now();
        const headers = { date: new Date(began + off).toUTCString(), 'if-unmodified-since': new Date(began + off).toUTCString() };
        const key = `a-clock-that-is-off-${off}`;
        const answer = await guest.post('/api/v1/orders', orderForm(product, { phone: `010-1111-${off > 0 ? 1111 : 2222}` }), { ...headers, 'idempotency-key': key });
        assert.equal(answer.status, 201, JSON.stringify(answer.body));
        const [order] = answer.body.orders;
        assert.ok(order.created_at >= began - 1000 && order.created_at <= Date.now() + 1000);
        assert.equal(order.expires_at - order.created_at, shopForm.transfer_hours * 3600e3);
        const told = await guest.post('/api/v1/orders', { ...orderForm(product), created_at: began + off }, { 'idempotency-key': `${key}-told` });
        assert.deepEqual([told.status, told.body.code], [422, 'field_unknown']);
    }
    await seller.must('GET', '/api/v1/shop/orders');
});

test('pitfall 46: another shop\'s ids are as if absent', async (t) => {
    const chat = await start(t);
    const operator = await firstOperator(chat.http, chat.site.dataDir);
    const { seller, product } = await openShop(operator);
    const guest = await new Person(chat.http).becomeGuest();
    const [order] = (await guest.order(orderForm(product))).body.orders;
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    const other = await inviteSeller(operator, '남의 가게', 'mina');
    const asked = [
        ['PATCH', `/api/v1/shop/products/${product.id}`, { ...productForm, version: 1 }],
        ['DELETE', `/api/v1/shop/products/${product.id}`],
        ['POST', `/api/v1/shop/products/${product.id}/stock`, { variant: product.variants[0].id, add: 1 }],
        ['POST', `/api/v1/shop/orders/${order.id}/confirm`, {}],
        ['POST', `/api/v1/shop/orders/${order.id}/cancel`, { reason: 'x' }],
        ['POST', `/api/v1/shop/orders/${order.id}/shipped`, {}],
        ['PATCH', `/api/v1/shows/${show.id}`, { title: 'x' }],
        ['POST', `/api/v1/shows/${show.id}/start`, {}],
        ['POST', `/api/v1/shows/${show.id}/end`, {}],
        ['PUT', `/api/v1/shows/${show.id}/products`, { ids: [] }],
        ['PUT', `/api/v1/shows/${show.id}/pin`, { product: null }],
        ['PUT', `/api/v1/shows/${show.id}/notice`, { text: 'x' }],
        ['GET', `/api/v1/shows/${show.id}/report`],
        ['POST', `/api/v1/shows/${show.id}/play-token`, {}],
    ];
    for (const [method, path, content] of asked) {
        const answer = await other.ask(method, path, content);
        assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'], `${method} ${path}`);
    }
    const stranger = await new Person(chat.http).becomeGuest();
    const cancelled = await stranger.post(`/api/v1/orders/${order.id}/cancel`, {});
    assert.equal(cancelled.status, 404);
});

test('A7: a change needs the token of this very session', async (t) => {
    const chat = await start(t);
    const { seller } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    for (const token of ['', 'x'.repeat(64), guest.session.csrf]) {
        const answer = await seller.ask('PUT', '/api/v1/shop', shopForm, { 'x-csrf-token': token });
        assert.deepEqual([answer.status, answer.body.code], [403, 'csrf']);
    }
    const foreign = await seller.ask('PUT', '/api/v1/shop', shopForm, { origin: 'https://evil.example' });
    assert.equal(foreign.status, 403);
    const form = await seller.ask('POST', '/api/v1/session', undefined, { 'content-type': 'text/plain' });
    assert.equal(form.status, 400);
    const cookie = (await new Person(chat.http).ask('POST', '/api/v1/guests', {})).headers.getSetCookie()[0];
    assert.match(cookie, /^jangteo_dev=[A-Za-z0-9_-]{22}; .*Path=\/; HttpOnly; SameSite=Lax/);
});

test('A5: wrong passwords are slowed down, whether the account exists or not', async (t) => {
    const chat = await start(t);
    await firstOperator(chat.http, chat.site.dataDir);
    const person = new Person(chat.http);
    const codes = [];
    for (let i = 0; i < 7; i++) {
        const login = i % 2 ? 'operator' : 'nobody';
        const answer = await person.post('/api/v1/session', { login, password: 'wrong-password-1' });
        codes.push(answer.body.code);
        if (answer.status === 429) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    }
    assert.equal(codes[0], 'wrong_login');
    assert.equal(codes.at(-1), 'too_many');
});

test('A4, P1, pitfall 50: the stream key is shown to its owner; neither it nor who ordered is in a file or a log', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const guest = await new Person(chat.http).becomeGuest();
    assert.equal((await guest.order(orderForm(product))).status, 201);
    const persons = ['김철수', '010-1234-5678', '01012345678', '문연로 6', '101동 202호', '문 앞에 두세요'];
    const { stream_key: key } = await seller.must('POST', '/api/v1/shop/key/reveal', {});
    assert.equal((await seller.must('POST', '/api/v1/shop/key/reveal', {})).stream_key, key);
    const { stream_key: next } = await seller.must('POST', '/api/v1/shop/key/rotate', {});
    assert.notEqual(next, key);
    const files = readdirSync(chat.site.dataDir, { recursive: true }).map((name) => path.join(chat.site.dataDir, name));
    for (const file of files.filter((name) => statSync(name).isFile())) {
        const bytes = readFileSync(file);
        for (const secret of [key, next, ...persons]) assert.ok(!bytes.includes(secret), `${file} has ${secret} in clear`);
    }
    const { body: metrics } = await request(`${chat.admin}/metrics`);
    for (const secret of [key, next, ...persons]) assert.ok(!chat.text().includes(secret) && !metrics.includes(secret), secret);
});

test('pitfall 17: what is cancelled comes back into stock, once', async (t) => {
    const chat = await start(t);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir), { stock: 5 });
    const guest = await new Person(chat.http).becomeGuest();
    const [order] = (await guest.order(orderForm(product))).body.orders;
    const cancelled = await guest.must('POST', `/api/v1/orders/${order.id}/cancel`, {});
    assert.equal(cancelled.state, 'cancelled');
    const [stock] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    assert.deepEqual([stock.left, stock.reserved, stock.sold], [5, 0, 0]);
    const again = await seller.post(`/api/v1/shop/orders/${order.id}/confirm`, {});
    assert.deepEqual([again.status, again.body.code], [409, 'not_now']);
});
