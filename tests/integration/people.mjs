// People as the REST interface sees them: a cookie, the token of their session, and what they may do with both.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** A browser without a page: keeps the cookie, sends the session's token with every change. */
export class Person {
    constructor(base) {
        this.base = base;
        this.cookie = '';
        this.session = {};
    }

    async ask(method, path, body, headers = {}) {
        const sent = { ...headers };
        if (this.cookie) sent.cookie = this.cookie;
        if (this.session.csrf && method !== 'GET') sent['x-csrf-token'] ??= this.session.csrf;
        const isBytes = body instanceof Uint8Array;
        if (body !== undefined && !isBytes) sent['content-type'] ??= 'application/json';
        const answer = await fetch(this.base + path, {
            method,
            headers: sent,
            body: body === undefined || isBytes ? body : JSON.stringify(body),
        });
        const set = answer.headers.getSetCookie()[0];
        if (set) this.cookie = set.split(';')[0];
        const text = await answer.text();
        const isJson = /json/.test(answer.headers.get('content-type') ?? '');
        return { status: answer.status, headers: answer.headers, body: isJson && text ? JSON.parse(text) : text };
    }

    get = (path) => this.ask('GET', path);
    post = (path, body = {}, headers) => this.ask('POST', path, body, headers);
    put = (path, body) => this.ask('PUT', path, body);
    patch = (path, body) => this.ask('PATCH', path, body);
    delete = (path) => this.ask('DELETE', path);

    /** The same, and the answer has to be this; resolves to its content. */
    async must(method, path, body, status = 200, headers) {
        const answer = await this.ask(method, path, body, headers);
        assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
        return answer.body;
    }

    begin(session) {
        this.session = session;
        return this;
    }

    async becomeGuest() {
        return this.begin(await this.must('POST', '/api/v1/guests', {}, 201));
    }

    async signIn(login, password) {
        return this.begin(await this.must('POST', '/api/v1/session', { login, password }, 201));
    }

    order(content, key = randomUUID()) {
        return this.post('/api/v1/orders', content, { 'idempotency-key': key });
    }
}

export const password = 'hallabong-1100-ro';

/** The first operator, by the link that the first start leaves in the data folder. */
export async function firstOperator(base, dataDir) {
    const link = (await readFile(path.join(dataDir, 'operator-link'), 'utf8')).trim();
    return accept(base, link, { login: 'operator', name: '운영자' });
}

/** Use a one-time link. */
export async function accept(base, link, { login, name }) {
    const person = new Person(base);
    const content = { token: link.split('#invite=')[1], login, password, name };
    return person.begin(await person.must('POST', '/api/v1/invites/accept', content, 201));
}

export async function inviteSeller(operator, shopName, login) {
    const { link } = await operator.must('POST', '/api/v1/sellers/invites', { shop_name: shopName }, 201);
    return accept(operator.base, link, { login, name: `${login} 사장` });
}

export const shopForm = {
    name: '한라봉 농장',
    representative: '고순이',
    address: '제주특별자치도 제주시 1100로 1',
    phone: '064-123-4567',
    email: 'suni@shop.example',
    business_number: '220-81-62517',
    mail_order_number: '2026-제주-0001',
    returns_text: '받으신 날부터 7일 안에 반품할 수 있어요.\n신선식품은 상했을 때만 바꿔 드려요.',
    bank_name: '농협',
    bank_account: '302-1234-5678-91',
    bank_holder: '고순이',
    transfer_hours: 24,
    pickup_place: '농장 앞 직판장',
    shipping_won: 3000,
    live_at_once: false,
};

export const productForm = {
    name: '제주 한라봉 3kg',
    description: '노지에서 키웠어요.\n오늘 따서 오늘 보내요.',
    picture: '',
    alt: '',
    price_won: 12900,
    list_price_won: 18000,
    max_per_order: 10,
    state: 'on',
    terms: 'perishable',
    options: [],
    variants: [{ values: [], price_won: 12900, stock: 100 }],
};

/** A seller with a filled-in shop and one product. Resolves to { seller, product }. */
export async function openShop(operator, { shopName = '한라봉 농장', login = 'suni', stock = 100 } = {}) {
    const seller = await inviteSeller(operator, shopName, login);
    await seller.must('PUT', '/api/v1/shop', { ...shopForm, name: shopName });
    const variants = [{ values: [], price_won: 12900, stock }];
    const product = await seller.must('POST', '/api/v1/shop/products', { ...productForm, variants }, 201);
    return { seller, product };
}

/** A checkout of some of a product's first variant. */
export function orderForm(product, { quantity = 1, phone = '010-1234-5678', ...rest } = {}) {
    const [variant] = product.variants;
    return {
        items: [{ variant: variant.id, quantity, price_won: variant.price_won }],
        recipient: '김철수',
        phone,
        delivery: 'ship',
        postcode: '63122',
        address: '제주특별자치도 제주시 문연로 6',
        address_detail: '101동 202호',
        memo: '문 앞에 두세요',
        tender: 'transfer',
        depositor: '김철수',
        agreed: true,
        ...rest,
    };
}
