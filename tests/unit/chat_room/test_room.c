/* The rules of talk: who may say what, how often, and what others see of it. */
#include "rig.h"

static void test_p45_message_reaches_all_once_and_is_made_once(void **state)
{
    struct rig *rig = rig_new();
    struct page *pages[50];
    char name[24], mid[64];
    int made;

    (void)state;
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        pages[i] = rig_join(rig, name, ACCESS_GUEST);
        page_skip(pages[i]);
    }
    assert_string_equal(rig_say(rig, pages[3], "안녕하세요", mid), "");
    made = rig->frames_made;
    assert_int_equal(page_count(pages[4], "안녕"), 0); /* waits for the tick */
    rig_run(rig, ROOM_TICK_MS);
    assert_int_equal(rig->frames_made, made + 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(page_count(pages[i], "\"t\":\"안녕하세요\""), 1);
        assert_ptr_equal(pages[i]->frames[pages[i]->count - 1],
                         pages[0]->frames[pages[0]->count - 1]);
        assert_int_equal(page_count(pages[i], mid), 1);
    }
    for (int i = 0; i < 50; i++)
        page_free(rig, pages[i]);
    rig_free(rig);
}

/* The shapes that pages are written against. */
static void test_shapes(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "anna", ACCESS_HOST);
    char expected[512];

    (void)state;
    (void)snprintf(expected, sizeof(expected),
                   "{\"id\":1,\"ok\":{\"ep\":\"%s\",\"recovered\":false,\"you\":{\"id\":\"anna\","
                   "\"name\":\"anna\",\"role\":\"host\"},\"now\":1700000000000}}",
                   room_epoch(rig->room));
    assert_string_equal(page->frames[0]->text, expected);
    assert_string_equal(page->frames[1]->text,
                        "[{\"ch\":\"gauge\",\"e\":\"hearts\",\"d\":{\"n\":0}},{\"ch\":\"gauge\","
                        "\"e\":\"viewers\",\"d\":{\"n\":0}},"
                        "{\"ch\":\"gauge\",\"e\":\"sold\",\"d\":{\"n\":0}},{\"ch\":\"ctl\",\"o\":0,"
                        "\"e\":\"sync\",\"d\":{\"chat\":0}}]");
    assert_int_equal(room_publish(rig->room, "stock:9", 77, "stock",
                                  "{\"product\":4,\"variant\":9,\"left\":3,\"v\":77}"),
                     0);
    room_set_gauge(rig->room, ROOM_GAUGE_VIEWERS, 12);
    assert_string_equal(rig_say(rig, page, "a\\\"b", NULL), "");
    assert_string_equal(page->frames[2]->text + strlen(page->frames[2]->text) - 4, "1\"}}");
    room_flush(rig->room, rig->now);
    (void)snprintf(expected, sizeof(expected),
                   "[{\"ch\":\"ctl\",\"o\":1,\"e\":\"stock\",\"d\":{\"product\":4,\"variant\":9,"
                   "\"left\":3,\"v\":77}},"
                   "{\"ch\":\"chat\",\"o\":1,\"e\":\"msg\",\"d\":{\"mid\":\"%s-1\",\"from\":{"
                   "\"id\":\"anna\",\"name\":\"anna\",\"role\":\"host\"},"
                   "\"t\":\"a\\\"b\",\"at\":1700000000000}},{\"ch\":\"gauge\",\"e\":\"viewers\","
                   "\"d\":{\"n\":12}}]",
                   room_epoch(rig->room));
    assert_string_equal(page->frames[3]->text, expected);
    page_free(rig, page);
    rig_free(rig);
}

static void test_ctl_goes_at_once_and_closes_the_tick(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);

    (void)state;
    assert_true(room_due_ms(rig->room) == INT64_MAX);
    assert_string_equal(rig_say(rig, page, "one", NULL), "");
    room_flush(rig->room, rig->now); /* the first tick has no one before it */
    rig_wait(rig, 60);
    assert_string_equal(rig_say(rig, page, "two", NULL), "");
    page_skip(page);
    room_flush(rig->room, rig->now);
    assert_int_equal(page_count(page, "two"), 0);
    assert_int_equal(room_publish(rig->room, "pin", 1, "pin", "{\"product\":1,\"v\":1}"), 0);
    assert_true(room_due_ms(rig->room) <= rig->now.mono_ms);
    room_flush(rig->room, rig->now);
    assert_int_equal(page_count(page, "\"pin\""), 1);
    assert_int_equal(page_count(page, "two"), 1);
    assert_int_equal(page->count - page->read, 1);
    assert_int_equal(room_publish(rig->room, "pin", 2, "pin", "{\"product\":2,\"v\":2}"), 0);
    assert_true(room_due_ms(rig->room) ==
                rig->now.mono_ms + ROOM_CTL_GAP_MS); /* never a storm of frames */
    page_free(rig, page);
    rig_free(rig);
}

