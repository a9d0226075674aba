// The REST of the mock: what each path answers, over a market of mock-data.mjs. Shapes as docs/openapi.yaml has them.
import { randomBytes } from 'node:crypto';
import { order as sampleOrder } from './mock-data.mjs';

export class Refused extends Error {
    constructor(status, code, more = {}) {
        super(code);
        Object.assign(this, { status, code, more });
    }
}

const random = () => randomBytes(16).toString('base64url');
const STAFF = ['owner', 'manager', 'host'];

function needs(who, ...roles) {
    if (!who?.csrf) throw new Refused(401, 'sign_in');
    if (roles.length > 0 && !roles.includes(who.shop?.role ?? who.role)) throw new Refused(403, 'forbidden');
}

const anonymous = { role: 'guest', name: '', login: null, csrf: null, shop: null };
const forBuyers = (product) => ({ ...product, variants: product.variants.map(({ stock: _, ...variant }) => variant) });
const fullShow = (m) => ({ ...m.show, products: m.products.filter(({ id }) => m.shown.has(id)).map(forBuyers) });
const listed = (m) => ({ id: m.show.id, title: m.show.title, shop: m.show.shop, state: m.show.state, starts_at: m.show.starts_at, started_at: m.show.started_at, viewers: 1234, picture: 'p-hallabong' });
const public_ = ({ bank_name: _, bank_account: __, bank_holder: ___, live_at_once: ____, ...block }) => ({ id: 1, ...block });

function findVariant(m, id) {
    for (const product of m.products)
        for (const variant of product.variants) if (variant.id === id) return { product, variant };
    throw new Refused(404, 'not_found');
}

function cartOf(m) {
    const items = [...m.cart].map(([id, quantity]) => {
        const { product, variant } = findVariant(m, id);
        const warning = variant.left === 0 ? 'sold_out' : variant.left < quantity ? 'few' : null;
        return { variant: id, product: product.id, shop: m.show.shop, name: product.name, option: variant.values.join(' / '), quantity, price_won: variant.price_won, left: variant.left, warning };
    });
    return { items, total_won: items.reduce((sum, item) => sum + item.price_won * item.quantity, 0) };
}

function makeOrder({ mock, body, headers }) {
    const { market: m } = mock;
    const key = headers['idempotency-key'];
    const known = mock.keys.get(key);
    if (!key) throw new Refused(422, 'field_missing');
    if (known && known.body !== JSON.stringify(body)) throw new Refused(422, 'idempotency_mismatch');
    if (known) return known.answer;
    if (m.show.sales_stopped) throw new Refused(409, 'sales_stopped');
    for (const { variant: id, quantity, price_won } of body.items) {
        const { variant } = findVariant(m, id);
        if (variant.left < quantity) throw new Refused(409, 'sold_out', { variant: id, left: variant.left });
        if (variant.price_won !== price_won) throw new Refused(409, 'price_changed');
    }
    const lines = body.items.map(({ variant: id, quantity, price_won }) => {
        const { product, variant } = findVariant(m, id);
        variant.left -= quantity;
        m.cart.delete(id);
        return { name: product.name, option: variant.values.join(' / '), quantity, price_won, terms: product.terms };
    });
    const shipping_won = body.delivery === 'ship' ? m.shop.shipping_won : 0;
    const total_won = lines.reduce((sum, line) => sum + line.price_won * line.quantity, shipping_won);
    const { delivery, recipient, phone, postcode, address, address_detail, memo, tender, depositor } = body;
    const now = Date.now();
    const order = { ...sampleOrder(now), id: random(), lines, shipping_won, total_won, delivery, recipient, phone, postcode, address, address_detail, memo, tender, depositor, created_at: now };
    m.orders.unshift(order);
    m.shopOrders.unshift(order);
    const answer = { orders: [order] };
    mock.keys.set(key, { body: JSON.stringify(body), answer });
    mock.push({ ch: 'me', e: 'order', d: { id: order.id, state: order.state, shop: 1 } });
    return answer;
}

