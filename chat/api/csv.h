/**
 * Tables for spreadsheets (RFC 4180), so that Excel reads them as text: UTF-8 with a byte order mark, every cell quoted, and
 * none that a spreadsheet would take for a formula (pitfall 49, CWE-1236). Any one thread.
 */
#ifndef CHAT_API_CSV_H
#define CHAT_API_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"

struct api_csv {
    FILE *out;
    char *text;
    size_t size;
    bool is_within_row;
};

/** -ENOMEM. Always to be followed by api_csv_end. */
JT_MUST_CHECK int api_csv_begin(struct api_csv *csv);
void api_csv_text(struct api_csv *csv, const char *value);
void api_csv_number(struct api_csv *csv, int64_t value);
void api_csv_end_row(struct api_csv *csv);
/** 0 with the whole table in text and size, to be freed; or -ENOMEM. */
JT_MUST_CHECK int api_csv_end(struct api_csv *csv);

#endif