static void test_p39_stale_state_loses(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);

    (void)state;
    page_skip(page);
    assert_int_equal(room_publish(rig->room, "stock:1", 5, "stock", "{\"left\":5}"), 0);
    assert_int_equal(room_publish(rig->room, "stock:1", 7, "stock", "{\"left\":7}"), 0);
    assert_int_equal(room_publish(rig->room, "stock:1", 6, "stock", "{\"left\":6}"), 0); /* late */
    assert_int_equal(room_publish(rig->room, "stock:1", 7, "stock", "{\"left\":70}"),
                     0); /* again */
    rig_run(rig, 100);
    assert_int_equal(page_count(page, "\"stock\""), 1);
    assert_int_equal(page_count(page, "\"left\":7}"), 1);
    assert_int_equal(page_count(page, "\"o\":1,"), 1); /* what was replaced took no offset */
    assert_int_equal(room_publish(rig->room, "stock:1", 6, "stock", "{\"left\":6}"), 0);
    assert_true(room_due_ms(rig->room) == INT64_MAX);
    page_free(rig, page);
    rig_free(rig);
}

static void test_p40_deleted_before_the_flush_never_goes_out(void **state)
{
    struct rig *rig = rig_new();
    struct page *host = rig_join(rig, "host", ACCESS_HOST),
                *guest = rig_join(rig, "guest", ACCESS_GUEST);
    char mid[64], json[160];

    (void)state;
    page_skip(host);
    assert_string_equal(rig_say(rig, guest, "secret words", mid), "");
    (void)snprintf(json, sizeof(json), "{\"id\":1,\"m\":\"chat.delete\",\"d\":{\"mid\":\"%s\"}}",
                   mid);
    assert_string_equal(rig_ask(rig, host, json, NULL, NULL), "");
    rig_run(rig, 1000);
    assert_int_equal(page_count(host, "secret"), 0);
    assert_int_equal(page_count(host, "\"delete\""), 1);
    assert_int_equal(rig->acts[0].verb, ROOM_DELETE);
    assert_string_equal(rig->acts[0].person, "guest");
    assert_string_equal(rig->acts[0].actor, "host");
    page_free(rig, host);
    page_free(rig, guest);
    rig_free(rig);
}

static void test_p29_deleted_is_gone_for_joiners_and_returners(void **state)
{
    struct rig *rig = rig_new();
    struct page *host = rig_join(rig, "host", ACCESS_HOST), *late, *back = page_new();
    struct room_identity who = rig_identity("back", ACCESS_GUEST);
    struct room_position since = {.ctl = 0, .chat = 0};
    char mid[64], json[160];

    (void)state;
    assert_string_equal(rig_say(rig, host, "wrong price", mid), "");
    assert_string_equal(rig_say(rig, host, "right price", NULL), "");
    rig_run(rig, 1000);
    late = rig_join(rig, "early", ACCESS_GUEST); /* the welcome that is kept has it */
    assert_int_equal(page_count(late, "wrong price"), 1);
    page_free(rig, late);
    (void)snprintf(json, sizeof(json), "{\"id\":1,\"m\":\"chat.delete\",\"d\":{\"mid\":\"%s\"}}",
                   mid);
    assert_string_equal(rig_ask(rig, host, json, NULL, NULL), "");
    late = rig_join(rig, "late", ACCESS_GUEST); /* before the event has gone out */
    assert_int_equal(page_count(late, "wrong price"), 0);
    assert_int_equal(page_count(late, "right price"), 1);
    assert_int_equal(page_count(late, "\"o\":1,\"e\":\"gone\""), 1); /* no offset is missing */
    rig_run(rig, 1000);
    strcpy(since.epoch, room_epoch(rig->room));
    assert_int_equal(rig_join_as(rig, back, &who, &since), 0);
    assert_int_equal(page_count(back, "\"recovered\":true"), 1);
    assert_int_equal(page_count(back, "wrong price"), 0);
    assert_int_equal(page_count(back, "\"gone\""), 1);
    page_free(rig, late);
    page_free(rig, back);
    page_free(rig, host);
    rig_free(rig);
}

