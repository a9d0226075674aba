#include "chat/live/ticket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "token/base64url.h"
#include "token/token.h"

enum { NAME_TEXT_BYTES = (ROOM_NAME_MAX_BYTES * 4 + 2) / 3 + 1 };

int live_ticket_make(struct jt_keyring *keyring, const char *show, const struct room_identity *who,
                     int64_t now_ms, char out[LIVE_TICKET_MAX_BYTES])
{
    char name[NAME_TEXT_BYTES + 1], subject[JT_TOKEN_SUBJECT_MAX_BYTES + 1];
    int size;

    jt_base64url_write((const uint8_t *)who->name, strlen(who->name), name);
    size = snprintf(subject, sizeof(subject), "%s/%s/%s/%d/%s", show, who->person,
                    access_role_name(who->role), who->is_reader, name);
    if (size < 0 || (size_t)size >= sizeof(subject))
        return -EMSGSIZE;
    return jt_token_make(keyring, JT_TOKEN_TICKET, "chat", subject, now_ms, LIVE_TICKET_LIFE_MS,
                         out, LIVE_TICKET_MAX_BYTES);
}

/* The next part of the subject, up to its slash or end. */
static int take(const char **rest, char *out, size_t capacity)
{
    size_t size = strcspn(*rest, "/");

    if (size >= capacity)
        return -EBADMSG;
    memcpy(out, *rest, size);
    out[size] = '\0';
    *rest += size + ((*rest)[size] == '/');
    return 0;
}

static int read_name(const char *text, struct room_identity *out)
{
    int size = jt_base64url_read(text, strlen(text), (uint8_t *)out->name, ROOM_NAME_MAX_BYTES);

    if (size < 0)
        return size;
    out->name[size] = '\0';
    return 0;
}

int live_ticket_read(struct jt_keyring *keyring, const char *ticket, const char *show,
                     int64_t now_ms, struct room_identity *out, struct jt_token *token)
{
    char its_show[ROOM_SHOW_MAX_BYTES + 1], role[16], reader[2];
    const char *rest = token->subject;
    int err =
        jt_token_verify(keyring, ticket, strlen(ticket), JT_TOKEN_TICKET, "chat", now_ms, token);
    int parsed;

    if (err)
        return -EACCES;
    if (take(&rest, its_show, sizeof(its_show)) || take(&rest, out->person, sizeof(out->person)) ||
        take(&rest, role, sizeof(role)) || take(&rest, reader, sizeof(reader)))
        return -EACCES;
    parsed = access_role_parse(role);
    if (parsed < 0 || strcmp(its_show, show) || read_name(rest, out))
        return -EACCES;
    out->role = (enum access_role)parsed;
    out->is_reader = reader[0] == '1';
    return 0;
}
