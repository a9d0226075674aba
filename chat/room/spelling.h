/**
 * Text as it sounds: a row of basic jamo or Latin letters, each with where it stands in its syllable and word, so that a
 * word can be found however it was written (words.h). Pure.
 */
#ifndef CHAT_ROOM_SPELLING_H
#define CHAT_ROOM_SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/room/text.h"

enum {
    ROOM_SOUNDS_MAX = ROOM_TEXT_MAX_CHARACTERS * 4, /* a syllable has up to four */
    ROOM_SOUND_LATIN = 64,                          /* 'a' is 64, 'z' 89; below: jamo */
};

/** Which reading of the text. */
enum room_reading {
    ROOM_READ_HANGUL,    /* what isn't Hangul is left out */
    ROOM_READ_LOOKALIKE, /* signs that look like jamo are read as such */
    ROOM_READ_KEYBOARD,  /* Latin letters as the jamo on the same keys (두벌식) */
    ROOM_READ_LATIN,     /* Latin letters, digits and signs as the letters they look like */
    ROOM_READINGS
};

struct room_sound {
    uint8_t sound;
    bool is_alone : 1; /* a jamo that is in no syllable */
    bool begins : 1;   /* the first of a syllable, or alone, or a letter */
    bool ends : 1; /* the last of one; what follows in it is at most the tail of a double final */
    bool begins_word : 1; /* nothing of the word was written before it */
    bool ends_word : 1;
    bool after_space : 1; /* space or punctuation was left out before it */
};

struct room_sounds {
    struct room_sound sounds[ROOM_SOUNDS_MAX];
    size_t count;
    bool has_others; /* something else than Hangul was read as a sound */
};

/** Read `text` (UTF-8, cleaned). What is longer than ROOM_SOUNDS_MAX is cut. */
void room_spelling_read(const char *text, enum room_reading reading, struct room_sounds *out);

#endif