static void test_p44_p47_slow_mode_is_by_person(void **state)
{
    struct rig *rig = rig_new();
    struct page *host = rig_join(rig, "host", ACCESS_HOST);
    struct page *one = rig_join(rig, "p", ACCESS_GUEST), *two = rig_join(rig, "p", ACCESS_GUEST);
    int64_t retry_ms;

    (void)state;
    assert_string_equal(
        rig_ask(rig, host, "{\"id\":1,\"m\":\"chat.slow\",\"d\":{\"s\":30}}", NULL, NULL), "");
    assert_string_equal(rig_say(rig, one, "first", NULL), "");
    rig_wait(rig, 10000);
    assert_string_equal(
        rig_ask(rig, two,
                "{\"id\":7,\"m\":\"chat.send\",\"k\":\"other-tab\",\"d\":{\"t\":\"second\"}}", NULL,
                &retry_ms),
        "slow_mode");
    assert_true(retry_ms == 20000);
    page_free(rig, one);
    page_free(rig, two);
    one = rig_join(rig, "p", ACCESS_GUEST); /* a reconnect changes nothing */
    assert_string_equal(rig_say(rig, one, "second", NULL), "slow_mode");
    rig->now.wall_ms += 3600 * 1000; /* nor does the clock on the wall (pitfall 47) */
    assert_string_equal(rig_say(rig, one, "second", NULL), "slow_mode");
    assert_string_equal(rig_say(rig, host, "staff", NULL), "");
    assert_string_equal(rig_say(rig, host, "is exempt", NULL), "");
    rig_wait(rig, 20000);
    assert_string_equal(rig_say(rig, one, "second", NULL), "");
    page_free(rig, one);
    page_free(rig, host);
    rig_free(rig);
}

static void test_c4_rates_by_person_and_address(void **state)
{
    struct rig *rig = rig_new();
    struct page *pages[40];
    char words[32], name[24];
    int said = 0;

    (void)state;
    for (int i = 0; i < 40; i++) { /* forty accounts behind one address */
        struct room_identity who;

        (void)snprintf(name, sizeof(name), "account%d", i);
        who = rig_identity(name, ACCESS_GUEST);
        strcpy(who.address, "192.0.2.7");
        pages[i] = page_new();
        assert_int_equal(rig_join_as(rig, pages[i], &who, NULL), 0);
    }
    for (int i = 0; i < 10; i++) {
        (void)snprintf(words, sizeof(words), "number %d", i);
        said += *rig_say(rig, pages[0], words, NULL) == '\0';
    }
    assert_int_equal(said, 3);
    for (int i = 1; i < 40; i++) {
        (void)snprintf(words, sizeof(words), "account %d", i);
        said += *rig_say(rig, pages[i], words, NULL) == '\0';
    }
    assert_int_equal(said, 15);
    for (int i = 0; i < 40; i++)
        page_free(rig, pages[i]);
    rig_free(rig);
}

static void test_c4_ipv6_is_limited_by_its_64(void **state)
{
    struct rig *rig = rig_new();
    struct page *pages[40];
    int said = 0;

    (void)state;
    for (int i = 0; i < 40; i++) {
        char name[24], words[24];
        struct room_identity who;

        (void)snprintf(name, sizeof(name), "six%d", i);
        (void)snprintf(words, sizeof(words), "words %d", i);
        who = rig_identity(name, ACCESS_GUEST);
        (void)snprintf(who.address, sizeof(who.address), "2001:db8:1:2::%x", i + 1);
        pages[i] = page_new();
        assert_int_equal(rig_join_as(rig, pages[i], &who, NULL), 0);
        said += *rig_say(rig, pages[i], words, NULL) == '\0';
    }
    assert_int_equal(said, 15);
    for (int i = 0; i < 40; i++)
        page_free(rig, pages[i]);
    rig_free(rig);
}

static void test_p36_a_retry_is_answered_with_the_same_mid(void **state)
{
    static const char send[] =
        "{\"id\":7,\"m\":\"chat.send\",\"k\":\"0d7f0c1e-3f2b\",\"d\":{\"t\":\"once\"}}";
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST), *other = rig_join(rig, "q", ACCESS_GUEST);
    char first[64], again[64], theirs[64];

    (void)state;
    assert_string_equal(rig_ask(rig, page, send, first, NULL), "");
    page_free(rig, page); /* the answer was lost */
    page = rig_join(rig, "p", ACCESS_GUEST);
    assert_string_equal(rig_ask(rig, page, send, again, NULL), "");
    assert_string_equal(first, again);
    assert_string_equal(rig_ask(rig, other, send, theirs, NULL), ""); /* keys are per person */
    assert_string_not_equal(first, theirs);
    page_skip(other);
    rig_run(rig, 1000);
    assert_int_equal(page_count(other, "\"t\":\"once\""), 2);
    rig_wait(rig, 5 * 60 * 1000);
    assert_string_equal(rig_ask(rig, page, send, again, NULL), "");
    assert_string_not_equal(first, again);
    page_free(rig, page);
    page_free(rig, other);
    rig_free(rig);
}

static void test_duplicates_are_refused_for_a_while(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);

    (void)state;
    assert_string_equal(rig_say(rig, page, "싸요 싸요", NULL), "");
    assert_string_equal(rig_say(rig, page, "싸요싸요!!", NULL), "duplicate");
    rig_wait(rig, 30000);
    assert_string_equal(rig_say(rig, page, "싸요싸요!!", NULL), "");
    page_free(rig, page);
    rig_free(rig);
}

