// The API of chat from outside: every operation answers as docs/openapi.yaml says, and nothing a stranger sends is believed,
// or ends in anything but a refusal. Who may ask for what is in rights.test.mjs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { fileScope, rawExchange, startService } from './harness/index.mjs';
import { faultsOfAnswer, faultsOfRequest, operationOf, operations, resolve } from './openapi.mjs';
import { Person, accept, firstOperator, openShop, orderForm, password, productForm, shopForm } from './people.mjs';

const flags = { 'http.per_address': -1 };
const UNKNOWN = { show: 'zzzzzzzzzz', shop: '999999', product: '999999', variant: '999999', order: 'AAAAAAAAAAAAAAAAAAAAAA', hash: 'ab'.repeat(32), size: 'small' };

/** A person whose every question is one of the document, and every answer is held against it. */
class Reader extends Person {
    static seen = new Map();

    async ask(method, url, body, headers) {
        const operation = operations.find((one) => one.method === method && one.pattern.test(url));
        const answer = await super.ask(method, url, body, headers);
        assert.deepEqual(faultsOfAnswer(operation, answer), [], `${operation.name}: ${answer.status} ${JSON.stringify(answer.body)}`);
        if (answer.status < 400 && operation.schema) assert.deepEqual(faultsOfRequest(operation, body instanceof Uint8Array ? JSON.parse(body) : body), [], operation.name);
        Reader.seen.set(operation.name, (Reader.seen.get(operation.name) ?? new Set()).add(answer.status));
        return answer;
    }

