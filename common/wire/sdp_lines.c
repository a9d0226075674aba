#include "wire/sdp_lines.h"

#include <string.h>

#include "wire/sdp.h"

enum { ICE_TEXT_MAX_BYTES = 256 }; /* RFC 8839 §5.4 */

struct jt_sdp_lines jt_sdp_lines_of(const void *text, size_t size)
{
    return (struct jt_sdp_lines){
        .rest = {.data = text, .size = size},
        .failed = size > JT_SDP_MAX_BYTES,
    };
}

static bool has_control_byte(struct jt_text line)
{
    for (size_t i = 0; i < line.size; i++) {
        unsigned char c = (unsigned char)line.data[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* Takes one line off, without its CR LF or LF. A CR elsewhere is a control byte, refused by the caller. */
static struct jt_text take_line(struct jt_sdp_lines *lines)
{
    bool has_end = memchr(lines->rest.data, '\n', lines->rest.size) != NULL;
    struct jt_text line = jt_text_cut(&lines->rest, '\n');

    if (!has_end && !lines->is_last_open)
        lines->failed = true;
    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

bool jt_sdp_lines_next(struct jt_sdp_lines *lines, struct jt_sdp_one_line *out)
{
    struct jt_text line = {0};

    while (!lines->failed && lines->rest.size > 0 && line.size == 0) {
        line = take_line(lines);
        if (++lines->count > JT_SDP_LINES_MAX)
            lines->failed = true;
        if (line.size == 0)
            lines->has_blank = true;
    }
    if (lines->failed || line.size == 0)
        return false;
    if (lines->has_blank || line.size < 2 || line.data[0] < 'a' || line.data[0] > 'z' ||
        line.data[1] != '=' || has_control_byte(line)) {
        lines->failed = true;
        return false;
    }
    out->type = line.data[0];
    out->value = (struct jt_text){.data = line.data + 2, .size = line.size - 2};
    return true;
}

struct jt_text jt_sdp_word(struct jt_text *rest)
{
    *rest = jt_text_trim(*rest);
    return jt_text_cut(rest, ' ');
}

bool jt_sdp_is_ice_text(struct jt_text text, size_t min_bytes)
{
    if (text.size < min_bytes || text.size > ICE_TEXT_MAX_BYTES)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '+' && c != '/')
            return false;
    }
    return true;
}