static void test_freeze_and_readers(void **state)
{
    struct rig *rig = rig_new();
    struct page *host = rig_join(rig, "host", ACCESS_HOST),
                *guest = rig_join(rig, "guest", ACCESS_GUEST);
    struct page *helper = rig_join(rig, "helper", ACCESS_CHAT_ONLY), *reader = page_new();
    struct room_identity who = rig_identity("reader", ACCESS_GUEST);

    (void)state;
    who.is_reader = true;
    assert_int_equal(rig_join_as(rig, reader, &who, NULL), 0);
    assert_int_equal(page_count(reader, "\"reader\":true"), 1);
    assert_string_equal(rig_say(rig, reader, "hello", NULL), "no_session");
    assert_string_equal(
        rig_ask(rig, reader, "{\"id\":1,\"m\":\"heart\",\"d\":{\"n\":3}}", NULL, NULL), "");
    assert_string_equal(
        rig_ask(rig, helper, "{\"id\":1,\"m\":\"chat.freeze\",\"d\":{\"on\":true}}", NULL, NULL),
        "forbidden");
    assert_string_equal(
        rig_ask(rig, host, "{\"id\":1,\"m\":\"chat.freeze\",\"d\":{\"on\":true}}", NULL, NULL), "");
    assert_string_equal(rig_say(rig, guest, "hello", NULL), "frozen");
    assert_string_equal(rig_say(rig, host, "listen", NULL), "");
    page_skip(guest);
    rig_run(rig, 200);
    assert_int_equal(page_count(guest, "\"e\":\"freeze\",\"d\":{\"on\":true}"), 1);
    assert_string_equal(
        rig_ask(rig, host, "{\"id\":1,\"m\":\"chat.freeze\",\"d\":{\"on\":false}}", NULL, NULL),
        "");
    assert_string_equal(rig_say(rig, guest, "hello", NULL), "");
    page_free(rig, host);
    page_free(rig, guest);
    page_free(rig, helper);
    page_free(rig, reader);
    rig_free(rig);
}

static void test_mute_grows_by_steps(void **state)
{
    static const int64_t steps_s[] = {10, 60, 300, 600, 1800, 86400, 86400}; /* YouTube's */
    static const char mute[] = "{\"id\":1,\"m\":\"chat.mute\",\"d\":{\"person\":\"loud\"}}";
    struct rig *rig = rig_new();
    struct page *helper = rig_join(rig, "helper", ACCESS_CHAT_ONLY),
                *loud = rig_join(rig, "loud", ACCESS_GUEST);
    int64_t retry_ms;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(steps_s); i++) {
        page_skip(loud);
        assert_string_equal(rig_ask(rig, helper, mute, NULL, NULL), "");
        assert_int_equal(page_count(loud, "\"ch\":\"me\",\"e\":\"mute\",\"d\":{\"until\":"), 1);
        assert_true(rig->acts[i].until_ms == rig->now.wall_ms + steps_s[i] * 1000);
        page_free(rig, loud); /* and it survives a reconnect */
        loud = rig_join(rig, "loud", ACCESS_GUEST);
        assert_string_equal(
            rig_ask(rig, loud,
                    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"x\"}}", NULL,
                    &retry_ms),
            "muted");
        assert_true(retry_ms == steps_s[i] * 1000);
        rig_run(rig, steps_s[i] * 1000);
    }
    assert_string_equal(rig_say(rig, loud, "again", NULL), "");
    assert_string_equal(
        rig_ask(rig, helper, "{\"id\":1,\"m\":\"chat.mute\",\"d\":{\"person\":\"loud\",\"s\":61}}",
                NULL, NULL),
        "bad_request");
    assert_string_equal(
        rig_ask(rig, helper, "{\"id\":1,\"m\":\"chat.mute\",\"d\":{\"person\":\"loud\",\"s\":60}}",
                NULL, NULL),
        "");
    assert_string_equal(rig_ask(rig, helper,
                                "{\"id\":1,\"m\":\"chat.unmute\",\"d\":{\"person\":\"loud\"}}",
                                NULL, NULL),
                        "");
    assert_string_equal(rig_say(rig, loud, "thanks", NULL), "");
    page_free(rig, helper);
    page_free(rig, loud);
    rig_free(rig);
}