    async refused(method, url, body, code, headers) {
        const answer = await this.ask(method, url, body, headers);
        assert.equal(answer.body.code, code, `${method} ${url} ${JSON.stringify(body)}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
}

/* {show} in one path and a word in another at the same place: words are looked for first. */
for (const operation of operations) operation.pattern = new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`);
operations.sort((a, b) => a.path.split('{').length - b.path.split('{').length);

const asReader = (person) => Object.assign(new Reader(person.base), { cookie: person.cookie, session: person.session });

/** A grey PNG, 8 bits. */
function png(width, height) {
    const chunk = (type, data) => {
        const bytes = Buffer.alloc(12 + data.length);
        bytes.writeUInt32BE(data.length, 0);
        bytes.write(type, 4, 'latin1');
        data.copy(bytes, 8);
        bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
        return bytes;
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 0, 0, 0, 0], 8);
    const rows = Buffer.alloc((width + 1) * height, 0x80).map((byte, i) => (i % (width + 1) ? byte : 0));
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/* ---- the document is true ---- */

/** Every operation once with success. */
async function tour(t) {
    const first = await startService(t, 'chat', { flags });
    const operator = asReader(await firstOperator(first.http, first.site.dataDir));
    const seller = asReader((await openShop(operator)).seller);
    const { link } = await operator.must('POST', '/api/v1/sellers/invites', { shop_name: '떡집' }, 201);
    await new Reader(first.http).must('POST', '/api/v1/invites/look', { token: link.split('=')[1] });
    await new Reader(first.http).must('POST', '/api/v1/invites/accept', { token: link.split('=')[1], login: 'tteok', password, name: '사장' }, 201);
    await operator.must('POST', '/api/v1/sellers/invites', { shop_name: '빈 가게' }, 201);
    const show = await planShow(seller);
    const product = await stockUp(seller, show);
    await sell(seller, show, product);
    await operate(operator, show);
    await signInAndOut(first, operator);
    await seller.must('DELETE', `/api/v1/shop/products/${product.id}`, undefined, 204);
    return goOnAir(t, first, seller, show);
}

async function planShow(seller) {
    const show = await seller.must('POST', '/api/v1/shop/shows', operationOf('POST /api/v1/shop/shows').example, 201);
    await seller.must('PATCH', `/api/v1/shows/${show.id}`, { title: '둘째 방송' });
    assert.equal((await seller.must('PUT', `/api/v1/shows/${show.id}/notice`, { text: '무료 배송' })).notice, '무료 배송');
    await seller.must('POST', `/api/v1/shows/${show.id}/play-token`, {}, 201);
    for (const url of ['/api/v1/shop', '/api/v1/shop/shows', '/api/v1/shows', `/api/v1/shops/${show.shop.id}`]) await seller.must('GET', url);
    await seller.must('PUT', '/api/v1/shop', shopForm);
    for (const act of ['reveal', 'rotate']) await seller.must('POST', `/api/v1/shop/key/${act}`, {});
    return show;
}

async function stockUp(seller, show) {
    const picture = await seller.must('POST', '/api/v1/pictures', png(64, 48), 201, { 'content-type': 'image/png' });
    assert.deepEqual([picture.width, picture.height], [64, 48]);
    for (const size of ['large', 'small']) await seller.must('GET', `/pictures/${picture.hash}/${size}`);
    const form = { ...operationOf('POST /api/v1/shop/products').example, picture: picture.hash, alt: '한라봉 한 상자' };
    const product = await seller.must('POST', '/api/v1/shop/products', form, 201);
    const variants = product.variants.map(({ id, values, price_won }) => ({ id, values, price_won }));
    const changed = await seller.must('PATCH', `/api/v1/shop/products/${product.id}`, { ...form, variants, version: product.version });
    assert.deepEqual(changed.variants.map(({ stock }) => stock), [100, 50]);
    await seller.must('POST', `/api/v1/shop/products/${product.id}/stock`, { variant: variants[0].id, add: 5 });
    await seller.must('PUT', `/api/v1/shows/${show.id}/products`, { ids: [product.id] }, 204);
    await seller.must('PUT', `/api/v1/shows/${show.id}/pin`, { product: product.id });
    await seller.must('GET', '/api/v1/shop/products');
    return changed;
}

async function sell(seller, show, product) {
    const guest = await new Reader(seller.base).becomeGuest();
    await guest.must('POST', '/api/v1/guests', {});
    await guest.must('GET', `/api/v1/shows/${show.id}`);
    await guest.must('POST', '/api/v1/tickets', { show: show.id }, 201);
    await guest.must('PUT', `/api/v1/cart/items/${product.variants[0].id}`, { quantity: 2 });
    await guest.must('GET', '/api/v1/cart');
    const shipped = orderForm(product, { show: show.id });
    const key = { 'idempotency-key': 'the-first-order-here' };
    const { orders: [sent] } = await guest.must('POST', '/api/v1/orders', shipped, 201, key);
    assert.equal((await guest.must('POST', '/api/v1/orders', shipped, 200, key)).orders[0].id, sent.id);
    for (const step of ['confirm', 'shipped', 'delivered']) await seller.must('POST', `/api/v1/shop/orders/${sent.id}/${step}`, {});
    const fetched = (await guest.order({ ...shipped, delivery: 'pickup', tender: 'at_pickup' })).body.orders[0];
    for (const step of ['ready', 'picked_up']) await seller.must('POST', `/api/v1/shop/orders/${fetched.id}/${step}`, {});
    const [refused, takenBack] = [(await guest.order(shipped)).body.orders[0], (await guest.order(shipped)).body.orders[0]];
    await seller.must('POST', `/api/v1/shop/orders/${refused.id}/cancel`, { reason: '다 팔렸어요' });
    await guest.must('POST', `/api/v1/orders/${takenBack.id}/cancel`, {});
    await new Reader(seller.base).must('GET', `/api/v1/orders/${sent.id}`);
    assert.equal((await guest.must('GET', '/api/v1/orders')).items.length, 4);
    await seller.must('GET', '/api/v1/shop/orders');
    await seller.must('GET', '/api/v1/shop/orders.csv');
    assert.equal((await seller.must('GET', `/api/v1/shows/${show.id}/report`)).paid_orders, 2);
}

async function operate(operator, show) {
    await operator.must('GET', '/api/v1/sellers');
    await operator.must('GET', '/api/v1/operator/shows');
    await operator.must('POST', `/api/v1/shows/${show.id}/freeze`, { on: true, reason: '욕설' });
    await operator.must('POST', `/api/v1/shows/${show.id}/sales`, { on: false, reason: '확인 중' });
    const changed = await operator.must('POST', `/api/v1/shows/${show.id}/sales`, { on: true, reason: '' });
    assert.deepEqual([changed.chat_frozen, changed.sales_stopped], [true, false]);
    const { items } = await operator.must('GET', '/api/v1/audit');
    assert.deepEqual(items.slice(0, 3).map(({ operation }) => operation), ['sales.resume', 'sales.stop', 'chat.freeze']);
}

async function signInAndOut(chat, operator) {
    const nobody = new Reader(chat.http);
    assert.deepEqual(await nobody.must('GET', '/api/v1/session'), { role: 'guest', name: '', login: null, csrf: null, shop: null });
    const session = (await nobody.signIn('tteok', password)).session;
    assert.deepEqual([session.role, session.shop.role], ['buyer', 'owner']);
    await nobody.must('DELETE', '/api/v1/session', undefined, 204);
    assert.equal((await nobody.must('GET', '/api/v1/session')).login, null);
    assert.equal((await operator.must('GET', '/api/v1/session')).login, 'operator');
}

/** There is no ingest here: that a picture has come is written into the data base. */
async function goOnAir(t, first, seller, show) {
    await first.stopClean();
    execFileSync('sqlite3', [path.join(first.site.dataDir, 'jangteo.sqlite'), `UPDATE show SET state = 'ready' WHERE link = '${show.id}'`]);
    const chat = await startService(t, 'chat', { site: first.site, flags });
    assert.equal((await seller.must('POST', `/api/v1/shows/${show.id}/start`, {})).state, 'live');
    assert.equal((await seller.must('POST', `/api/v1/shows/${show.id}/end`, {})).state, 'ended');
    const operator = await new Reader(chat.http).signIn('operator', password);
    await operator.must('POST', `/api/v1/shows/${show.id}/stop`, { reason: 'again' });
}

test('every operation answers as docs/openapi.yaml says', async (t) => {
    await tour(t);
    const missed = operations.filter(({ name }) => ![...(Reader.seen.get(name) ?? [])].some((status) => status < 300));
    assert.deepEqual(missed.map(({ name }) => name), []);
});

/* ---- refusals ---- */

const file = fileScope(test);
let chat, operator, seller;
let phones = 0;

test.before(async () => {
    chat = await startService(file, 'chat', { flags });
    operator = asReader(await firstOperator(chat.http, chat.site.dataDir));
    seller = asReader((await openShop(operator)).seller);
});

/** For one test: a guest, a show, a product of 3, the checkout of one, and what paths name. */
async function makeWorld() {
    await seller.must('PUT', '/api/v1/shop', shopForm);
    const variants = [{ values: [], price_won: 12900, stock: 3 }];
    const product = await seller.must('POST', '/api/v1/shop/products', { ...productForm, variants }, 201);
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    const guest = await new Reader(chat.http).becomeGuest();
    const checkout = orderForm(product, { phone: `010-0000-${1000 + phones++}` });
    const names = { ...UNKNOWN, show: show.id, product: product.id, variant: product.variants[0].id };
    return { guest, show, product, checkout, names };
}

/** Who may ask for an operation, and the content that would be right. */
function rightOf({ guest, product, show, checkout }, operation) {
    const isOperators = ['platform.read', 'seller.invite', 'audit.read', 'show.stop', 'sales.stop'].includes(operation.spec['x-operation']);
    const isSellers = /\/shop(\/|$)|\/shows\/|\/pictures$/.test(operation.path);
    const content = {
        'PUT /api/v1/shows/{show}/products': { ids: [product.id] },
        'PUT /api/v1/shows/{show}/pin': { product: product.id },
        'POST /api/v1/tickets': { show: show.id },
        'POST /api/v1/orders': checkout,
        'PATCH /api/v1/shop/products/{product}': { ...productForm, variants: [{ id: product.variants[0].id, values: [], price_won: 1 }], version: product.version },
    }[operation.name] ?? operation.example;
    return { person: isOperators ? operator : isSellers ? seller : guest, content };
}

const urlOf = (operation, names) => operation.path.replace(/\{(\w+)\}/g, (_, name) => names[name]);
const headersOf = (operation) => (operation.name === 'POST /api/v1/orders' ? { 'idempotency-key': 'torture-and-more' } : {});

test('ids that nobody has, and that are none, are not found', async () => {
    const world = await makeWorld();
    const odd = ['0', '-1', '01', '1.0', '9223372036854775808', '9'.repeat(300), 'x', '%00', '%2e%2e', "1'--", '한', 'ABCDEFGHIJ', '*', '%25'];
    for (const operation of operations.filter(({ path: url }) => url.includes('{'))) {
        const { person, content } = rightOf(world, operation);
        await person.refused(operation.method, urlOf(operation, UNKNOWN), content, 'not_found', headersOf(operation));
        for (const id of odd) {
            const names = Object.fromEntries(Object.keys(UNKNOWN).map((name) => [name, id]));
            const answer = await Person.prototype.ask.call(person, operation.method, urlOf(operation, names), content, headersOf(operation));
            assert.ok([400, 404].includes(answer.status), `${operation.name} ${id}: ${answer.status}`);
        }
    }
});

/** Contents that break a schema at one place each: [content, code, what]. */
function* broken(schema, content) {
    for (const name of schema.required ?? []) {
        const { [name]: gone, ...rest } = content;
        yield [rest, 'field_missing', `without ${name}`];
    }
    for (const [name, value] of Object.entries(content)) {
        const wrong = typeof value === 'number' ? [1.5, -(2 ** 53), '1'] : [7.5, '\u0007'];
        const limits = limitsOf(resolve(schema.properties[name]));
        for (const one of [{}, Array.isArray(value) ? 'text' : [], ...wrong, ...limits]) yield [{ ...content, [name]: one }, 'field_invalid', `${name} = ${JSON.stringify(one).slice(0, 60)}`];
    }
    for (const name of FOREIGN_FIELDS.filter((one) => !(one in (schema.properties ?? {})))) {
        yield [Object.fromEntries([...Object.entries(content), [name, 1]]), 'field_unknown', `with ${name}`];
    }
}

/* What only the server says, and names that are special to somebody (threat C2, CWE-915). */
const FOREIGN_FIELDS = ['id', 'shop_id', 'role', 'total_won', 'created_at', 'left', 'sold', 'by', 'constructor', ''];

/** Just outside of what a property may be. */
function* limitsOf(property) {
    if (property.maxLength) yield 'a'.repeat(property.maxLength + 1);
    if (property.minLength) yield '';
    if (property.maximum < 2 ** 53) yield property.maximum + 1;
    if (property.minimum !== undefined) yield property.minimum - 1;
    if (property.enum) yield 'none of them';
    if (property.maxItems) yield Array(property.maxItems + 1).fill(1);
}

const withContent = operations.filter(({ schema }) => schema);

test('C2: fields that are missing, of another kind, out of bounds or not for clients are refused', async (t) => {
    const world = await makeWorld();
    const before = await seller.must('GET', '/api/v1/shop/products');
    const { names } = world;
    let count = 0;
    for (const operation of withContent) {
        const { person, content } = rightOf(world, operation);
        for (const [wrong, code, what] of broken(operation.schema, content)) {
            const answer = await person.ask(operation.method, urlOf(operation, names), wrong, headersOf(operation));
            assert.deepEqual([answer.status, answer.body.code], [422, code], `${operation.name} ${what}: ${JSON.stringify(answer.body)}`);
            count++;
        }
    }
    t.diagnostic(`${count} contents refused`);
    assert.deepEqual(await seller.must('GET', '/api/v1/shop/products'), before);
    assert.deepEqual((await world.guest.must('GET', '/api/v1/orders')).items, []);
});

test('every operation refuses what it has problems for', async () => {
    const { product, show, guest, checkout } = await makeWorld();
    const [variant] = product.variants;
    const order = (change, code, key = 'key-of-the-refused') => guest.refused('POST', '/api/v1/orders', { ...checkout, ...change }, code, { 'idempotency-key': key });
    const item = { variant: variant.id, quantity: 1, price_won: variant.price_won };
    await order({ items: [{ ...item, quantity: 4 }] }, 'sold_out');
    await order({ items: [{ ...item, price_won: 1 }] }, 'price_changed');
    await order({ items: [{ ...item, quantity: 11 }] }, 'over_limit');
    await order({ show: UNKNOWN.show }, 'not_found');
    await order({ items: [item, item] }, 'field_invalid');
    for (const key of ['', 'short', 'x'.repeat(129), 'with a space']) await order({}, 'idempotency_key_missing', key);
    const url = `/api/v1/shop/products/${product.id}`;
    await guest.refused('PUT', `/api/v1/cart/items/${variant.id}`, { quantity: 11 }, 'over_limit');
    const { orders: [placed] } = await guest.must('POST', '/api/v1/orders', checkout, 201, { 'idempotency-key': 'key-of-the-first-one' });
    await order({ memo: 'x' }, 'idempotency_mismatch', 'key-of-the-first-one');
    await order({}, 'too_many_unpaid');
    await seller.refused('POST', `${url}/stock`, { variant: variant.id, add: -3 }, 'stock_taken');
    await seller.refused('PATCH', url, { ...productForm, variants: [{ id: variant.id, values: [], price_won: 1 }], version: 99 }, 'conflict');
    for (const step of ['delivered', 'picked_up']) await seller.refused('POST', `/api/v1/shop/orders/${placed.id}/${step}`, {}, 'not_now');
    await guest.must('POST', `/api/v1/orders/${placed.id}/cancel`, {});
    for (const step of ['confirm', 'ready', 'shipped']) await seller.refused('POST', `/api/v1/shop/orders/${placed.id}/${step}`, {}, 'not_now');
    await operator.must('POST', `/api/v1/shows/${show.id}/sales`, { on: false, reason: 'x' });
    await order({ show: show.id }, 'sales_stopped');
    await seller.must('PUT', '/api/v1/shop', { ...shopForm, pickup_place: '' });
    await order({ delivery: 'pickup' }, 'no_pickup');
    await seller.must('DELETE', url, undefined, 204);
    await order({}, 'off_sale');
    await seller.refused('DELETE', url, undefined, 'not_found');
    await seller.refused('PUT', '/api/v1/shop', { ...shopForm, business_number: '220-81-62518' }, 'business_number_invalid');
    await seller.refused('POST', `/api/v1/shows/${show.id}/start`, {}, 'not_now');
    await refusePictures();
    await refuseAccounts();
});

async function refusePictures() {
    const send = (bytes, type, code) => seller.refused('POST', '/api/v1/pictures', bytes, code, { 'content-type': type });
    const good = png(8, 8);
    for (const type of ['text/plain', 'image/svg+xml', 'application/json', 'multipart/form-data; boundary=x']) await send(good, type, 'picture_type');
    for (const bytes of [Buffer.from('<svg/>'), good.subarray(0, 40), Buffer.alloc(1)]) await send(bytes, 'image/png', 'picture_unreadable');
    await send(Buffer.alloc(12 * 1024 * 1024 + 1), 'image/png', 'body_too_large');
}

async function refuseAccounts() {
    const nobody = new Reader(chat.http);
    await nobody.refused('POST', '/api/v1/session', { login: 'suni', password: 'not-this-one' }, 'wrong_login');
    for (const token of [UNKNOWN.order, 'x', 'a'.repeat(256)]) await nobody.refused('POST', '/api/v1/invites/look', { token }, 'link_spent');
    const { link } = await operator.must('POST', '/api/v1/sellers/invites', { shop_name: '떡집' }, 201);
    const form = { token: link.split('=')[1], login: 'tteok', password, name: '사장' };
    const accepted = (change, code) => nobody.refused('POST', '/api/v1/invites/accept', { ...form, ...change }, code);
    await accepted({ password: 'short' }, 'password_weak');
    await accepted({ login: 'SUNI' }, 'login_taken');
    await accept(chat.http, link, form);
    await accepted({ login: 'another' }, 'link_spent');
    await operator.refused('POST', '/api/v1/guests', {}, 'forbidden');
}

test('a cart holds 50 variants', async () => {
    const { guest } = await makeWorld();
    const values = (count) => Array.from({ length: count }, (_, i) => `${i}`);
    const options = [{ name: '크기', values: values(6) }, { name: '맛', values: values(10) }];
    const variants = values(6).flatMap((size) => values(10).map((taste) => ({ values: [size, taste], price_won: 1, stock: 1 })));
    const product = await seller.must('POST', '/api/v1/shop/products', { ...productForm, options, variants }, 201);
    const put = (index) => [`/api/v1/cart/items/${product.variants[index].id}`, { quantity: 1 }];
    for (let i = 0; i < 50; i++) await guest.must('PUT', ...put(i));
    await guest.refused('PUT', ...put(50), 'cart_full');
    await guest.must('PUT', put(0)[0], { quantity: 0 });
    assert.equal((await guest.must('PUT', ...put(50))).items.length, 50);
});

/* ---- content that is none ---- */

/** [bytes, what]: not the JSON of RFC 8259 and RFC 7493, or deeper than is read. */
const NOT_JSON = [
    ['', 'nothing'], [' ', 'a space'], ['null', 'null'], ['[]', 'an array'], ['"text"', 'a text'], ['1', 'a number'],
    ['{"a":1,"a":1}', 'a name twice'], ['{"a":1,"\\u0061":1}', 'a name twice, once escaped'], ['{"a":{"b":1,"b":2}}', 'a name twice, inside'],
    ['{"a":1e400}', '1e400'], ['{"a":-1e400}', '-1e400'], ['{"a":99999999999999999999}', 'beyond 2^63'], ['{"a":NaN}', 'NaN'], ['{"a":01}', '01'], ['{"a":+1}', '+1'], ['{"a":.5}', '.5'], ['{"a":0x10}', '0x10'],
    ['{"a":"\\ud800"}', 'a lone surrogate'], ['{"a":"\\udc00\\ud800"}', 'surrogates the wrong way round'], ['{"a":"\\u0000"}', 'an escaped NUL'],
    [Buffer.from('{"a":"\u0000"}'), 'a NUL'], [Buffer.from('\u0000{"a":1}'), 'NUL first'], [Buffer.from('{"a":1}\u0000'), 'NUL last'],
    [Buffer.from('\ufeff{"a":1}'), 'a BOM'], [Buffer.from('{"a":1}', 'utf16le'), 'UTF-16'],
    [Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), 'a surrogate in UTF-8'], [Buffer.from('{"a":"\xc0\xaf"}', 'latin1'), 'UTF-8 too long'], [Buffer.from('{"a":"\xff"}', 'latin1'), 'no UTF-8'],
    ['{"a":1}{', 'more behind it'], ['{"a":1,}', 'a comma too many'], ["{'a':1}", 'other quotes'], ['{a:1}', 'no quotes'], ['{"a":1}//', 'a comment'], ['{"a":"\n"}', 'a line break in a text'],
    [`{"a":${'['.repeat(60000)}`, '60,000 open'], [`{"a":${'['.repeat(20000)}${']'.repeat(20000)}}`, '20,000 deep'], [`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, '17 deep'],
];

/* All read with the same few functions: these get everything. */
const IN_DEPTH = ['POST /api/v1/session', 'POST /api/v1/orders', 'POST /api/v1/shop/products', 'PUT /api/v1/shop', 'POST /api/v1/shop/key/rotate'];

const JSON_TYPE = { 'content-type': 'application/json' };

test('W9: what is not strictly JSON is refused everywhere, cut at every byte', async () => {
    const world = await makeWorld();
    const { names } = world;
    const send = async (operation, bytes, what) => {
        const { person } = rightOf(world, operation);
        const answer = await person.ask(operation.method, urlOf(operation, names), Buffer.from(bytes), { ...JSON_TYPE, ...headersOf(operation) });
        assert.deepEqual([answer.status, answer.body.code], [400, 'body_not_json'], `${operation.name}: ${what}`);
    };
    for (const operation of withContent) {
        const some = IN_DEPTH.includes(operation.name) ? NOT_JSON : NOT_JSON.slice(0, 12);
        for (const [bytes, what] of some) await send(operation, bytes, what);
    }
    const whole = Buffer.from(JSON.stringify(world.checkout));
    for (let size = 0; size < whole.length; size++) await send(operationOf('POST /api/v1/orders'), whole.subarray(0, size), `cut at ${size}`);
    assert.equal((await world.guest.ask('POST', '/api/v1/orders', whole, { ...JSON_TYPE, 'idempotency-key': 'the-whole-of-it-at-once' })).status, 201);
});

test('W9: large and fractional numbers are never rounded into good ones', async () => {
    const { guest, product } = await makeWorld();
    const url = `/api/v1/cart/items/${product.variants[0].id}`;
    for (const number of ['9007199254740993', '9223372036854775807', '1.0', '1e0', '1E0', '1.5', '-0.0', '0.1', '-1', '4294967297', '18446744073709551', '"1"', 'true', 'null']) {
        const answer = await guest.ask('PUT', url, Buffer.from(`{"quantity":${number}}`), JSON_TYPE);
        assert.deepEqual([answer.status, answer.body.code], [422, 'field_invalid'], number);
    }
    const spaced = await guest.ask('PUT', url, Buffer.from(' \r\n\t{ "quantity" :\t1 } \n'), JSON_TYPE);
    assert.equal(spaced.body.total_won, product.price_won);
    const escaped = await guest.ask('PUT', url, Buffer.from('{"\\u0071uantity":2}'), JSON_TYPE);
    assert.equal(escaped.body.total_won, 2 * product.price_won);
});

test('W9: every byte of a content changed is a refusal or an order, never an error', async () => {
    const { guest, checkout } = await makeWorld();
    const whole = Buffer.from(JSON.stringify(checkout));
    for (let at = 0; at < whole.length; at++) {
        const bytes = Buffer.from(whole);
        bytes[at] ^= 1 << (at % 8);
        const answer = await guest.ask('POST', '/api/v1/orders', bytes, { ...JSON_TYPE, 'idempotency-key': `the-byte-number-${at}` });
        assert.ok(answer.status < 500, `byte ${at}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
});

/* ---- around the content ---- */

test('A7: content of a type that a form can send is not read', async () => {
    const world = await makeWorld();
    const { names } = world;
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx', 'text/json', 'application/json+x', 'application /json', ''];
    for (const operation of withContent) {
        const { person, content } = rightOf(world, operation);
        for (const type of types) await person.refused(operation.method, urlOf(operation, names), Buffer.from(JSON.stringify(content)), 'body_not_json', { ...(type ? { 'content-type': type } : {}), ...headersOf(operation) });
    }
    for (const type of ['application/json;charset=utf-8', 'Application/JSON', 'application/json ; x=y']) {
        const answer = await world.guest.ask('PUT', `/api/v1/cart/items/${names.variant}`, Buffer.from('{"quantity":1}'), { 'content-type': type });
        assert.equal(answer.status, 200, type);
    }
});

test('A7: cookies that are twice there, cut, changed or somebody else\'s are nobody\'s', async () => {
    const { guest } = await makeWorld();
    const [name, id] = seller.cookie.split('=');
    const other = guest.cookie.split('=')[1];
    const bad = [
        `${name}=${id}; ${name}=${id}`, `${name}=${other}; ${name}=${id}`, `${name}=`, name, `=${id}`, `${name}="${id}"`, `${name}=${id}=`, `${name}=${id.slice(0, -1)}`, `${name}=${id}A`,
        `${name} =${id}`, `${name}= ${id.slice(1)}`, `${name.toUpperCase()}=${id}`, `__Host-jangteo=${id}`, `x${name}=${id}`, `${name}=${id.replace(/./, (c) => (c === 'A' ? 'B' : 'A'))}`,
        `${name}=${'A'.repeat(22)}`, `${name}=${'A'.repeat(4000)}`, `${name}=${id},${name}=${id}`,
    ];
    for (const cookie of bad) {
        const person = Object.assign(new Reader(chat.http), { cookie, session: seller.session });
        assert.equal((await person.must('GET', '/api/v1/session')).csrf, null, cookie);
        await person.refused('GET', '/api/v1/shop', undefined, 'sign_in');
        await person.refused('PUT', '/api/v1/shop', shopForm, 'sign_in');
    }
    const mixed = Object.assign(new Reader(chat.http), { cookie: guest.cookie, session: seller.session });
    await mixed.refused('POST', '/api/v1/orders', {}, 'csrf', { 'idempotency-key': 'a-foreign-token-of-his' });
    const among = Object.assign(new Reader(chat.http), { cookie: `a=b; ${seller.cookie}; _ga=GA1.2; other="x"`, session: seller.session });
    assert.equal((await among.must('GET', '/api/v1/session')).login, 'suni');
});

test('W9: content of no length, or of none told', async () => {
    const { guest, checkout } = await makeWorld();
    const port = Number(new URL(chat.http).port);
    const head = (more) => `POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${guest.cookie}\r\nX-CSRF-Token: ${guest.session.csrf}\r\nIdempotency-Key: of-no-length-at-all\r\nContent-Type: application/json\r\nConnection: close\r\n${more}\r\n`;
    const cases = [
        ['Content-Length: 0\r\n', /^HTTP\/1\.1 400 .*"body_not_json"/s],
        ['', /^HTTP\/1\.1 (400 .*"body_not_json"|411 )/s],
        ['Content-Length: -1\r\n', /^HTTP\/1\.1 400 /],
        ['Content-Length: 2\r\nContent-Length: 3\r\n', /^HTTP\/1\.1 400 /],
        ['Content-Length: 99999999999999999999\r\n', /^HTTP\/1\.1 4(00|13) /],
        ['Transfer-Encoding: chunked\r\nContent-Length: 2\r\n', /^HTTP\/1\.1 4(00|11) /],
    ];
    for (const [more, pattern] of cases) assert.match((await rawExchange({ port }, head(more))).toString(), pattern, JSON.stringify(more));
    await guest.refused('POST', '/api/v1/orders', { ...checkout, memo: 'x'.repeat(70000) }, 'body_too_large', { 'idempotency-key': 'a-body-much-too-long' });
});