function findOrder(m, id) {
    const found = [...m.orders, ...m.shopOrders].find((order) => order.id === id);
    if (!found) throw new Refused(404, 'not_found');
    return found;
}

const move = (state) => ({ mock, who, params: [id] }) => {
    needs(who, ...STAFF, 'operator', 'guest', 'buyer');
    const order = findOrder(mock.market, id);
    Object.assign(order, { state }, state === 'paid' && { paid_at: Date.now() });
    mock.push({ ch: 'me', e: 'order', d: { id: order.id, state, shop: 1 } });
    return order;
};

const setShow = (names, event) => ({ mock, who, body }) => {
    needs(who, ...STAFF, 'operator');
    for (const name of names) if (!(name in body) && name !== 'reason') throw new Refused(422, 'field_missing');
    event(mock, body);
    return {};
};

let nextProduct = 900;

function addProduct({ mock, who, body }) {
    needs(who, ...STAFF);
    const id = nextProduct++;
    const variants = body.variants.map((variant, i) => ({ ...variant, id: id * 10 + i, left: variant.stock }));
    const product = { ...body, id, state: 'on', variants };
    mock.market.products.push(product);
    mock.push({ ch: 'ctl', e: 'product', d: { id } });
    return [201, product];
}

function changeProduct({ mock, who, params: [id], body }) {
    needs(who, ...STAFF);
    const product = mock.market.products.find((one) => one.id === Number(id));
    if (!product) throw new Refused(404, 'not_found');
    for (const name of ['name', 'description', 'alt', 'price_won', 'max_per_order', 'state', 'terms', 'options', 'variants']) if (!(name in body)) throw new Refused(422, 'field_missing');
    const { variants, ...plain } = body;
    Object.assign(product, plain);
    for (const { id: variant, price_won } of variants) product.variants.find((one) => one.id === variant).price_won = price_won;
    mock.push({ ch: 'ctl', e: 'product', d: { id: product.id } });
    return product;
}

function addStock({ mock, who, body }) {
    needs(who, ...STAFF);
    const { product, variant } = findVariant(mock.market, body.variant);
    variant.stock += body.add;
    variant.left += body.add;
    mock.push({ ch: 'ctl', e: 'stock', d: { product: product.id, variant: variant.id, left: variant.left, v: Date.now() } });
    return product;
}

const setState = (state) => ({ mock, who }) => {
    needs(who, ...STAFF, 'operator');
    const { show } = mock.market;
    Object.assign(show, { state }, state === 'live' ? { started_at: Date.now() } : { ended_at: Date.now() });
    mock.push({ ch: 'ctl', e: 'state', d: { state } });
    return fullShow(mock.market);
};

const account = (mock, role, login = role) => mock.signIn({ role: role === 'operator' ? role : 'buyer', name: login, login, csrf: random(), shop: role === 'operator' ? null : { id: 1, name: mock.market.shop.name, role } });

const keyOf = (mock) => ({ rtmp_url: 'rtmp://127.0.0.1:1935/live', stream_key: mock.streamKey });

