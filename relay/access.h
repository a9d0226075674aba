/**
 * Who may watch a show: everybody, who has a play token for it, or nobody. Chat decides and signs tokens, ingest passes on
 * what it decided, and here it is obeyed. Pure; any thread.
 */
#ifndef RELAY_ACCESS_H
#define RELAY_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "ring/control.h"
#include "whip/answer.h"

struct jt_keyring;

enum relay_ticket_kind {
    RELAY_TICKET_NONE,    /* no token came */
    RELAY_TICKET_BAD,     /* not one of ours, expired, or of another purpose */
    RELAY_TICKET_FOREIGN, /* for another show */
    RELAY_TICKET_GOOD,
};

/** What a viewer's play token was found to be, when it came. The token itself is not kept. */
struct relay_ticket {
    enum relay_ticket_kind kind;
    int64_t until_ms; /* wall time; GOOD only until then */
};

/** `token` NULL: none. `keyring` NULL: the keys are not there yet, every token is BAD. `now_ms` is wall time. */
struct relay_ticket relay_ticket_read(struct jt_keyring *keyring, const char *token,
                                      const char *show, int64_t now_ms);

/** May one with this ticket watch? If not, `refusal` (may be NULL) gets 401 or 403 and a code. */
bool relay_access_allows(enum jt_show_access access, const struct relay_ticket *ticket,
                         int64_t now_ms, struct jt_answer_refusal *refusal);

#endif
