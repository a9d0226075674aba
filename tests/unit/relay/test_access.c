/* Who may watch: tokens of every kind on shows of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/access.h"
#include "../token/keys.h"
#include "token/token.h"

static const int64_t now = 1700000000000;

static enum relay_ticket_kind kind_of(struct jt_keyring *keyring, enum jt_token_purpose purpose,
                                      const char *audience, const char *subject)
{
    char token[JT_TOKEN_MAX_BYTES];

    assert_true(
        jt_token_make(keyring, purpose, audience, subject, now, 60000, token, sizeof(token)) > 0);
    return relay_ticket_read(keyring, token, "rice", now).kind;
}

static void test_a2_which_tokens_are_tickets(void **state)
{
    struct jt_keyring *keyring = keys_open();

    (void)state;
    assert_int_equal(relay_ticket_read(keyring, NULL, "rice", now).kind, RELAY_TICKET_NONE);
    assert_int_equal(relay_ticket_read(keyring, "jt1.x.y", "rice", now).kind, RELAY_TICKET_BAD);
    assert_int_equal(relay_ticket_read(NULL, "jt1.x.y", "rice", now).kind, RELAY_TICKET_BAD);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "relay", "show:rice"), RELAY_TICKET_GOOD);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "chat", "show:rice"), RELAY_TICKET_BAD);
    assert_int_equal(kind_of(keyring, JT_TOKEN_TICKET, "relay", "show:rice"), RELAY_TICKET_BAD);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PUBLISH, "relay", "show:rice"), RELAY_TICKET_BAD);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "relay", "show:rice2"), RELAY_TICKET_FOREIGN);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "relay", "show:ric"), RELAY_TICKET_FOREIGN);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "relay", "show:"), RELAY_TICKET_FOREIGN);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "relay", "rice"), RELAY_TICKET_FOREIGN);
    assert_int_equal(kind_of(keyring, JT_TOKEN_PLAY, "relay", "session:rice"),
                     RELAY_TICKET_FOREIGN);
    jt_keyring_close(keyring);
}

static int refusal(enum jt_show_access access, enum relay_ticket_kind kind, int64_t until_ms)
{
    const struct relay_ticket ticket = {.kind = kind, .until_ms = until_ms};
    struct jt_answer_refusal why = {0};
    bool allows = relay_access_allows(access, &ticket, now, &why);

    assert_int_equal(relay_access_allows(access, &ticket, now, NULL), allows);
    assert_true(allows == !why.code);
    return allows ? 0 : why.status;
}

static void test_who_may_watch_what(void **state)
{
    static const struct {
        enum relay_ticket_kind kind;
        int64_t until_ms;
        int public, token, closed; /* 0, or the status */
    } rows[] = {
        {RELAY_TICKET_NONE, 0, 0, 401, 403},
        {RELAY_TICKET_BAD, 0, 0, 401, 403},
        {RELAY_TICKET_FOREIGN, INT64_MAX, 0, 403, 403},
        {RELAY_TICKET_GOOD, INT64_MAX, 0, 0, 403},
        {RELAY_TICKET_GOOD, 1700000000001, 0, 0, 403},
        {RELAY_TICKET_GOOD, 1700000000000, 0, 401, 403}, /* it ran out this moment */
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_int_equal(refusal(JT_ACCESS_PUBLIC, rows[i].kind, rows[i].until_ms), rows[i].public);
        assert_int_equal(refusal(JT_ACCESS_TOKEN, rows[i].kind, rows[i].until_ms), rows[i].token);
        assert_int_equal(refusal(JT_ACCESS_CLOSED, rows[i].kind, rows[i].until_ms), rows[i].closed);
    }
}

static void test_a2_a_ticket_lasts_as_long_as_its_token(void **state)
{
    struct jt_keyring *keyring = keys_open();
    char token[JT_TOKEN_MAX_BYTES];
    struct relay_ticket ticket;

    (void)state;
    assert_true(jt_token_make(keyring, JT_TOKEN_PLAY, "relay", "show:rice", now, 60000, token,
                              sizeof(token)) > 0);
    ticket = relay_ticket_read(keyring, token, "rice", now + 60000);
    assert_int_equal(ticket.until_ms, now + 60000 + 30000); /* threat A2: leeway 30 s */
    assert_int_equal(relay_ticket_read(keyring, token, "rice", now + 90000).kind, RELAY_TICKET_BAD);
    jt_keyring_close(keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a2_which_tokens_are_tickets),
        cmocka_unit_test(test_who_may_watch_what),
        cmocka_unit_test(test_a2_a_ticket_lasts_as_long_as_its_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