static void test_p25_c4_ban_puts_out_all_pages_and_holds(void **state)
{
    struct rig *rig = rig_new();
    struct page *helper = rig_join(rig, "helper", ACCESS_CHAT_ONLY), *pages[3];
    struct room_identity who = rig_identity("bad", ACCESS_GUEST);
    struct room_hello hello = {.id = 1, .identity = &who};
    struct room_member *member;

    (void)state;
    for (int i = 0; i < 3; i++)
        pages[i] = rig_join(rig, "bad", ACCESS_GUEST);
    assert_string_equal(rig_say(rig, pages[0], "shown insult", NULL), "");
    rig_run(rig, 500);
    assert_string_equal(rig_say(rig, pages[0], "waiting insult", NULL), "");
    assert_string_equal(rig_ask(rig, helper,
                                "{\"id\":1,\"m\":\"chat.ban\",\"d\":{\"person\":\"bad\"}}", NULL,
                                NULL),
                        "");
    page_skip(helper);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pages[i]->out, ROOM_OUT_BANNED);
        rig_say_raw(rig, pages[i],
                    "{\"m\":\"heart\",\"d\":{\"n\":30}}"); /* nobody listens any more */
    }
    rig_run(rig, 500);
    assert_int_equal(page_count(helper, "waiting insult"), 0);
    assert_int_equal(page_count(helper, "\"delete\""), 2);
    assert_int_equal(page_count(helper, "\"hearts\""), 0);
    for (int i = 0; i < 3; i++)
        page_free(rig, pages[i]);
    assert_int_equal(room_join(rig->room, &hello, pages, rig->now, &member), -EACCES);
    rig_run(rig, 24 * 3600 * 1000);
    assert_string_equal(
        rig_ask(rig, helper, "{\"m\":\"heart\",\"id\":1,\"d\":{\"n\":1}}", NULL, NULL), "");
    rig_run(rig, 2000); /* what is forgotten with time isn't this */
    assert_int_equal(room_join(rig->room, &hello, pages, rig->now, &member), -EACCES);
    assert_string_equal(rig_ask(rig, helper,
                                "{\"id\":1,\"m\":\"chat.unban\",\"d\":{\"person\":\"bad\"}}", NULL,
                                NULL),
                        "");
    pages[0] = rig_join(rig, "bad", ACCESS_GUEST);
    page_free(rig, pages[0]);
    page_free(rig, helper);
    rig_free(rig);
}

static void test_acts_from_the_store(void **state)
{
    struct rig *rig = rig_new();
    struct room_act act = {.verb = ROOM_BAN, .person = "bad"};
    struct room_identity who = rig_identity("bad", ACCESS_GUEST);
    struct room_hello hello = {.id = 1, .identity = &who};
    struct room_member *member;
    struct page *page = NULL;

    (void)state;
    assert_int_equal(room_act(rig->room, &act, rig->now), 0);
    assert_int_equal(room_join(rig->room, &hello, page, rig->now, &member), -EACCES);
    act =
        (struct room_act){.verb = ROOM_MUTE, .person = "loud", .until_ms = rig->now.wall_ms + 5000};
    assert_int_equal(room_act(rig->room, &act, rig->now), 0);
    page = rig_join(rig, "loud", ACCESS_GUEST);
    assert_string_equal(rig_say(rig, page, "x", NULL), "muted");
    rig_wait(rig, 5000);
    assert_string_equal(rig_say(rig, page, "x", NULL), "");
    assert_int_equal(rig->act_count, 0); /* it is stored already */
    act = (struct room_act){.verb = ROOM_SEND};
    assert_int_equal(room_act(rig->room, &act, rig->now), -EINVAL);
    act = (struct room_act){.verb = ROOM_BAN, .person = "a b"};
    assert_int_equal(room_act(rig->room, &act, rig->now), -EINVAL);
    page_free(rig, page);
    rig_free(rig);
}

/* The socket's rows of the table of rights: verb × role. */
static void test_a6_rights(void **state)
{
    static const char *const messages[] = {
        "{\"id\":1,\"m\":\"chat.delete\",\"d\":{\"mid\":\"x-1\"}}",
        "{\"id\":1,\"m\":\"chat.mute\",\"d\":{\"person\":\"nobody\"}}",
        "{\"id\":1,\"m\":\"chat.unmute\",\"d\":{\"person\":\"nobody\"}}",
        "{\"id\":1,\"m\":\"chat.ban\",\"d\":{\"person\":\"nobody\"}}",
        "{\"id\":1,\"m\":\"chat.unban\",\"d\":{\"person\":\"nobody\"}}",
        "{\"id\":1,\"m\":\"chat.slow\",\"d\":{\"s\":0}}",
        "{\"id\":1,\"m\":\"chat.freeze\",\"d\":{\"on\":false}}",
    };
    /* guest buyer chat_only manager host owner operator, as docs/rights.md has them */
    static const char *const may[] = {"..yyyy.", "..yyyy.", "..yyyy.", "..yyyy.",
                                      "..yyyy.", "..yyyy.", "...yyyy"};

    (void)state;
    for (int role = 0; role < ACCESS_ROLES; role++) {
        struct rig *rig = rig_new();
        struct page *page = rig_join(rig, "me", (enum access_role)role);

        for (size_t i = 0; i < JT_COUNT(messages); i++)
            assert_string_equal(rig_ask(rig, page, messages[i], NULL, NULL),
                                may[i][role] == 'y' ? "" : "forbidden");
        page_free(rig, page);
        rig_free(rig);
    }
}

