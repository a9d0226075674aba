/* The word filter against two corpora: ways around it, and honest talk of shops (pitfall 28). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "chat/room/text.h"
#include "chat/room/words.h"

static const char *const bypasses[] = {
    /* plain, in a sentence */
    "시발",
    "씨발",
    "아 씨발 진짜",
    "이런 병신",
    "지랄하네",
    "개새끼",
    "존나 비싸네",
    "좆같네",
    "야이 미친놈아",
    /* spaces, signs, digits */
    "시 발",
    "시  발",
    "시.발",
    "시1발",
    "시123발",
    "씨~발",
    "씨-발",
    "씨_발",
    "병 신",
    "병*신",
    "병.신",
    "지 랄",
    "시ㆍ발",
    "개 새 끼",
    "시/발",
    "시♡발",
    "시a발",
    "(시)발",
    /* zero width and other hidden characters */
    "시\u200b발",
    "시\u2060발",
    "시\u00ad발",
    "시\u202e발",
    /* single jamo */
    "ㅅㅂ",
    "ㅆㅂ",
    "ㅂㅅ",
    "ㅄ",
    "ㅈㄹ",
    "아 ㅅㅂ",
    "ㅅ ㅂ",
    "ㅅ.ㅂ",
    "ㅅㅣ발",
    "ㅅㅣㅂㅏㄹ",
    "시ㅂㅏㄹ",
    "ㅂㅕㅇ신",
    "ㄱㅅㄲ",
    "ㅅ1ㅂ",
    /* decomposed, half-width, circled */
    "\u1109\u1175\u1107\u1161\u11af",
    "ﾵﾲ",
    "㉦㉥",
    /* look-alikes */
    "ㅅ1발",
    "人1발",
    "ㅅ!발",
    "ㅅl발",
    "ㅅ|발",
    /* drawn out, as it sounds, a heavier final */
    "시이발",
    "시이이이발",
    "씨이이발",
    "십알",
    "씹알",
    /* on the Latin keyboard */
    "tlqkf",
    "Tlqkf",
    "qudtls",
    "wlfkf",
    "TLQKF",
    "whssk",
    /* Latin */
    "fuck",
    "FUCK you",
    "f u c k",
    "f.u.c.k",
    "fu¢k fuck",
    "sh1t",
    "$hit",
    "ｆｕｃｋ",
    "𝓯𝓾𝓬𝓴",
    "b1tch",
    /* the shop's own */
    "짝퉁 아니에요?",
    "짝 퉁",
    "짝1퉁",
};

static const char *const honest[] = {
    "사이즈 있어요?",
    "몇 시에 끝나요?",
    "다시 발송해 주세요",
    "9시 발송되나요",
    "오늘 3시 발송 맞죠?",
    "역시 발 편한 신발",
    "시발점이 어디예요",
    "다시 바꿔 주세요",
    "혹시 발매일이 언제예요?",
    "언제 다시 방송해요?",
    "시바견 키우는 사람",
    "시바이누 너무 귀여워요",
    "아저씨 바지 있어요?",
    "아가씨 발 사이즈",
    "도시 바람이 시원해요",
    "택시 바로 왔어요",
    "날씨 바뀌네요",
    "글씨 바꿔 주세요",
    "접시 바닥이 넓네요",
    "즉시 발송",
    "임시 발행 쿠폰",
    "동시 발매",
    "표시 바람",
    "수시 발송 문의",
    "2시 바로 시작",
    "시, 발은 작은 편이에요",
    "개시 바랍니다",
    "병원에서 신는 신발",
    "신병 훈련소 선물",
    "병에 신선하게 담겨요",
    "물병 신상 나왔나요",
    "약병 신청합니다",
    "유리병 신기해요",
    "지난번 랄프로렌 셔츠",
    "오지 라면 맛있어요",
    "조지 랄슨 좋아해요",
    "새끼손가락 반지",
    "조개 새로 들어왔나요",
    "무지개 새 그림",
    "번개 새벽배송",
    "베개 새것 맞나요",
    "족발 맛집",
    "족발 시켜 먹고 싶다",
    "발시려워요",
    "발 시려요",
    "이발기 추천",
    "신발 250 있나요?",
    "맨발로 신어요",
    "양말 시즌오프",
    "출발 시간",
    "도시락 발열팩",
    "시금치 발아 씨앗",
    "씨앗 발아율",
    "씨 발라낸 대추",
    "씨발라낸 대추 있어요?",
    "아저씨발 사이즈",
    "강아지 간식",
    "간강 소금",
    "미니 미러",
    "미니미 사이즈",
    "어니 미국 직구",
    "손님이에요",
    "사장님이 친절해요",
    "고객님 이것도 주세요",
    "다시 팔아 주세요",
    "몇 시 팔아요",
    "역시 빨라요",
    "주문 시 발송돼요",
    "가방 꺼내 주세요",
    "불 꺼져 있어요",
    "어두워서 꺼져 보여요 아님 조명",
    "qt 시간",
    "tq 감사",
    "thank you",
    "shirt 있어요?",
    "Shiitake 버섯",
    "Scunthorpe",
    "assassin 향수",
    "classic bag",
    "hello",
    "fukuoka 여행",
    "title",
    "lol",
    "ok",
    "L 사이즈",
    "XL 2개",
    "100% 면",
    "010-1234",
    "1+1 행사",
    "ㅋㅋㅋㅋㅋ",
    "ㅎㅎㅎ",
    "ㅠㅠ",
    "ㅇㅇ",
    "ㄱㄱ",
    "ㄴㄴ",
    "ㅇㅋ",
    "ㄷㄷ",
    "ㅊㅋ",
    "ㄳ",
    "ㅅㅇㅈ 있나요",
    "ㅂㅇ",
    "ㅈㅅ합니다",
    "ㅁㅊ 예쁘다",
    "옷비 얼마예요",
    "옷 비싸요",
    "맛 비법",
    "잔액 없습니다",
    "재고 없어요",
    "값 좀 깎아 주세요",
    "넋을 놓고 봐요",
    "얼마예요?",
    "배송비 있나요?",
    "무료배송인가요",
    "방송 재밌어요",
    "언니 예뻐요",
    "색상 뭐뭐 있어요?",
    "교환 돼요?",
    "환불 되나요",
    "입금했어요",
    "계좌 알려 주세요",
    "주문번호 보내 드렸어요",
    "품절이에요?",
    "재입고 언제요",
    "라방 처음 봐요",
    "실물 보고 싶어요",
    "사장님 화이팅",
    "세탁기 돌려도 돼요?",
    "니트 보풀 안 생겨요?",
    "기장 몇 cm예요",
    "가디건 색 뭐 있어요",
    "핏이 예뻐요",
    "소재가 뭐예요?",
    "원산지 어디예요",
    "유통기한이요",
    "냉동인가요 냉장인가요",
    "택배사 어디예요?",
    "제주도 추가 배송비",
    "선물포장 돼요?",
    "쿠폰 적용이 안 돼요",
    "소리가 안 나와요",
    "화면 끊겨요",
    "잘 보여요",
    "저 샀어요!",
    "두 개 주문했어요",
    "이따 봐요",
    "좋아요 눌렀어요 👍",
    "❤️❤️❤️",
    "안녕하세요~",
    "시장님",
    "시원시원해요",
    "신신당부",
    "자지 않고 보고 있어요",
    "보지 못했어요",
    "만지지 마세요",
    "지랄탄 아님",
    "시벌건 노을",
    "한시바삐",
    "가시 바르기 쉬워요",
    "가시 발라 주나요?",
    "다 나갔나요",
    "마감 임박",
};

