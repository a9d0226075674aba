/**
 * Tickets of the socket: who somebody is, signed, so that opening a socket reads no database (threat W10). One-time, a
 * minute. The subject is "SHOW PERSON ROLE R NAME" with slashes between, the name in base64url. R is 1 for a reader, who has
 * no session. Any thread.
 */
#ifndef CHAT_LIVE_TICKET_H
#define CHAT_LIVE_TICKET_H

#include <stdint.h>

#include "base/base.h"
#include "chat/room/act.h"
#include "token/token.h"

struct jt_keyring;

enum { LIVE_TICKET_MAX_BYTES = ROOM_TICKET_MAX_BYTES + 1, LIVE_TICKET_LIFE_MS = 60 * 1000 };

/** Returns the ticket's length, or a negative errno. `who->address` stays out of it. */
JT_MUST_CHECK int live_ticket_make(struct jt_keyring *keyring, const char *show,
                                   const struct room_identity *who, int64_t now_ms,
                                   char out[LIVE_TICKET_MAX_BYTES]);

/** Is it one of ours, in time, and for this show? Fills `out` but for its address, and the token for access_used_take. */
JT_MUST_CHECK int live_ticket_read(struct jt_keyring *keyring, const char *ticket, const char *show,
                                   int64_t now_ms, struct room_identity *out,
                                   struct jt_token *token);

#endif