static void test_a6_nobody_puts_out_their_own_boss(void **state)
{
    struct rig *rig = rig_new();
    struct page *helper = rig_join(rig, "helper", ACCESS_CHAT_ONLY),
                *owner = rig_join(rig, "owner", ACCESS_OWNER);

    (void)state;
    assert_string_equal(rig_ask(rig, helper,
                                "{\"id\":1,\"m\":\"chat.ban\",\"d\":{\"person\":\"owner\"}}", NULL,
                                NULL),
                        "forbidden");
    assert_string_equal(rig_ask(rig, helper,
                                "{\"id\":1,\"m\":\"chat.mute\",\"d\":{\"person\":\"helper\"}}",
                                NULL, NULL),
                        "forbidden");
    assert_string_equal(rig_ask(rig, owner,
                                "{\"id\":1,\"m\":\"chat.mute\",\"d\":{\"person\":\"helper\"}}",
                                NULL, NULL),
                        "");
    assert_int_equal(owner->out, -1);
    page_free(rig, helper);
    page_free(rig, owner);
    rig_free(rig);
}

static void test_p41_hearts_are_capped_by_person_and_only_grow(void **state)
{
    struct rig *rig = rig_new();
    struct page *one = rig_join(rig, "p", ACCESS_GUEST), *two = rig_join(rig, "p", ACCESS_GUEST);
    struct room_counts counts;
    int64_t before = 0;

    (void)state;
    room_set_counts(rig->room, 1000, 0);
    for (int second = 0; second < 60; second++) {
        for (int i = 0; i < 4; i++) {
            rig_say_raw(rig, i % 2 ? one : two, "{\"m\":\"heart\",\"d\":{\"n\":1000}}");
        }
        rig_run(rig, 1000);
        room_counts(rig->room, &counts);
        assert_true(counts.hearts >= before);
        before = counts.hearts;
    }
    assert_in_range(counts.hearts, 1000 + 590, 1000 + 600 + 30); /* ten a second and the first 30 */
    room_set_gauge(rig->room, ROOM_GAUGE_HEARTS, 5);
    room_counts(rig->room, &counts);
    assert_true(counts.hearts == before);
    page_free(rig, one);
    page_free(rig, two);
    rig_free(rig);
}

static void test_p35_counts_go_out_once_a_second(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);

    (void)state;
    page_skip(page);
    for (int i = 0; i < 20000; i++) { /* 20,000 joins in 5 s */
        room_set_gauge(rig->room, ROOM_GAUGE_VIEWERS, i + 1);
        if (i % 4 == 3)
            rig_run(rig, 1);
    }
    assert_true(page->count - page->read <= 6);
    rig_run(rig, 1000);
    assert_int_equal(page_count(page, "\"viewers\",\"d\":{\"n\":20000}"), 1);
    page_free(rig, page);
    rig_free(rig);
}

static void test_room_shows_what_can_be_read(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "watch", ACCESS_GUEST),
                *host = rig_join(rig, "host", ACCESS_HOST), *crowd[200];
    char name[24], words[32];
    int shown;

    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "%c%d%c", 'a' + i % 26, i, 'a' + i / 26);
        crowd[i] = rig_join(rig, name, ACCESS_GUEST);
    }
    rig_run(rig, 2000);
    page_skip(page);
    for (int i = 0; i < 200; i++) { /* 400 a second for 0.5 s */
        (void)snprintf(words, sizeof(words), "words of %d.", i);
        assert_string_equal(rig_say(rig, crowd[i], words, NULL), "");
        if (i == 20)
            assert_string_equal(rig_say(rig, host, "the host speaks", NULL), "");
        if (i % 2)
            rig_run(rig, 5);
    }
    rig_run(rig, 1000);
    shown = page_count(page, "\"e\":\"msg\"");
    assert_in_range(shown, 30,
                    20 + 30 + 2); /* a second's worth at once, 20 a second after it, the host */
    assert_true(page_count(page, "\"skipped\"") > 0);
    assert_int_equal(page_count(page, "the host speaks"), 1);
    assert_int_equal(page_count(page, "words of 199."), 1); /* the oldest goes, not the newest */
    for (int i = 0; i < 200; i++)
        page_free(rig, crowd[i]);
    page_free(rig, page);
    page_free(rig, host);
    rig_free(rig);
}

