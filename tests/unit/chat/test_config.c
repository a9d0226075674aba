/* chat/config.h: what the defaults are, and what depends on what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "chat/config.h"

static int load(struct chat_config *config, const char *flag)
{
    char program[] = "jangteo-chat", copy[512];
    char *argv[] = {program, copy, NULL};

    if (flag)
        (void)strncpy(copy, flag, sizeof(copy) - 1);
    copy[sizeof(copy) - 1] = '\0';
    if (!flag)
        argv[1] = NULL;
    return chat_config_load(config, flag ? 2 : 1, argv);
}

static void test_defaults(void **state)
{
    struct chat_config config;

    (void)state;
    assert_int_equal(load(&config, NULL), JT_CONFIG_RUN);
    assert_string_equal(config.http_listen, "127.0.0.1:8083");
    assert_string_equal(config.admin_listen, "127.0.0.1:9083");
    assert_string_equal(config.http_socket, "data/run/chat-http.sock");
    assert_int_equal(config.http_header_timeout_ms, 10000);
    assert_int_equal(config.http_body_timeout_ms, 10000);
}

static void test_socket_follows_the_run_folder(void **state)
{
    struct chat_config config;

    (void)state;
    assert_int_equal(load(&config, "--run.dir=/run/jangteo"), JT_CONFIG_RUN);
    assert_string_equal(config.http_socket, "/run/jangteo/chat-http.sock");
    assert_int_equal(load(&config, "--http.socket=/x"), JT_CONFIG_RUN);
    assert_string_equal(config.http_socket, "/x");
}

static void test_long_run_folder(void **state)
{
    struct chat_config config;
    char flag[300] = "--run.dir=/";

    (void)state;
    memset(flag + strlen(flag), 'a', JT_CONFIG_TEXT_MAX_BYTES - 5);
    assert_int_equal(load(&config, flag), -ENAMETOOLONG);
}

static void test_out_of_range(void **state)
{
    struct chat_config config;

    (void)state;
    assert_int_equal(load(&config, "--http.header_timeout_ms=99"), -EINVAL);
    assert_int_equal(load(&config, "--http.nothing=1"), -EINVAL);
}

static int set_up(void **state)
{
    (void)state;
    return unsetenv("JANGTEO_CONFIG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_socket_follows_the_run_folder),
        cmocka_unit_test(test_long_run_folder),
        cmocka_unit_test(test_out_of_range),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
