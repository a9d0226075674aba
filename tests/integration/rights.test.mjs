// A6: every route of docs/openapi.yaml × every role against the table of docs/rights.md, both read as data; and what is
// another shop's. Roles that no link makes yet are written into the data base while chat is stopped.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import test from 'node:test';
import { startService } from './harness/index.mjs';
import { operations, readRights } from './openapi.mjs';
import { Person, firstOperator, openShop, orderForm, password, productForm } from './people.mjs';

const rights = readRights();
const ROLES_WITHOUT_LINK = ['buyer', 'chat_only', 'manager', 'host'];
const flags = { 'http.per_address': -1 };

/** Accounts with the owner's password, working for the owner's shop (a buyer for none). */
function insertMembers(dataDir) {
    const statements = ROLES_WITHOUT_LINK.flatMap((role) => [
        `INSERT INTO account (kind, login, password, name, created_ms) SELECT 'buyer', '${role}', password, '${role}', 1 FROM account WHERE login = 'suni';`,
        role === 'buyer' ? '' : `INSERT INTO member (shop_id, account_id, role, created_ms) SELECT m.shop_id, a.id, '${role}', 1
            FROM account a, member m JOIN account o ON o.id = m.account_id WHERE a.login = '${role}' AND o.login = 'suni';`,
    ]);
    execFileSync('sqlite3', ['-bail', path.join(dataDir, 'jangteo.sqlite'), `PRAGMA foreign_keys = ON; BEGIN; ${statements.join('\n')} COMMIT;`]);
}

/** A shop with a show and an order, another shop, and one person of every role: { name: { person, roles, isAccount, worksHere } }. */
async function makeWorld(t) {
    const first = await startService(t, 'chat', { flags });
    const operator = await firstOperator(first.http, first.site.dataDir);
    const { seller, product } = await openShop(operator);
    const { seller: other } = await openShop(operator, { shopName: '남의 가게', login: 'mina' });
    const guest = await new Person(first.http).becomeGuest();
    await first.stopClean();
    insertMembers(first.site.dataDir);
    const chat = await startService(t, 'chat', { site: first.site, flags });
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    await seller.must('PUT', `/api/v1/shows/${show.id}/products`, { ids: [product.id] }, 204);
    const [order] = (await guest.order(orderForm(product))).body.orders;
    const people = {
        nobody: { person: new Person(chat.http), roles: ['guest'] },
        guest: { person: guest, roles: ['guest'], hasSession: true },
        owner: { person: seller, roles: ['buyer', 'owner'], hasSession: true, isAccount: true, worksHere: true },
        'owner of another shop': { person: other, roles: ['buyer', 'owner'], hasSession: true, isAccount: true },
        operator: { person: operator, roles: ['operator'], hasSession: true, isAccount: true, worksHere: true },
    };
    for (const role of ROLES_WITHOUT_LINK) {
        const person = await new Person(chat.http).signIn(role, password);
        people[role] = { person, roles: role === 'buyer' ? ['buyer'] : ['buyer', role], hasSession: true, isAccount: true, worksHere: role !== 'buyer' };
    }
    return { chat, people, seller, product, show, order };
}

/** What the path and the content name, all of the first shop. A product to be changed or deleted is a new one each time. */
async function thingsFor(operation, { seller, product, show, order }) {
    const isSpent = ['PATCH', 'DELETE'].some((method) => operation.name === `${method} /api/v1/shop/products/{product}`);
    const target = isSpent ? await seller.must('POST', '/api/v1/shop/products', productForm, 201) : product;
    const [variant] = target.variants;
    return {
        path: { show: show.id, shop: show.shop.id, product: target.id, variant: variant.id, order: order.id, hash: 'ab'.repeat(32), size: 'small' },
        content: {
            'POST /api/v1/session': { login: 'suni', password },
            'POST /api/v1/tickets': { show: show.id },
            'PUT /api/v1/shows/{show}/products': { ids: [product.id] },
            'PUT /api/v1/shows/{show}/pin': { product: product.id },
            'POST /api/v1/shop/products/{product}/stock': { variant: variant.id, add: 1 },
            'POST /api/v1/orders': orderForm(product, { show: show.id }),
        }[operation.name] ?? operation.example,
    };
}

/** Ask as this person, whose cookie and token stay as they are. */
async function askAs(person, operation, world) {
    const { path: names, content } = await thingsFor(operation, world);
    const url = operation.path.replace(/\{(\w+)\}/g, (_, name) => names[name]);
    const one = Object.assign(new Person(person.base), { cookie: person.cookie, session: person.session });
    const isPicture = operation.name === 'POST /api/v1/pictures';
    return one.ask(operation.method, url, isPicture ? Buffer.from('no picture') : content, { 'idempotency-key': randomUUID(), ...(isPicture ? { 'content-type': 'image/png' } : {}) });
}

