/* http/route.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/route.h"

static void handler(void *arg, struct jt_http_request *request)
{
    (void)arg;
    (void)request;
}

static const struct jt_http_route routes[] = {
    {.methods = JT_HTTP_POST | JT_HTTP_OPTIONS, .pattern = "/whep/:show", .handler = handler},
    {.methods = JT_HTTP_PATCH | JT_HTTP_DELETE, .pattern = "/whep/:show/:id", .handler = handler},
    {.methods = JT_HTTP_GET, .pattern = "/", .handler = handler},
    {.methods = JT_HTTP_GET, .pattern = "/flv/:file", .handler = handler},
    {.methods = JT_HTTP_POST, .pattern = "/flv/:file", .handler = handler},
};

static int find(enum jt_http_method method, const char *path, struct jt_http_params *params,
                unsigned *allowed)
{
    const struct jt_http_route *route =
        jt_http_route_find(routes, JT_COUNT(routes), path, method, params, allowed);

    return route ? (int)(route - routes) : -1;
}

static void test_match(void **state)
{
    struct jt_http_params params;
    unsigned allowed;

    (void)state;
    assert_int_equal(find(JT_HTTP_POST, "/whep/market", &params, &allowed), 0);
    assert_string_equal(jt_http_params_get(&params, "show"), "market");
    assert_null(jt_http_params_get(&params, "sho"));
    assert_null(jt_http_params_get(&params, "id"));
    assert_int_equal(find(JT_HTTP_DELETE, "/whep/a/b", &params, &allowed), 1);
    assert_string_equal(jt_http_params_get(&params, "show"), "a");
    assert_string_equal(jt_http_params_get(&params, "id"), "b");
    assert_int_equal(find(JT_HTTP_GET, "/", &params, &allowed), 2);
    assert_int_equal(find(JT_HTTP_POST, "/flv/x.flv", &params, &allowed), 4);
}

static void test_no_match(void **state)
{
    static const char *const paths[] = {"",        "x",        "/whep",    "/whep/",
                                        "/whep//", "/whep/a/", "/whep//b", "/whep/a/b/c",
                                        "/Whep/a", "/flv",     "//",       "/whepx/a"};
    struct jt_http_params params;
    unsigned allowed;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(paths); i++) {
        assert_int_equal(find(JT_HTTP_POST, paths[i], &params, &allowed), -1);
        assert_int_equal(allowed, 0);
    }
}

static void test_other_method(void **state)
{
    struct jt_http_params params;
    char text[JT_HTTP_ALLOW_MAX_BYTES];
    unsigned allowed;

    (void)state;
    assert_int_equal(find(JT_HTTP_PUT, "/flv/x", &params, &allowed), -1);
    jt_http_allow_text(allowed, text);
    assert_string_equal(text, "GET, HEAD, POST");
    jt_http_allow_text(0x3f, text);
    assert_string_equal(text, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}

static void test_long_parameter(void **state)
{
    char path[300] = "/whep/";
    struct jt_http_params params;
    unsigned allowed;

    (void)state;
    memset(path + 6, 'a', JT_HTTP_PARAM_MAX_BYTES - 1);
    path[6 + JT_HTTP_PARAM_MAX_BYTES - 1] = '\0';
    assert_int_equal(find(JT_HTTP_POST, path, &params, &allowed), 0);
    strcat(path, "a");
    assert_int_equal(find(JT_HTTP_POST, path, &params, &allowed), -1);
}

static void test_too_many_parameters(void **state)
{
    struct jt_http_params params;

    (void)state;
    assert_true(jt_http_route_match("/:a/:b/:c/:d", "/1/2/3/4", &params));
    assert_false(jt_http_route_match("/:a/:b/:c/:d/:e", "/1/2/3/4/5", &params));
}

static void test_clean_path(void **state)
{
    (void)state;
    assert_true(jt_http_path_is_clean("/"));
    assert_true(jt_http_path_is_clean("/\xed\x95\x9c"));
    assert_false(jt_http_path_is_clean(""));
    assert_false(jt_http_path_is_clean("a"));
    assert_false(jt_http_path_is_clean("/a\nb"));
    assert_false(jt_http_path_is_clean("/a\x7f"));
    assert_false(jt_http_path_is_clean("/\xed\xa0\x80")); /* a surrogate */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_other_method),
        cmocka_unit_test(test_long_parameter),
        cmocka_unit_test(test_too_many_parameters),
        cmocka_unit_test(test_clean_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
