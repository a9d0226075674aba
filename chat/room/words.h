/**
 * A room's list of bad words, matched as Koreans write around it: with spaces, digits or signs in between, in single jamo, with
 * look-alikes, stretched, or typed on the Latin keyboard (pitfall 28). A hit that lies within an innocent word
 * ("시발점"), or that joins the end of one word to the beginning of the next ("다시 발송"), is none.
 *
 * Pure; a list doesn't change once it is made, so any thread may match.
 */
#ifndef CHAT_ROOM_WORDS_H
#define CHAT_ROOM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct room_words;

enum {
    ROOM_WORDS_MAX = 500,
    ROOM_WORD_MAX_CHARACTERS = 20,
    ROOM_WORDS_MAX_BYTES = 16 * 1024,
};

/**
 * `own`: the shop's words, one a line, a line that begins with '+' being an innocent one; NULL: none. The built-in list comes
 * beside it. Lines that can't be matched (too long, no letters) are left out. -EMSGSIZE: too much; -ENOMEM.
 */
JT_MUST_CHECK int room_words_new(const char *own, struct room_words **out);
void room_words_free(struct room_words *words);

/** Is there a bad word in `text` (cleaned by room_text_clean)? */
bool room_words_match(const struct room_words *words, const char *text);

/** A hash of what the words are with case, spaces, signs and repetitions left out: the same thing said again. */
uint64_t room_words_hash(const char *text);

#endif
