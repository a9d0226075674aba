// A believable market for page tests: shops, a live show, products, orders, people. Times hang on `now`.
const HOUR_MS = 3600 * 1000;

const variant = (id, values, price, left) => ({ id, values, price_won: price, stock: left + 3, left });

export const products = () => [
    {
        id: 11, name: '제주 한라봉 3kg 산지직송', description: '오늘 아침에 딴 한라봉이에요.\n당도 13브릭스 이상만 골라 담아요.', alt: '나무 상자에 담긴 한라봉',
        picture: 'p-hallabong', price_won: 12900, list_price_won: 18900, max_per_order: 5, state: 'on', terms: 'perishable',
        options: [], variants: [variant(111, [], 12900, 7)],
    },
    {
        id: 12, name: '손뜨개 가을 가디건', description: '한 올 한 올 손으로 떴어요.', alt: '나무 옷걸이에 걸린 갈색 가디건', picture: 'p-cardigan',
        price_won: 48000, list_price_won: null, max_per_order: 3, state: 'on', terms: 'made_to_order',
        options: [{ name: '색상', values: ['밤색', '아이보리'] }, { name: '크기', values: ['S', 'M', 'L'] }],
        variants: [
            variant(121, ['밤색', 'S'], 48000, 2), variant(122, ['밤색', 'M'], 48000, 5), variant(123, ['밤색', 'L'], 50000, 0),
            variant(124, ['아이보리', 'S'], 48000, 1), variant(125, ['아이보리', 'M'], 48000, 0), variant(126, ['아이보리', 'L'], 50000, 4),
        ],
    },
    {
        id: 13, name: '햇고춧가루 500g', description: '', alt: '유리병에 담긴 고춧가루', picture: null, price_won: 23000, list_price_won: 25000,
        max_per_order: 10, state: 'on', terms: 'normal', options: [], variants: [variant(131, [], 23000, 120)],
    },
    {
        id: 14, name: '수제 유자청 1L', description: '', alt: '유자청 병', picture: 'p-yuja', price_won: 15000, list_price_won: null,
        max_per_order: 5, state: 'on', terms: 'normal', options: [], variants: [variant(141, [], 15000, 0)],
    },
];

export const shop = () => ({
    name: '한라상회', representative: '강한라', address: '제주특별자치도 제주시 중앙로 12, 1층', phone: '0641234567', email: 'hello@halla.example',
    business_number: '1208147521', mail_order_number: '2026-제주연동-0012', returns_text: '받은 날부터 7일 안에 연락해 주세요.\n반품 배송비는 3,000원이에요.',
    bank_name: '농협은행', bank_account: '301-0123-4567-81', bank_holder: '강한라(한라상회)', transfer_hours: 24, pickup_place: '제주시 중앙로 12, 1층 매장', shipping_won: 3000, live_at_once: false,
});

export const messages = (now) =>
    [
        ['김**', 'guest', '안녕하세요! 기다렸어요'], ['박**', 'buyer', '한라봉 몇 개 들었어요?'], ['한라상회', 'owner', '3kg에 12개에서 15개 들어가요'],
        ['이**', 'guest', '가디건 M 사이즈 있나요?'], ['매니저 솔', 'manager', '네, 밤색 M 5벌 남았어요'], ['최**', 'buyer', '지난번에 산 거 정말 달았어요 👍'],
    ].map(([name, role, t], i) => ({ mid: `m${i}`, from: { id: `p${i}`, name, role }, t, at: now - (6 - i) * 20000 }));

export function order(now, more = {}) {
    return {
        id: 'q3Zr8sLk2PvN0aXcT5uYwQ', number: '261124-0147-3', state: 'pending',
        shop: { id: 1, name: '한라상회', phone: '0641234567', bank_name: '농협은행', bank_account: '301-0123-4567-81', bank_holder: '강한라(한라상회)', pickup_place: '제주시 중앙로 12, 1층 매장' },
        lines: [{ name: '제주 한라봉 3kg 산지직송', option: '', quantity: 2, price_won: 12900, terms: 'perishable' }],
        shipping_won: 3000, total_won: 28800, tender: 'transfer', delivery: 'ship', reason: '', test: false, expires_at: now + 24 * HOUR_MS, created_at: now - 60000, paid_at: null,
        recipient: '김하늘', phone: '01012345678', postcode: '06236', address: '서울특별시 강남구 테헤란로 152', address_detail: '1203호',
        memo: '문 앞에 두세요', depositor: '김하늘', ...more,
    };
}

export const market = (now) => ({
    shop: shop(),
    products: products(),
    show: {
        id: 'hallabong7', title: '오늘 딴 제주 한라봉, 라이브 특가', state: 'live', access: 'public', shop: { id: 1, name: '한라상회' },
        starts_at: now - 45 * 60000, started_at: now - 41 * 60000, ended_at: null, notice: '오늘 오후 3시 이전 주문은 당일 발송해요. 도서산간 지역은 하루 더 걸릴 수 있어요.',
        pin: 11, chat_frozen: false, sales_stopped: false, slow_s: 0,
    },
    others: [
        { id: 'mandoo0001', title: '갓 빚은 손만두', shop: { id: 2, name: '골목만두' }, state: 'live', starts_at: now, started_at: now, viewers: 87, picture: null },
        { id: 'cardigan01', title: '손뜨개 가을 모음전', shop: { id: 3, name: '실과 바늘' }, state: 'scheduled', starts_at: now + 5 * HOUR_MS, started_at: null, viewers: 0, picture: 'p-cardigan' },
        { id: 'gochu00001', title: '햇고추 방앗간에서 바로', shop: { id: 4, name: '영양방앗간' }, state: 'scheduled', starts_at: now + 74 * HOUR_MS, started_at: null, viewers: 0, picture: null },
    ],
    shown: new Set([11, 12, 13, 14]), // the show's products
    cart: new Map(),
    orders: [],
    shopOrders: [
        order(now, { id: 'a'.repeat(22), number: '261124-0150-9', lines: [{ name: '손뜨개 가을 가디건', option: '밤색 / M', quantity: 1, price_won: 48000, terms: 'made_to_order' }], total_won: 51000, recipient: '박소담', depositor: '박소담', created_at: now - 90000 }),
        order(now, { id: 'b'.repeat(22), number: '261124-0149-1', state: 'paid', paid_at: now - 300000, recipient: '이도윤', depositor: '이도윤', created_at: now - 900000 }),
        order(now, { id: 'c'.repeat(22), number: '261124-0148-0', state: 'pending', tender: 'at_pickup', delivery: 'pickup', shipping_won: 0, total_won: 25800, postcode: '', address: '', address_detail: '', recipient: '최보라', depositor: '', created_at: now - 1200000 }),
    ],
    messages: messages(now),
    sellers: [
        { shop: { id: 1, name: '한라상회' }, login: 'halla', state: 'active', created_at: now - 9 * 24 * HOUR_MS },
        { shop: { id: 5, name: '봄날꽃집' }, login: null, state: 'invited', created_at: now - 2 * HOUR_MS },
    ],
    audit: [
        { at: now - 3600000, actor: 'owner-of-the-platform', operation: 'seller.invite', target: '봄날꽃집', reason: '' },
        { at: now - 7200000, actor: 'owner-of-the-platform', operation: 'show.freeze', target: 'mandoo0001', reason: '욕설이 이어져요' },
    ],
    report: { viewers: 412, peak_viewers: 131, hearts: 18230, messages: 642, orders: 38, paid_orders: 31, paid_won: 812400, units: 57 },
});
