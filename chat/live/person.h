/** How a room calls a person: by the number of the account, in decimal. Any thread. */
#ifndef CHAT_LIVE_PERSON_H
#define CHAT_LIVE_PERSON_H

#include <stdint.h>

#include "chat/room/message.h"

void live_person_write(int64_t account_id, char out[ROOM_PERSON_MAX_BYTES + 1]);
/** 0 for who has no account: a reader's id is of the ticket alone, and no number. */
int64_t live_person_read(const char *person);

#endif