static void test_w8_slow_reader_loses_chat_first(void **state)
{
    struct rig *rig = rig_new();
    struct page *slow = rig_join(rig, "slow", ACCESS_GUEST),
                *host = rig_join(rig, "host", ACCESS_HOST);

    (void)state;
    rig_run(rig, 1000);
    page_skip(slow);
    slow->is_behind = true;
    for (int i = 0; i < 7; i++) {
        char words[24];

        (void)snprintf(words, sizeof(words), "word %d", i);
        assert_string_equal(rig_say(rig, host, words, NULL), "");
        rig_run(rig, 2000);
    }
    room_set_gauge(rig->room, ROOM_GAUGE_SOLD, 3);
    assert_int_equal(room_publish(rig->room, "stock:1", 1, "stock", "{\"left\":0}"), 0);
    rig_run(rig, 2000);
    assert_int_equal(page_count(slow, "\"msg\""), 0);
    assert_int_equal(page_count(slow, "\"stock\""), 1); /* never lost */
    slow->is_behind = false;
    assert_string_equal(rig_say(rig, host, "here again", NULL), "");
    rig_run(rig, 2000);
    assert_int_equal(
        page_count(slow, "{\"ch\":\"chat\",\"o\":7,\"e\":\"skipped\",\"d\":{\"n\":7}}"), 1);
    assert_int_equal(page_count(slow, "\"o\":8,\"e\":\"msg\""), 1);
    assert_int_equal(page_count(slow, "\"sold\",\"d\":{\"n\":3}"), 1);
    page_free(rig, slow);
    page_free(rig, host);
    rig_free(rig);
}

static void test_p28_word_is_answered_not_hidden(void **state)
{
    struct rig *rig = rig_new();
    struct page *guest = rig_join(rig, "guest", ACCESS_GUEST);
    struct room_words *words;

    (void)state;
    assert_int_equal(room_words_new(NULL, &words), 0);
    room_set_words(rig->room, words);
    assert_string_equal(rig_say(rig, guest, "시1발", NULL), "word");
    assert_string_equal(rig_say(rig, guest, "다시 발송해 주세요", NULL), "");
    page_free(rig, guest);
    rig_free(rig);
}

static void test_c1_p26_text_and_name_cannot_break_out(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);
    char long_text[1024] = "";

    (void)state;
    assert_string_equal(rig_say(rig, page, "\\u202e<img src=x onerror=alert(1)>\\\"}]", NULL), "");
    page_skip(page);
    rig_run(rig, 200);
    assert_int_equal(page_count(page, "\"t\":\"<img src=x onerror=alert(1)>\\\"}]\""), 1);
    json_decref(page_next(page)); /* it is still one JSON text */
    assert_string_equal(rig_say(rig, page, "\\u200b\\u3164", NULL), "empty");
    for (int i = 0; i < 201; i++)
        strcat(long_text, "x");
    assert_string_equal(rig_say(rig, page, long_text, NULL), "too_long");
    page_free(rig, page);
    rig_free(rig);
}

static void test_c2_role_and_name_come_from_the_server(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);

    (void)state;
    assert_string_equal(rig_ask(rig, page,
                                "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":"
                                "\"x\",\"role\":\"host\"}}",
                                NULL, NULL),
                        "bad_request");
    assert_string_equal(rig_say(rig, page, "host: x", NULL), "");
    page_skip(page);
    rig_run(rig, 200);
    assert_int_equal(page_count(page, "\"role\":\"guest\""), 1);
    page_free(rig, page);
    rig_free(rig);
}

static void test_p33_flood_and_nonsense_end(void **state)
{
    struct rig *rig = rig_new();
    struct page *page = rig_join(rig, "p", ACCESS_GUEST);

    (void)state;
    page_skip(page);
    for (int i = 0; i < 50; i++) /* an empty message is a sign of life, and counts */
        rig_say_raw(rig, page, i % 2 ? "{\"m\":\"heart\",\"d\":{\"n\":1}}" : "");
    assert_int_equal(page->out, -1);
    assert_null(page_next(page));
    rig_say_raw(rig, page, "{\"m\":\"heart\",\"d\":{\"n\":1}}");
    assert_int_equal(page->out, ROOM_OUT_FLOOD);
    page_free(rig, page);
    page = rig_join(rig, "p", ACCESS_GUEST);
    for (int i = 0; i < 6; i++)
        rig_say_raw(rig, page, "nonsense");
    assert_int_equal(page->out, ROOM_OUT_FLOOD);
    page_free(rig, page);
    page = rig_join(rig, "p", ACCESS_GUEST);
    rig_say_raw(rig, page, "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\",\"show\":\"s\"}}");
    assert_int_equal(page->out, ROOM_OUT_BAD_MESSAGE);
    page_free(rig, page);
    rig_free(rig);
}

static void test_p42_the_shop_is_not_its_own_customer(void **state)
{
    struct rig *rig = rig_new();
    struct page *pages[] = {
        rig_join(rig, "owner", ACCESS_OWNER),
        rig_join(rig, "operator", ACCESS_OPERATOR),
        rig_join(rig, "guest", ACCESS_GUEST),
        rig_join(rig, "buyer", ACCESS_BUYER),
    };
    struct room_counts counts;

    (void)state;
    room_counts(rig->room, &counts);
    assert_int_equal(counts.members, 4);
    assert_int_equal(counts.persons, 2);
    for (size_t i = 0; i < JT_COUNT(pages); i++)
        page_free(rig, pages[i]);
    rig_free(rig);
}

