/**
 * What a page may say on its socket read strictly (threats W9, C2; RFC 8259, RFC 7493): one flat
 * JSON object, whole numbers, no name twice, and no field that the message doesn't have: whoever sends a role, a time, a
 * price or a name of its own is refused, not corrected. Pure; any thread.
 *
 *   {"id":1,"m":"hello","d":{"ticket":"…","show":"…","ep":"…","o":{"ctl":318,"chat":77}}}   ep and o together or not at all
 *   {"id":7,"m":"chat.send","k":"…","d":{"t":"…"}}            {"m":"heart","d":{"n":5}}
 *   {"id":8,"m":"chat.delete","d":{"mid":"…"}}                {"id":8,"m":"chat.freeze","d":{"on":true}}
 *   {"id":9,"m":"chat.mute","d":{"person":"…","s":60}}        s: one of the steps; without it the next longer one
 *   {"id":9,"m":"chat.unmute"|"chat.ban"|"chat.unban","d":{"person":"…"}}   {"id":9,"m":"chat.slow","d":{"s":30}}
 */
#ifndef CHAT_ROOM_MESSAGE_H
#define CHAT_ROOM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/room/text.h"

enum {
    ROOM_MESSAGE_MAX_BYTES = 8192, /* 200 characters, each as \uXXXX\uXXXX, with room to spare */
    ROOM_MESSAGE_DEPTH_MAX = 3,    /* hello's positions */
    ROOM_TICKET_MAX_BYTES = 1024,
    ROOM_SHOW_MAX_BYTES = 128, /* open mode's names */
    ROOM_EPOCH_MAX_BYTES = 24,
    ROOM_KEY_MIN_BYTES = 8,
    ROOM_KEY_MAX_BYTES = 40, /* a UUID has 36 */
    ROOM_MID_MAX_BYTES = 48,
    ROOM_PERSON_MAX_BYTES = 40,
    ROOM_SLOW_MAX_S = 120,  /* as the managed services */
    ROOM_HEARTS_MAX = 1000, /* in one message; what counts of them is limits.h's to say */
};

#define ROOM_INTEGER_MAX 9007199254740991 /* 2^53 - 1, RFC 7493 §2.2 */

enum room_verb {
    ROOM_HELLO,
    ROOM_HEART,
    ROOM_SEND,
    ROOM_DELETE,
    ROOM_MUTE,
    ROOM_UNMUTE,
    ROOM_BAN,
    ROOM_UNBAN,
    ROOM_SLOW,
    ROOM_FREEZE,
    ROOM_VERBS
};

/** How far a page has come, to go on from there. */
struct room_position {
    char epoch[ROOM_EPOCH_MAX_BYTES + 1];
    int64_t ctl, chat; /* the last offset it has seen in each lane */
};

struct room_message {
    enum room_verb verb;
    int64_t id; /* the answer repeats it; -1: none asked for (hearts only) */
    union {
        struct {
            char ticket[ROOM_TICKET_MAX_BYTES + 1];
            char show[ROOM_SHOW_MAX_BYTES + 1];
            bool has_position;
            struct room_position position;
        } hello;
        struct {
            char key[ROOM_KEY_MAX_BYTES + 1];
            char text[ROOM_TEXT_RAW_MAX_BYTES + 1]; /* as sent */
            size_t size;
        } send;
        char mid[ROOM_MID_MAX_BYTES + 1];
        struct {
            char person[ROOM_PERSON_MAX_BYTES + 1];
            int seconds; /* mute; 0: the next longer step */
        } whom;
        int hearts, slow_s;
        bool on;
    };
};

/**
 * Read one message. 0; -EMSGSIZE: too long; -EBADMSG: not a message of the list above. `out->id` is the message's even
 * then if it could be read, else -1, so that the answer can name it.
 */
JT_MUST_CHECK int room_message_read(const char *bytes, size_t size, struct room_message *out);

/** "chat.send" and so on. */
const char *room_verb_name(enum room_verb verb);

/** Whether `text` has only letters, digits, '-' and '_', and between 1 and `max` of them: ids that we made. */
bool room_is_token(const char *text, size_t size, size_t max);

#endif
