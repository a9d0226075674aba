/** Who is in a room, and what those with the right to do it may do to others. */
#ifndef CHAT_ROOM_ACT_H
#define CHAT_ROOM_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/access/role.h"
#include "chat/room/message.h"

enum { ROOM_ADDRESS_MAX_BYTES = 63 };

/** A person as the server knows them (threat C2): nothing of it comes from the page's own words. */
struct room_identity {
    char person[ROOM_PERSON_MAX_BYTES +
                1]; /* seen by everybody in the room: never a session's secret */
    char name[ROOM_NAME_MAX_BYTES + 1]; /* went through room_text_clean */
    enum access_role role;              /* in the shop of the show */
    char address[ROOM_ADDRESS_MAX_BYTES + 1];
    bool
        is_reader; /* has no session: may read and send hearts; `person` is then of this ticket alone */
};

/** A mute grows by these steps (as YouTube's); 24 h at the end. */
#define ROOM_MUTE_STEPS_S                                                                          \
    {                                                                                              \
        10, 60, 5 * 60, 10 * 60, 30 * 60, 24 * 60 * 60                                             \
    }

struct room_act {
    /* ROOM_DELETE: mid; ROOM_MUTE, ROOM_UNMUTE, ROOM_BAN, ROOM_UNBAN: person; ROOM_SLOW: seconds; ROOM_FREEZE: on */
    enum room_verb verb;
    char actor[ROOM_PERSON_MAX_BYTES + 1];  /* "" when it comes from the store */
    char person[ROOM_PERSON_MAX_BYTES + 1]; /* ROOM_DELETE: who had said it, when it is told */
    char mid[ROOM_MID_MAX_BYTES + 1];
    int seconds;      /* ROOM_SLOW; ROOM_MUTE: 0: the next longer step */
    int64_t until_ms; /* ROOM_MUTE: wall clock; when it is done, 0: by `seconds` */
    bool on;
};

#endif
