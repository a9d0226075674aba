#include "chat/access/mask.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/utf8.h"

enum { DIGITS_MIN = 9, DIGITS_MAX = 12 }; /* 02-123-4567 to 0505-1234-5678 */

/* What shows nothing, or changes how its neighbours look: spaces, marks, joiners, fillers, directions, private use. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x0000, 0x0020}, {0x007f, 0x00a0}, {0x00ad, 0x00ad},   {0x0300, 0x036f},    {0x115f, 0x1160},
    {0x1680, 0x1680}, {0x180b, 0x180f}, {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff},    {0x2000, 0x200f},
    {0x2028, 0x202f}, {0x205f, 0x206f}, {0x20d0, 0x20ff},   {0x3000, 0x3000},    {0x3164, 0x3164},
    {0xe000, 0xf8ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},   {0xfeff, 0xfeff},    {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1d159, 0x1d159}, {0xe0000, 0x10ffff},
};

static bool is_seen(uint32_t character)
{
    for (size_t i = 0; i < JT_COUNT(unseen); i++)
        if (character >= unseen[i].first && character <= unseen[i].last)
            return false;
    return true;
}

void access_mask_name(const char *name, size_t size, char out[ACCESS_MASK_NAME_BYTES])
{
    uint32_t first;
    size_t n = size && jt_utf8_is_valid(name, size) ? jt_utf8_next(name, size, &first) : 0;

    if (n == size || n == 0 || !is_seen(first))
        n = 0;
    (void)snprintf(out, ACCESS_MASK_NAME_BYTES, "%.*s**", (int)n, name);
}

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

/* The digits alone, with 0 for +82. Returns their count, or 0 for anything that isn't part of a number or too much. */
static size_t take_digits(const char *phone, size_t size, char out[DIGITS_MAX])
{
    const bool is_abroad = size >= 3 && !memcmp(phone, "+82", 3);
    size_t count = 0;

    if (is_abroad)
        out[count++] = '0';
    for (size_t i = is_abroad ? 3 : 0; i < size; i++) {
        if (is_separator(phone[i]))
            continue;
        if (phone[i] < '0' || phone[i] > '9' || count == DIGITS_MAX)
            return 0;
        if (is_abroad && count == 1 && phone[i] == '0') /* "+82 010" and "+82 (0)10" */
            continue;
        out[count++] = phone[i];
    }
    return count;
}

void access_mask_phone(const char *phone, size_t size, char out[ACCESS_MASK_PHONE_BYTES])
{
    char digits[DIGITS_MAX];
    size_t count = take_digits(phone, size, digits);
    int area;

    if (count < DIGITS_MIN || digits[0] != '0') {
        (void)snprintf(out, ACCESS_MASK_PHONE_BYTES, "****");
        return;
    }
    area = digits[1] == '2' ? 2 : count == DIGITS_MAX ? 4 : 3;
    (void)snprintf(out, ACCESS_MASK_PHONE_BYTES, "%.*s-****-%.4s", area, digits,
                   digits + count - 4);
}
