/**
 * What strangers write, made fit to be shown to everybody (threat C1, pitfall 27): NFC; no control characters, no bidi
 * overrides or isolates (UAX #9), nothing invisible; ZWJ only inside emoji (UTS #51); few marks on one character, so
 * that a line has the height of a line. Markup is left as it is: pages show text, never HTML. Pure; any thread.
 */
#ifndef CHAT_ROOM_TEXT_H
#define CHAT_ROOM_TEXT_H

#include <stddef.h>

#include "base/base.h"

enum {
    ROOM_TEXT_MAX_CHARACTERS = 200, /* code points shown; as YouTube's */
    ROOM_TEXT_MAX_BYTES = ROOM_TEXT_MAX_CHARACTERS * 4,
    ROOM_TEXT_RAW_MAX_BYTES =
        4096,                 /* before cleaning: decomposed Korean takes three times as much */
    ROOM_TEXT_MARKS_MAX = 2,  /* ours: Vietnamese and Thai need two */
    ROOM_TEXT_JOINED_MAX = 4, /* ours: a family of four is the longest emoji in use */
    ROOM_NAME_MAX_CHARACTERS = 24,
    ROOM_NAME_MAX_BYTES = ROOM_NAME_MAX_CHARACTERS * 4,
    ROOM_NOTICE_MAX_CHARACTERS = 500, /* pitfall 45: the longest thing that goes to everybody */
    ROOM_NOTICE_MAX_BYTES = ROOM_NOTICE_MAX_CHARACTERS * 4,
};

/**
 * Clean `raw` into `out` (`out_size` bytes, NUL-terminated; characters_max × 4 + 1 are enough). White space of any
 * kind becomes one space and is cut at both ends. Returns the length in bytes; -ENODATA when nothing is left to show;
 * -EMSGSIZE when it is longer than `characters_max` or than the raw limit; -EBADMSG when it isn't UTF-8; -ENOMEM.
 */
JT_MUST_CHECK int room_text_clean(const char *raw, size_t size, size_t characters_max, char *out,
                                  size_t out_size);

#endif