static void test_c4_p42_sixteen_pages_are_one_person(void **state)
{
    struct rig *rig = rig_new();
    struct page *pages[17];
    struct room_identity who = rig_identity("p", ACCESS_GUEST);
    struct room_counts counts;

    (void)state;
    for (int i = 0; i < 16; i++)
        pages[i] = rig_join(rig, "p", ACCESS_GUEST);
    pages[16] = page_new();
    assert_int_equal(rig_join_as(rig, pages[16], &who, NULL), -EMFILE);
    room_counts(rig->room, &counts);
    assert_int_equal(counts.members, 16);
    assert_int_equal(counts.persons, 1); /* pitfall 42 */
    for (int i = 0; i < 17; i++)
        page_free(rig, pages[i]);
    room_counts(rig->room, &counts);
    assert_int_equal(counts.persons, 0);
    rig_free(rig);
}

static void test_me_goes_to_all_pages_of_one_person(void **state)
{
    struct rig *rig = rig_new();
    struct page *one = rig_join(rig, "p", ACCESS_GUEST), *two = rig_join(rig, "p", ACCESS_GUEST),
                *other = rig_join(rig, "q", ACCESS_GUEST);

    (void)state;
    assert_int_equal(room_tell(rig->room, "p", "order", "{\"id\":\"x\"}"), 0);
    assert_int_equal(room_tell(rig->room, "nobody", "order", "{\"id\":\"x\"}"), -ENOENT);
    assert_int_equal(page_count(one, "[{\"ch\":\"me\",\"e\":\"order\",\"d\":{\"id\":\"x\"}}]"), 1);
    assert_int_equal(page_count(two, "\"order\""), 1);
    assert_int_equal(page_count(other, "\"order\""), 0);
    page_free(rig, one);
    page_free(rig, two);
    page_free(rig, other);
    rig_free(rig);
}

static void test_people_are_bounded(void **state)
{
    struct rig *rig = rig_new();
    struct room_act act = {.verb = ROOM_UNMUTE};

    (void)state;
    for (int i = 0; i < 30000; i++) {
        (void)snprintf(act.person, sizeof(act.person), "stranger-%d", i);
        assert_int_equal(room_act(rig->room, &act, rig->now), 0);
    }
    rig_run(rig, 11 * 60 * 1000);
    assert_int_equal(room_publish(rig->room, "x", 0, "x", "{}"), 0);
    rig_run(rig, 1000);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p45_message_reaches_all_once_and_is_made_once),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_ctl_goes_at_once_and_closes_the_tick),
        cmocka_unit_test(test_p39_stale_state_loses),
        cmocka_unit_test(test_p40_deleted_before_the_flush_never_goes_out),
        cmocka_unit_test(test_p29_deleted_is_gone_for_joiners_and_returners),
        cmocka_unit_test(test_p44_p47_slow_mode_is_by_person),
        cmocka_unit_test(test_c4_rates_by_person_and_address),
        cmocka_unit_test(test_c4_ipv6_is_limited_by_its_64),
        cmocka_unit_test(test_p36_a_retry_is_answered_with_the_same_mid),
        cmocka_unit_test(test_duplicates_are_refused_for_a_while),
        cmocka_unit_test(test_freeze_and_readers),
        cmocka_unit_test(test_mute_grows_by_steps),
        cmocka_unit_test(test_p25_c4_ban_puts_out_all_pages_and_holds),
        cmocka_unit_test(test_acts_from_the_store),
        cmocka_unit_test(test_a6_rights),
        cmocka_unit_test(test_a6_nobody_puts_out_their_own_boss),
        cmocka_unit_test(test_p41_hearts_are_capped_by_person_and_only_grow),
        cmocka_unit_test(test_p35_counts_go_out_once_a_second),
        cmocka_unit_test(test_room_shows_what_can_be_read),
        cmocka_unit_test(test_w8_slow_reader_loses_chat_first),
        cmocka_unit_test(test_p28_word_is_answered_not_hidden),
        cmocka_unit_test(test_c1_p26_text_and_name_cannot_break_out),
        cmocka_unit_test(test_c2_role_and_name_come_from_the_server),
        cmocka_unit_test(test_p33_flood_and_nonsense_end),
        cmocka_unit_test(test_p42_the_shop_is_not_its_own_customer),
        cmocka_unit_test(test_c4_p42_sixteen_pages_are_one_person),
        cmocka_unit_test(test_me_goes_to_all_pages_of_one_person),
        cmocka_unit_test(test_people_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
