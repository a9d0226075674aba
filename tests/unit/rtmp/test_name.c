/* The forms in which encoders give app and key: facts of the field, one line each; R16 for what is refused. */
#include "peer.h"

#include "rtmp/name.h"

static void expect(const char *app, const char *tc_url, const char *stream, const char *wanted)
{
    struct jt_text path = jt_rtmp_name_path(jt_text_of(app), jt_text_of(tc_url));
    struct jt_rtmp_name name;
    char got[256] = "refused";

    if (jt_rtmp_name_parse(path, jt_text_of(stream), &name) == 0)
        (void)snprintf(got, sizeof(got), "%s %s", name.app, name.key);
    assert_string_equal(got, wanted);
}

static void test_forms(void **state)
{
    (void)state;
    expect("live", "", "KEY", "live KEY");
    expect("live", "", "KEY?token=a/b", "live KEY");
    expect("live/", "", "KEY", "live KEY");
    expect("live?x=y", "", "KEY", "live KEY");
    expect("live/?x=y/z", "", "KEY", "live KEY");
    expect("/live", "", "/KEY", "live KEY");
    expect("live/KEY", "", "", "live KEY");
    expect("live/KEY?x=y", "", "", "live KEY");
    expect("live/KEY/", "", "", "live KEY");
    expect("", "", "live/KEY", "live KEY");
    expect("", "rtmp://127.0.0.1:1935/live", "KEY", "live KEY");
    expect("", "rtmps://host/live/?a=b", "KEY", "live KEY");
    expect("", "rtmp://host/live/KEY", "", "live KEY");
    expect("live", "rtmp://host/other", "KEY", "live KEY");
    expect("live", "", "  KEY \t", "live KEY");
    expect("live ", "", "KEY ?x", "live KEY");
    expect("a-Z_09", "", "a-Z_09", "a-Z_09 a-Z_09");
}

static void test_r16_names_from_strangers(void **state)
{
    (void)state;
    expect("live", "", "", "refused");
    expect("", "", "", "refused");
    expect("", "", "KEY", "refused");
    expect("", "http://host/live", "KEY", "refused");
    expect("", "rtmp://host", "KEY", "refused");
    expect("live", "", "../KEY", "refused");
    expect("../live", "", "KEY", "refused");
    expect("live/a", "", "KEY", "refused");
    expect("live", "", "a/KEY", "refused");
    expect("live/a/KEY", "", "", "refused");
    expect("live", "", "a%2fb", "refused");
    expect("live", "", "a b", "refused");
    expect("live", "", "KEY\r\n", "refused");
    expect("live", "", "a\nb", "refused");
    expect("live", "", "a'b", "refused");
    expect("live", "", "a\"b", "refused");
    expect("live", "", "$(id)", "refused");
    expect("live", "", "`id`", "refused");
    expect("live", "", "mp4:KEY", "refused");
    expect("live", "", "KEY.flv", "refused");
    expect("live", "", "\xff\xfe", "refused");
    expect("live", "", "\xea\xb0\x80", "refused");
    expect("live", "", "\x1b[31m", "refused");
}

static void test_r16_every_other_byte(void **state)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char text[] = {'a', (char)c, 'b'};
        struct jt_text stream = {.data = text, .size = sizeof(text)}; /* NUL too */
        struct jt_rtmp_name name;
        bool is_allowed = c != 0 && strchr(allowed, c);

        if (c == '?') /* cut off */
            is_allowed = true;
        assert_int_equal(jt_rtmp_name_parse(jt_text_of("live"), stream, &name),
                         is_allowed ? 0 : -EINVAL);
    }
}

static void test_lengths(void **state)
{
    char text[4097];
    struct jt_rtmp_name name;

    (void)state;
    memset(text, 'k', sizeof(text));
    for (size_t n = 0; n < sizeof(text); n++) {
        struct jt_text t = {.data = text, .size = n};

        assert_int_equal(jt_rtmp_name_parse(jt_text_of("live"), t, &name),
                         n >= 1 && n <= 128 ? 0 : -EINVAL);
        assert_int_equal(jt_rtmp_name_parse(t, jt_text_of("KEY"), &name),
                         n >= 1 && n <= 64 ? 0 : -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_r16_names_from_strangers),
        cmocka_unit_test(test_r16_every_other_byte),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
