#include "chat/api/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char byte_order_mark[] =
    "\xef\xbb\xbf"; /* without it Excel takes the text for CP949 */

int api_csv_begin(struct api_csv *csv)
{
    *csv = (struct api_csv){0};
    csv->out = open_memstream(&csv->text, &csv->size);
    if (!csv->out)
        return -ENOMEM;
    (void)fputs(byte_order_mark, csv->out);
    return 0;
}

static void separate(struct api_csv *csv)
{
    if (csv->is_within_row)
        (void)fputc(',', csv->out);
    csv->is_within_row = true;
}

void api_csv_text(struct api_csv *csv, const char *value)
{
    separate(csv);
    (void)fputc('"', csv->out);
    if (*value && strchr("=+-@\t\r", *value)) /* an apostrophe makes it words */
        (void)fputc('\'', csv->out);
    for (; *value; value++) {
        if (*value == '"')
            (void)fputc('"', csv->out);
        (void)fputc(*value, csv->out);
    }
    (void)fputc('"', csv->out);
}

void api_csv_number(struct api_csv *csv, int64_t value)
{
    separate(csv);
    (void)fprintf(csv->out, "%" PRId64, value);
}

void api_csv_end_row(struct api_csv *csv)
{
    (void)fputs("\r\n", csv->out);
    csv->is_within_row = false;
}

int api_csv_end(struct api_csv *csv)
{
    bool is_bad = ferror(csv->out) != 0;

    if (fclose(csv->out) || is_bad) {
        free(csv->text);
        csv->text = NULL;
        return -ENOMEM;
    }
    return 0;
}
