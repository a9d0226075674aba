/* Tables for spreadsheets. Expected bytes from RFC 4180 §2 and, for formulas, from OWASP's list of first characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chat/api/csv.h"

static void expect(const char *const *cells, size_t count, const char *expected)
{
    struct api_csv csv;

    assert_int_equal(api_csv_begin(&csv), 0);
    for (size_t i = 0; i < count; i++)
        api_csv_text(&csv, cells[i]);
    api_csv_end_row(&csv);
    assert_int_equal(api_csv_end(&csv), 0);
    assert_int_equal(csv.size, strlen(expected));
    assert_string_equal(csv.text, expected);
    free(csv.text);
}

static void test_quotes_commas_and_lines(void **state)
{
    static const char *const cells[] = {"", "a,b", "say \"hi\"", "two\nlines", "한라봉"};

    (void)state;
    expect(cells, JT_COUNT(cells),
           "\xef\xbb\xbf\"\",\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"한라봉\"\r\n");
}

static void test_p49_no_cell_is_a_formula(void **state)
{
    static const char *const cells[] = {"=1+1", "+82 10", "-5",  "@SUM(A1)",
                                        "\tx",  "\rx",    "1=1", "'x"};

    (void)state;
    expect(cells, JT_COUNT(cells),
           "\xef\xbb\xbf\"'=1+1\",\"'+82 "
           "10\",\"'-5\",\"'@SUM(A1)\",\"'\tx\",\"'\rx\",\"1=1\",\"'x\"\r\n");
}

static void test_numbers(void **state)
{
    struct api_csv csv;

    (void)state;
    assert_int_equal(api_csv_begin(&csv), 0);
    api_csv_number(&csv, 9007199254740991);
    api_csv_number(&csv, 0);
    api_csv_end_row(&csv);
    api_csv_number(&csv, -3);
    api_csv_end_row(&csv);
    assert_int_equal(api_csv_end(&csv), 0);
    assert_string_equal(csv.text, "\xef\xbb\xbf"
                                  "9007199254740991,0\r\n-3\r\n");
    free(csv.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes_commas_and_lines),
        cmocka_unit_test(test_p49_no_cell_is_a_formula),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