static int count(const struct room_words *words, const char *const *corpus, size_t size,
                 bool expected)
{
    char text[ROOM_TEXT_MAX_BYTES + 1];
    int hits = 0;

    for (size_t i = 0; i < size; i++) {
        bool is_hit;

        assert_true(room_text_clean(corpus[i], strlen(corpus[i]), ROOM_TEXT_MAX_CHARACTERS, text,
                                    sizeof(text)) > 0);
        is_hit = room_words_match(words, text);
        if (is_hit != expected)
            print_message("%s: %s\n", expected ? "missed" : "hit in honest talk", corpus[i]);
        hits += is_hit;
    }
    return hits;
}

static void test_p28_bypasses(void **state)
{
    (void)state;
    assert_int_equal(count(*state, bypasses, JT_COUNT(bypasses), true), JT_COUNT(bypasses));
}

static void test_p28_honest_talk(void **state)
{
    int hits = count(*state, honest, JT_COUNT(honest), false);

    print_message("%d of %zu honest lines held back\n", hits, JT_COUNT(honest));
    assert_true(hits * 200 <= (int)JT_COUNT(honest)); /* at most one in 200 */
}

static void test_p28_longest_text(void **state)
{
    char text[ROOM_TEXT_MAX_BYTES + 1] = "";

    for (int i = 0; i < 198; i++)
        strcat(text, "뷁");
    assert_false(room_words_match(*state, text));
    strcat(text, "시발");
    assert_true(room_words_match(*state, text));
    text[0] = '\0';
    for (int i = 0; i < 100; i++)
        strcat(text, "시바"); /* 50 near misses, and hits */
    (void)room_words_match(*state, text);
}

static void test_lists(void **state)
{
    struct room_words *words;
    char *long_list = calloc(1, ROOM_WORDS_MAX_BYTES + 2);

    (void)state;
    memset(long_list, 'a', ROOM_WORDS_MAX_BYTES + 1);
    assert_int_equal(room_words_new(long_list, &words), -EMSGSIZE);
    for (size_t i = 0; i + 3 <= ROOM_WORDS_MAX_BYTES; i += 3)
        memcpy(long_list + i, "bb\n", 3);
    long_list[ROOM_WORDS_MAX_BYTES] = '\0';
    assert_int_equal(room_words_new(long_list, &words), -EMSGSIZE); /* too many words */
    free(long_list);
    assert_int_equal(room_words_new("\n\n+\n!!!\n\xff\n경쟁사\n+경쟁사보다", &words), 0);
    assert_true(room_words_match(words, "경쟁사가 낫네"));
    assert_false(room_words_match(words, "경쟁사보다 싸네"));
    assert_true(room_words_match(words, "시발"));
    room_words_free(words);
}

static void test_hash_sees_the_same_words(void **state)
{
    (void)state;
    assert_true(room_words_hash("싸요 싸요!") == room_words_hash("싸요싸요"));
    assert_true(room_words_hash("Hello") == room_words_hash("hel lo..."));
    assert_true(room_words_hash("ㅋㅋㅋㅋ") == room_words_hash("ㅋㅋ"));
    assert_true(room_words_hash("1개") != room_words_hash("2개"));
    assert_true(room_words_hash("???") != room_words_hash("!!!"));
}

static int setup(void **state)
{
    struct room_words *words;

    if (room_words_new("짝퉁\n", &words))
        return -1;
    *state = words;
    return 0;
}

static int teardown(void **state)
{
    room_words_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p28_bypasses),
        cmocka_unit_test(test_p28_honest_talk),
        cmocka_unit_test(test_p28_longest_text),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_hash_sees_the_same_words),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
