// What the demo's market shop sells: [picture, name, price, list price, stock, terms, what it is, what the picture shows, options].
const rows = [
    ['hallabong', '제주 한라봉 3kg', 29900, 39000, 120, 'perishable', '노지에서 햇볕 받고 자란 한라봉이에요.\n오늘 따서 오늘 보내요. 한 상자에 9~12알.', '나무 탁자 위에 쌓인 한라봉 네 알'],
    ['gim', '전통 김부각 300g', 12000, 0, 80, 'normal', '찹쌀풀 발라 말려 튀긴 김부각이에요.\n아이 간식, 맥주 안주로 좋아요.', '나무 쟁반에 부채처럼 펼친 김부각'],
    ['sesame', '방앗간 참기름 350ml', 21000, 25000, 60, 'normal', '시장 방앗간에서 매일 짜요.\n국산 참깨 100%.', '참기름이 든 갈색 병과 흩어진 참깨'],
    ['tteok', '모둠 바람떡 1kg', 15000, 0, 40, 'perishable', '새벽에 찐 떡이에요. 받은 날 드세요.', '접시에 담긴 흰색, 분홍색, 초록색 바람떡'],
    ['mackerel', '손질 고등어 5팩', 19900, 24900, 70, 'perishable', '부산 공동어시장에서 받아 바로 손질했어요.\n한 팩에 한 마리, 진공 포장.', '나무 도마에 놓인 고등어 두 마리'],
    ['miyeok', '기장 돌미역 200g', 14000, 0, 90, 'normal', '물에 불리면 열 배가 돼요.\n오래 끓여도 퍼지지 않아요.', '그릇에 담긴 초록색 미역 줄기'],
    ['honey', '아카시아꿀 1.2kg', 32000, 38000, 50, 'normal', '올해 5월에 뜬 꿀이에요. 국립농산물품질관리원 검사필.', '아카시아꿀 병과 꿀뜨개'],
    ['cup', '손물레 머그잔', 28000, 0, 24, 'made_to_order', '물레로 하나씩 빚어요. 주문하고 열흘 걸려요.\n식기세척기에 넣어도 돼요.', '김이 나는 청록색 머그잔', [{ name: '색', values: ['청자', '백자'] }]],
    ['pouch', '누비 파우치', 18000, 22000, 30, 'normal', '손바느질 누비로 만든 파우치예요. 안감은 무명.', '꽃을 수놓은 보라색 누비 파우치', [{ name: '크기', values: ['작은 것', '큰 것'] }]],
    ['kimchi', '포기김치 5kg', 35000, 42000, 60, 'perishable', '어제 담근 김치예요. 실온에 하루 두었다 냉장고에 넣으세요.', '그릇에 담긴 빨간 포기김치'],
];

const variantsOf = (price, stock, [option] = []) =>
    option ? option.values.map((value) => ({ values: [value], price_won: price, stock })) : [{ values: [], price_won: price, stock }];

/** Products as POST /api/v1/shop/products takes them; `picture` names a file in pictures/ until it has been uploaded. */
export const goods = rows.map(([picture, name, price, list, stock, terms, description, alt, options = []]) => ({
    name, description, picture, alt, terms, options,
    price_won: price,
    list_price_won: list || null,
    max_per_order: 10,
    state: 'on',
    variants: variantsOf(price, stock, options),
}));

export const shop = {
    name: '서문시장 고순이네',
    representative: '고순이',
    address: '제주특별자치도 제주시 서광로2길 7, 서문시장 12호',
    phone: '064-700-1100',
    email: 'shop@jangteo.example',
    business_number: '220-81-62517',
    mail_order_number: '2026-제주서문-0012',
    returns_text: '받으신 날부터 7일 안에 교환하거나 반품할 수 있어요.\n신선식품은 받은 날 상했을 때, 주문 제작은 잘못 만들어졌을 때 바꿔 드려요.',
    bank_name: '농협은행',
    bank_account: '302-0000-0000-00',
    bank_holder: '고순이',
    transfer_hours: 24,
    pickup_place: '서문시장 12호 (오전 9시~오후 7시)',
    shipping_won: 3000,
    live_at_once: false,
};
