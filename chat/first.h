/** The first start: there is no default password, but a link that makes the operator (good for half an hour, once). */
#ifndef CHAT_FIRST_H
#define CHAT_FIRST_H

#include "base/base.h"

struct store;

/**
 * While there is no operator, write a fresh one-time link ("/operator#invite=…", a line) to `path`, mode 0600; earlier
 * links are void. Once there is one, remove the file. The link is in no log (threat A4). Blocks.
 */
JT_MUST_CHECK int chat_first_link(struct store *store, const char *path);

#endif