export const routes = [
    ['GET', '/session', ({ who }) => who ?? anonymous],
    ['POST', '/session', ({ mock, body }) => {
        if (body.password !== 'right-password') throw new Refused(401, 'wrong_login');
        return account(mock, body.login === 'operator' ? 'operator' : 'owner', body.login);
    }],
    ['DELETE', '/session', ({ mock }) => (mock.signIn(null), [204, null])],
    ['POST', '/guests', ({ mock }) => [201, mock.signIn({ role: 'guest', name: '손님 4821', login: null, csrf: random(), shop: null })]],
    ['POST', '/tickets', () => [201, { ticket: random() }]],
    ['POST', '/invites/look', ({ body }) => {
        if (body.token === 'spent') throw new Refused(410, 'link_spent');
        return { kind: body.token.startsWith('op') ? 'operator' : 'seller', shop_name: body.token.startsWith('op') ? null : '봄날꽃집', expires_at: Date.now() + 1800000 };
    }],
    ['POST', '/invites/accept', ({ mock, body }) => {
        if (body.password.length < 10) throw new Refused(422, 'password_weak');
        return [201, account(mock, body.token.startsWith('op') ? 'operator' : 'owner', body.login)];
    }],
    ['GET', '/shows', ({ mock: { market: m } }) => ({ items: m.show.state === 'ended' ? m.others : [listed(m), ...m.others] })],
    ['GET', '/shop/shows', ({ mock: { market: m }, who }) => (needs(who, ...STAFF), { items: m.show.id ? [{ ...listed(m), ...m.show }] : [] })],
    ['POST', '/shop/shows', ({ mock, who, body }) => {
        needs(who, ...STAFF);
        Object.assign(mock.market.show, { id: 'newshow001', title: body.title, access: body.access, state: 'scheduled', starts_at: body.starts_at ?? null, started_at: null, ended_at: null, notice: '', pin: null });
        return [201, fullShow(mock.market)];
    }],
    ['GET', '/shows/([a-z0-9]{10})', ({ mock: { market: m }, params: [id] }) => {
        if (id !== m.show.id) throw new Refused(404, 'not_found');
        return fullShow(m);
    }],
    ['PATCH', '/shows/([a-z0-9]{10})', ({ mock, body }) => Object.assign(mock.market.show, body)],
    ['POST', '/shows/([a-z0-9]{10})/start', setState('live')],
    ['POST', '/shows/([a-z0-9]{10})/end', setState('ended')],
    ['POST', '/shows/([a-z0-9]{10})/stop', setState('ended')],
    ['PUT', '/shows/([a-z0-9]{10})/products', ({ mock, body }) => ((mock.market.shown = new Set(body.ids)), {})],
    ['PUT', '/shows/([a-z0-9]{10})/pin', setShow(['product'], (mock, { product }) => {
        mock.market.show.pin = product;
        mock.push({ ch: 'ctl', e: 'pin', d: { product, v: Date.now(), media: null } });
    })],
    ['PUT', '/shows/([a-z0-9]{10})/notice', setShow(['text'], (mock, { text }) => {
        mock.market.show.notice = text;
        mock.push({ ch: 'ctl', e: 'notice', d: { text, v: Date.now() } });
    })],
    ['POST', '/shows/([a-z0-9]{10})/freeze', setShow(['on', 'reason'], (mock, { on }) => {
        mock.market.show.chat_frozen = on;
        mock.push({ ch: 'ctl', e: 'freeze', d: { on } });
    })],
    ['POST', '/shows/([a-z0-9]{10})/sales', setShow(['on', 'reason'], (mock, { on }) => {
        mock.market.show.sales_stopped = !on;
        mock.push({ ch: 'ctl', e: 'sales', d: { on } });
    })],
    ['POST', '/shows/([a-z0-9]{10})/play-token', ({ who }) => (needs(who, ...STAFF), [201, { token: `play-${random()}` }])],
    ['GET', '/shows/([a-z0-9]{10})/report', ({ mock, who }) => (needs(who, ...STAFF, 'operator'), mock.market.report)],
    ['GET', '/shops/(\\d+)', ({ mock }) => public_(mock.market.shop)],
    ['GET', '/shop', ({ mock, who }) => (needs(who, ...STAFF), mock.market.shop)],
    ['PUT', '/shop', ({ mock, who, body }) => (needs(who, 'owner'), Object.assign(mock.market.shop, body))],
    ['POST', '/shop/key/reveal', ({ mock, who }) => (needs(who, 'owner', 'host'), keyOf(mock))],
    ['POST', '/shop/key/rotate', ({ mock, who }) => (needs(who, 'owner'), (mock.streamKey = `jt-${random()}`), keyOf(mock))],
    ['GET', '/shop/products', ({ mock, who }) => (needs(who, ...STAFF), { items: mock.market.products })],
    ['POST', '/shop/products', addProduct],
    ['PATCH', '/shop/products/(\\d+)', changeProduct],
    ['DELETE', '/shop/products/(\\d+)', ({ mock, params: [id] }) => {
        mock.market.products = mock.market.products.filter((one) => one.id !== Number(id));
        return [204, null];
    }],
    ['POST', '/shop/products/(\\d+)/stock', addStock],
    ['POST', '/pictures', ({ who }) => (needs(who, ...STAFF), [201, { hash: 'p-uploaded', width: 800, height: 800 }])],
    ['GET', '/cart', ({ mock }) => cartOf(mock.market)],
    ['PUT', '/cart/items/(\\d+)', ({ mock, who, params: [id], body }) => {
        needs(who);
        findVariant(mock.market, Number(id));
        if (body.quantity > 0) mock.market.cart.set(Number(id), body.quantity);
        else mock.market.cart.delete(Number(id));
        return cartOf(mock.market);
    }],
    ['POST', '/orders', (request) => (needs(request.who), [201, makeOrder(request)])],
    ['GET', '/orders', ({ mock, who }) => (needs(who), { items: mock.market.orders })],
    ['GET', '/orders/([A-Za-z0-9_-]{22})', ({ mock, params: [id] }) => findOrder(mock.market, id)],
    ['POST', '/orders/([A-Za-z0-9_-]{22})/cancel', move('cancelled')],
    ['GET', '/shop/orders', ({ mock, who }) => (needs(who, ...STAFF), { items: mock.market.shopOrders })],
    ['POST', '/shop/orders/([A-Za-z0-9_-]{22})/confirm', move('paid')],
    ['POST', '/shop/orders/([A-Za-z0-9_-]{22})/cancel', move('cancelled')],
    ['POST', '/shop/orders/([A-Za-z0-9_-]{22})/ready', move('ready')],
    ['POST', '/shop/orders/([A-Za-z0-9_-]{22})/shipped', move('shipping')],
    ['POST', '/shop/orders/([A-Za-z0-9_-]{22})/picked_up', move('picked_up')],
    ['POST', '/shop/orders/([A-Za-z0-9_-]{22})/delivered', move('delivered')],
    ['POST', '/sellers/invites', ({ mock, who, body }) => {
        needs(who, 'operator');
        mock.market.sellers.push({ shop: { id: 6, name: body.shop_name }, login: null, state: 'invited', created_at: Date.now() });
        return [201, { link: `/studio#invite=${random()}`, expires_at: Date.now() + 72 * 3600000 }];
    }],
    ['GET', '/sellers', ({ mock, who }) => (needs(who, 'operator'), { items: mock.market.sellers })],
    ['GET', '/operator/shows', ({ mock: { market: m }, who }) => {
        needs(who, 'operator');
        const { id, title, shop, state, chat_frozen, sales_stopped, started_at } = m.show;
        return {
            items: [
                { id, title, shop, state, viewers: 1234, peak_viewers: 1410, bitrate_bps: 2480000, warnings: [], chat_frozen, sales_stopped, orders: 38, paid_won: 812400, started_at },
                { id: 'mandoo0001', title: '갓 빚은 손만두', shop: { id: 2, name: '골목만두' }, state: 'live', viewers: 87, peak_viewers: 92, bitrate_bps: 410000, warnings: ['gop_too_long', 'low_bitrate'], chat_frozen: false, sales_stopped: false, orders: 4, paid_won: 52000, started_at: started_at },
            ],
        };
    }],
    ['GET', '/audit', ({ mock, who }) => (needs(who, 'operator'), { items: mock.market.audit })],
].map(([method, path, answer]) => ({ method, pattern: new RegExp(`^${path}$`), answer }));