/** 'sign_in', 'forbidden', 'absent' or 'allowed': what docs/rights.md and the document say. */
function expected(operation, { roles, hasSession, isAccount, worksHere }, name) {
    const right = rights.get(operation.spec['x-operation']);
    if (!hasSession && operation.needsSession) return 'sign_in';
    if (!roles.some((role) => right.roles.has(role))) return isAccount ? 'forbidden' : 'sign_in';
    const isNamed = /\{(show|product|order)\}/.test(operation.path);
    if (isNamed && right.whose === 'shop' && !worksHere) return 'absent';
    if (isNamed && right.whose === 'own' && name !== 'guest') return 'absent'; /* the order is the guest's */
    return 'allowed';
}

const REFUSALS = { sign_in: [401, 'sign_in'], forbidden: [403, 'forbidden'], absent: [404, 'not_found'] };

function check(operation, name, wanted, answer) {
    const what = `${operation.name} as ${name}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`;
    if (wanted !== 'allowed') assert.deepEqual([answer.status, answer.body.code], REFUSALS[wanted], what);
    else assert.ok(answer.status < 500 && ![401, 403].includes(answer.status), what);
    if (wanted === 'allowed' && operation.name !== 'GET /pictures/{hash}/{size}') assert.notEqual(answer.status, 404, what);
}

/** Those that end a session come last, and a guest's is a new one each time. */
const inOrder = [...operations.filter(({ path }) => path !== '/api/v1/session'), ...operations.filter(({ path }) => path === '/api/v1/session')];

/** Every route as every role. Resolves to how often each answer was due. */
async function walk(world) {
    const counts = {};
    for (const operation of inOrder) {
        for (const [name, who] of Object.entries(world.people)) {
            const endsGuest = name === 'guest' && operation.path === '/api/v1/session';
            const person = endsGuest ? await new Person(world.chat.http).becomeGuest() : who.person;
            const wanted = expected(operation, who, name);
            check(operation, name, wanted, await askAs(person, operation, world));
            counts[wanted] = (counts[wanted] ?? 0) + 1;
        }
    }
    return counts;
}

/** What the table of routes does not show: whose persons, figures and lists one sees. */
async function lookAround({ people, show, order }) {
    const orderAs = async (name) => (await people[name].person.must('GET', '/api/v1/shop/orders')).items.find(({ id }) => id === order.id);
    for (const role of ['manager', 'owner']) assert.equal((await orderAs(role)).phone, '010-1234-5678', `order.contact: ${role}`);
    const masked = await orderAs('host');
    assert.deepEqual([masked.phone, masked.address], ['010-****-5678', '']);
    for (const role of ['owner of another shop', 'buyer', 'manager', 'operator']) {
        const seen = await people[role].person.must('GET', `/api/v1/orders/${order.id}`);
        assert.deepEqual([seen.recipient, seen.address, seen.memo], ['김**', '', ''], `${role} sees another's order`);
    }
    for (const [name, isInside] of [['manager', true], ['operator', true], ['owner of another shop', false], ['guest', false], ['nobody', false]]) {
        const seen = await people[name].person.must('GET', `/api/v1/shows/${show.id}`);
        assert.equal('warnings' in seen, isInside, name);
        assert.equal(seen.products.length, 1);
        assert.ok(seen.products.every(({ variants }) => variants.every((variant) => !('stock' in variant))));
    }
    const other = people['owner of another shop'].person;
    for (const url of ['/api/v1/shop/orders', '/api/v1/shop/shows']) assert.deepEqual((await other.must('GET', url)).items, [], url);
    assert.deepEqual((await people.buyer.person.must('GET', '/api/v1/orders')).items, []);
}

async function takeRoleAway(t, { chat }) {
    const manager = await new Person(chat.http).signIn('manager', password);
    await manager.must('GET', '/api/v1/shop');
    await chat.stopClean();
    execFileSync('sqlite3', [path.join(chat.site.dataDir, 'jangteo.sqlite'), `DELETE FROM member WHERE role = 'manager'`]);
    await startService(t, 'chat', { site: chat.site, flags });
    const answer = await manager.get('/api/v1/shop');
    assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden']);
}

/* One shop for all of it: people take a while to make, for their passwords. */
test('A6: rights over REST', async (t) => {
    const world = await makeWorld(t);
    await t.test('A6: people see what is theirs', () => lookAround(world));
    await t.test('A6, pitfall 46: every route answers every role as docs/rights.md says', async (own) => {
        const counts = await walk(world);
        own.diagnostic(JSON.stringify(counts));
        assert.deepEqual(Object.keys(counts).sort(), ['absent', 'allowed', 'forbidden', 'sign_in']);
        assert.ok(Object.values(counts).every((count) => count >= 10));
    });
    await t.test('A6: who signed out is nobody', async () => {
        const answer = await world.people.owner.person.get('/api/v1/shop');
        assert.deepEqual([answer.status, answer.body.code], [401, 'sign_in']);
    });
    await t.test('A6: a role that is taken away is gone from open sessions', () => takeRoleAway(t, world));
});
