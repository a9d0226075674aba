#include "relay/access.h"

#include <string.h>

#include "token/token.h"

static const char audience[] = "relay";
static const char subject[] = "show:";

struct relay_ticket relay_ticket_read(struct jt_keyring *keyring, const char *token,
                                      const char *show, int64_t now_ms)
{
    struct relay_ticket ticket = {.kind = token ? RELAY_TICKET_BAD : RELAY_TICKET_NONE};
    struct jt_token claims;

    if (!token || !keyring ||
        jt_token_verify(keyring, token, strlen(token), JT_TOKEN_PLAY, audience, now_ms, &claims))
        return ticket;
    ticket.until_ms = claims.expires_ms + JT_TOKEN_LEEWAY_MS;
    ticket.kind = strncmp(claims.subject, subject, sizeof(subject) - 1) == 0 &&
                          strcmp(claims.subject + sizeof(subject) - 1, show) == 0
                      ? RELAY_TICKET_GOOD
                      : RELAY_TICKET_FOREIGN;
    return ticket;
}

bool relay_access_allows(enum jt_show_access access, const struct relay_ticket *ticket,
                         int64_t now_ms, struct jt_answer_refusal *refusal)
{
    static const struct jt_answer_refusal closed = {403, "show_closed",
                                                    "This show can't be watched"},
                                          missing = {401, "token_missing",
                                                     "A play token is needed"},
                                          bad = {401, "token_refused",
                                                 "The play token is not valid, or no more"},
                                          foreign = {403, "token_foreign",
                                                     "The play token is for another show"};
    const struct jt_answer_refusal *why = &closed;

    if (access == JT_ACCESS_PUBLIC)
        return true;
    if (access == JT_ACCESS_TOKEN) {
        if (ticket->kind == RELAY_TICKET_GOOD && now_ms < ticket->until_ms)
            return true;
        why = ticket->kind == RELAY_TICKET_NONE      ? &missing
              : ticket->kind == RELAY_TICKET_FOREIGN ? &foreign
                                                     : &bad;
    }
    if (refusal)
        *refusal = *why;
    return false;
}
