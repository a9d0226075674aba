/* docs/rights.md is the table, up to date. Run with --write, in tests/, to write it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#include "chat/access/rights.h"

static const char path[] = "../docs/rights.md";

/* The file as it should be; the caller frees it. */
static char *wanted(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    (void)fprintf(
        out,
        "# Who may do what\n\n"
        "The table of `chat/access/rights.c`, written by `chat_access_test_rights_doc --write`.\n"
        "Whose: `any` everybody's; `own` only what is the caller's own; `shop` only in the shop\n"
        "in which the caller holds the role (an operator: in any); `platform` no shop at all.\n"
        "What isn't theirs is answered as if absent.\n\n");
    assert_int_equal(access_rights_print(out), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_a6_docs_say_what_the_code_does(void **state)
{
    static char found[64 * 1024];
    char *text = wanted();
    FILE *file = fopen(path, "re");

    (void)state;
    assert_non_null(file);
    found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
    (void)fclose(file);
    assert_string_equal(found, text);
    free(text);
}

static int write_it(void)
{
    char *text = wanted();
    FILE *file = fopen(path, "we");
    int err = !file || fputs(text, file) < 0;

    if (file)
        err = fclose(file) || err;
    free(text);
    return err;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a6_docs_say_what_the_code_does)};

    if (argc > 1 && !strcmp(argv[1], "--write"))
        return write_it();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
