/** Public ids of shows: short enough to read aloud, too many to guess. */
#ifndef CHAT_LIVE_LINK_H
#define CHAT_LIVE_LINK_H

#include "chat/store/show.h"

/** STORE_LINK_CHARACTERS random letters and digits and a NUL: 50 bits. Any thread. */
void live_link_new(char out[STORE_LINK_CHARACTERS + 1]);

#endif
