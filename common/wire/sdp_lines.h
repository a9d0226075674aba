/** Lines of a description or fragment, for sdp.c and sdp_fragment.c only. */
#ifndef JT_WIRE_SDP_LINES_H
#define JT_WIRE_SDP_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/text.h"

struct jt_sdp_lines {
    struct jt_text rest;
    unsigned count;
    bool has_blank;    /* a blank line was seen: only blank ones may follow */
    bool is_last_open; /* the last line may lack its end */
    bool failed;
};

struct jt_sdp_one_line {
    char type; /* 'a' in "a=mid:0" */
    struct jt_text value;
};

/** Over our size limit the cursor is failed from the start. */
struct jt_sdp_lines jt_sdp_lines_of(const void *text, size_t size);

/** The next line. Returns false at the end and on the first malformed line; `failed` tells which. */
bool jt_sdp_lines_next(struct jt_sdp_lines *lines, struct jt_sdp_one_line *out);

/** The next word of a line of words separated by blanks; empty at its end. */
struct jt_text jt_sdp_word(struct jt_text *rest);

/** RFC 8839 §5.1 ice-char, with the sizes of ice-ufrag (4..256) or ice-pwd (22..256). */
bool jt_sdp_is_ice_text(struct jt_text text, size_t min_bytes);

#endif
