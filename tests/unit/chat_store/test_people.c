/* People, their sessions, the links that make operators and sellers, and their shops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "chat/store/account.h"
#include "chat/store/audit.h"
#include "chat/store/invite.h"
#include "chat/store/shop.h"
#include "place.h"

enum { NOW = 1000, SOON = 2000, LATER = 9000 };

static const uint8_t link_hash[STORE_HASH_BYTES] = {1};
static const uint8_t other_hash[STORE_HASH_BYTES] = {2};
static const struct store_session session = {.hash = {3}, .expires_ms = SOON};
static const struct store_session second = {.hash = {4}, .expires_ms = LATER};

static int64_t seller(struct place *place, const char *login, uint8_t mark)
{
    struct store_session own = {.hash = {mark, 1}, .expires_ms = LATER};
    uint8_t hash[STORE_HASH_BYTES] = {mark, 2};
    const struct store_seller_invite invite = {
        .hash = hash, .shop_name = "한라봉 농장", .now_ms = NOW, .expires_ms = LATER};
    const struct store_acceptance acceptance = {.hash = hash,
                                                .login = login,
                                                .password = "p",
                                                .name = "순이",
                                                .session = &own,
                                                .now_ms = NOW};
    int64_t shop_id = 0;

    assert_int_equal(store_invite_seller(place->store, &invite, &shop_id), 0);
    assert_int_equal(store_invite_accept(place->store, &acceptance), 0);
    return shop_id;
}

static void test_guest_is_known_until_the_session_ends(void **state)
{
    struct place *place = *state;
    struct store_person person = {0};
    int64_t id = 0;

    assert_int_equal(store_guest_add(place->store, "손님", &session, NOW, &id), 0);
    assert_int_equal(store_session_find(place->store, session.hash, NOW, &person), 0);
    assert_int_equal(person.account_id, id);
    assert_int_equal(person.kind, STORE_GUEST);
    assert_string_equal(person.name, "손님");
    assert_string_equal(person.login, "");
    assert_int_equal(person.shop_id, 0);
    assert_int_equal(store_session_find(place->store, other_hash, NOW, &person), -ENOENT);
    assert_int_equal(store_session_find(place->store, session.hash, SOON, &person), -ENOENT);
}

static void test_session_ends_at_once(void **state)
{
    struct place *place = *state;
    struct store_person person = {0};
    int64_t id = 0;

    assert_int_equal(store_guest_add(place->store, "손님", &session, NOW, &id), 0);
    assert_int_equal(store_session_add(place->store, id, &second, NOW), 0);
    assert_int_equal(store_session_end(place->store, session.hash), 0);
    assert_int_equal(store_session_find(place->store, session.hash, NOW, &person), -ENOENT);
    assert_int_equal(store_session_find(place->store, second.hash, NOW, &person), 0);
    assert_int_equal(store_sweep(place->store, LATER), 0);
    assert_int_equal(store_session_find(place->store, second.hash, NOW, &person), -ENOENT);
}

static void test_operator_link_works_once(void **state)
{
    struct place *place = *state;
    struct store_acceptance acceptance = {.hash = link_hash,
                                          .login = "Root",
                                          .password = "hash",
                                          .name = "운영자",
                                          .session = &session,
                                          .now_ms = NOW};
    struct store_invite invite = {0};
    struct store_person person = {0};
    char password[STORE_PASSWORD_MAX_BYTES];
    int64_t id = 0;

    assert_int_equal(store_operators(place->store), 0);
    assert_int_equal(store_invite_operator(place->store, link_hash, NOW, SOON), 0);
    assert_int_equal(store_invite_look(place->store, link_hash, NOW, &invite), 0);
    assert_true(invite.is_operator);
    assert_int_equal(store_invite_accept(place->store, &acceptance), 0);
    assert_int_equal(store_operators(place->store), 1);
    assert_int_equal(store_session_find(place->store, session.hash, NOW, &person), 0);
    assert_int_equal(person.kind, STORE_OPERATOR);
    acceptance.session = &second;
    acceptance.login = "other";
    assert_int_equal(store_invite_accept(place->store, &acceptance), -ENOENT);
    assert_int_equal(store_account_password(place->store, "rOOT", password, &id), 0);
    assert_string_equal(password, "hash");
    assert_int_equal(store_account_password(place->store, "other", password, &id), -ENOENT);
}

static void test_link_that_is_too_old_or_replaced(void **state)
{
    struct place *place = *state;
    struct store_invite invite;

    assert_int_equal(store_invite_operator(place->store, link_hash, NOW, SOON), 0);
    assert_int_equal(store_invite_look(place->store, link_hash, SOON, &invite), -ENOENT);
    assert_int_equal(store_invite_operator(place->store, other_hash, NOW, SOON), 0);
    assert_int_equal(store_invite_look(place->store, link_hash, NOW, &invite), -ENOENT);
    assert_int_equal(store_invite_look(place->store, other_hash, NOW, &invite), 0);
}

static void test_login_is_one_persons_and_a_refusal_keeps_nothing(void **state)
{
    struct place *place = *state;
    const struct store_acceptance acceptance = {.hash = link_hash,
                                                .login = "SUNI",
                                                .password = "p",
                                                .name = "남",
                                                .session = &second,
                                                .now_ms = NOW};
    struct store_invite invite = {0};
    struct store_person person;

    (void)seller(place, "suni", 9);
    assert_int_equal(store_invite_operator(place->store, link_hash, NOW, SOON), 0);
    assert_int_equal(store_invite_accept(place->store, &acceptance), -EEXIST);
    assert_int_equal(store_invite_look(place->store, link_hash, NOW, &invite), 0);
    assert_int_equal(store_session_find(place->store, second.hash, NOW, &person), -ENOENT);
    assert_int_equal(store_operators(place->store), 0);
}

static void test_seller_owns_the_shop_of_the_link(void **state)
{
    struct place *place = *state;
    int64_t first = seller(place, "suni", 9), other = seller(place, "mina", 11);
    const uint8_t hash[STORE_HASH_BYTES] = {11, 1};
    struct store_person person = {0};

    assert_int_not_equal(first, other);
    assert_int_equal(store_session_find(place->store, hash, NOW, &person), 0);
    assert_int_equal(person.kind, STORE_BUYER);
    assert_int_equal(person.shop_id, other);
    assert_string_equal(person.shop_role, "owner");
    assert_string_equal(person.shop_name, "한라봉 농장");
}

static void test_shop_keeps_what_its_owner_wrote(void **state)
{
    struct place *place = *state;
    int64_t id = seller(place, "suni", 9), other = seller(place, "mina", 11);
    struct store_shop shop, read;

    assert_int_equal(store_shop_get(place->store, id, &shop), 0);
    assert_int_equal(shop.transfer_hours, 24);
    (void)snprintf(shop.address, sizeof(shop.address), "%s", "제주시 1100로 1");
    (void)snprintf(shop.bank_account, sizeof(shop.bank_account), "%s", "110-222-333333");
    shop.transfer_hours = 72;
    shop.shipping_won = 0;
    shop.is_live_at_once = true;
    assert_int_equal(store_shop_update(place->store, &shop), 0);
    assert_int_equal(store_shop_get(place->store, id, &read), 0);
    assert_memory_equal(&shop, &read, sizeof(shop));
    assert_int_equal(store_shop_get(place->store, other, &read), 0);
    assert_string_equal(read.address, "");
    assert_int_equal(store_shop_get(place->store, 999, &read), -ENOENT);
    shop.transfer_hours = 73;
    assert_int_equal(store_shop_update(place->store, &shop), -EDOM);
}

static void test_stream_key_is_found_by_its_hash(void **state)
{
    struct place *place = *state;
    int64_t id = seller(place, "suni", 9), found = 0;
    const struct store_stream_key key = {.sealed = {7, 7}, .sealed_size = 2, .lookup = {5}};
    const struct store_stream_key next = {.sealed = {8}, .sealed_size = 1, .lookup = {6}};
    struct store_key_change change = {
        .shop_id = id, .now_ms = NOW, .only_if_none = true, .key = &key};
    struct store_stream_key read = {0};

    assert_int_equal(store_shop_key(place->store, id, &read), -ENOENT);
    assert_int_equal(store_shop_set_key(place->store, &change), 0);
    assert_int_equal(store_shop_key(place->store, id, &read), 0);
    assert_memory_equal(&key, &read, sizeof(key));
    assert_int_equal(store_shop_by_key(place->store, key.lookup, &found), 0);
    assert_int_equal(found, id);
    assert_int_equal(store_shop_set_key(place->store, &change), -EEXIST);
    change.only_if_none = false;
    change.key = &next;
    assert_int_equal(store_shop_set_key(place->store, &change), 0);
    assert_int_equal(store_shop_by_key(place->store, key.lookup, &found), -ENOENT);
    assert_int_equal(store_shop_by_key(place->store, next.lookup, &found), 0);
}

static void note(void *arg, const struct store_audit *row)
{
    char *text = arg;
    size_t size = strlen(text);

    (void)snprintf(text + size, 200 - size, "%s:%s:%s;", row->actor, row->operation, row->target);
}

static void test_audit_tells_who_did_what(void **state)
{
    struct place *place = *state;
    char text[200] = "";

    (void)seller(place, "suni", 9);
    assert_int_equal(store_audit_list(place->store, 0, 10, note, text), 0);
    assert_string_equal(text, "순이:invite.accept:suni;:seller.invite:한라봉 농장;");
    text[0] = '\0';
    assert_int_equal(store_audit_list(place->store, 2, 10, note, text), 0);
    assert_string_equal(text, ":seller.invite:한라봉 농장;");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_guest_is_known_until_the_session_ends),
        EACH(test_session_ends_at_once),
        EACH(test_operator_link_works_once),
        EACH(test_link_that_is_too_old_or_replaced),
        EACH(test_login_is_one_persons_and_a_refusal_keeps_nothing),
        EACH(test_seller_owns_the_shop_of_the_link),
        EACH(test_shop_keeps_what_its_owner_wrote),
        EACH(test_stream_key_is_found_by_its_hash),
        EACH(test_audit_tells_who_did_what),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
