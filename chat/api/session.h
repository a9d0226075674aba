/** Beginning a session, for the handlers that do: signing in, becoming a guest, using a link. */
#ifndef CHAT_API_SESSION_H
#define CHAT_API_SESSION_H

#include "base/base.h"
#include "chat/access/secret.h"
#include "chat/store/account.h"

struct api_call;

struct api_new_session {
    char id[ACCESS_SECRET_CHARACTERS + 1]; /* for the cookie alone */
    struct store_session stored;
};

/** A fresh one. Not stored yet. */
void api_session_prepare(const struct api_call *call, struct api_new_session *out);

/** Answer with who the caller is now: `session` was stored, its cookie goes out. */
void api_session_begun(struct api_call *call, int status, const struct api_new_session *session);

#endif
