/** The sessions of an endpoint by id. Locked inside: any thread. */
#ifndef JT_WHIP_TABLE_H
#define JT_WHIP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "whip/rate.h"
#include "whip/resource.h"

struct jt_whip_table;

enum { JT_WHIP_ETAG_BYTES = 19 }; /* 16 hex digits in quotes, and NUL */

/** What a request on a session is judged by. */
struct jt_whip_access {
    const char *id;
    const char *show;  /* NULL: the endpoint has none */
    const char *token; /* NULL: none given */
};

JT_MUST_CHECK int jt_whip_table_new(int sessions_max, struct jt_whip_table **out);
void jt_whip_table_free(struct jt_whip_table *table);

/** Random text: an id, and a strong entity-tag (RFC 9110 §8.8.3). 0 or a negative errno value. */
JT_MUST_CHECK int jt_whip_id_make(char out[JT_WHIP_ID_BYTES]);
JT_MUST_CHECK int jt_whip_etag_make(char out[JT_WHIP_ETAG_BYTES]);

/** Returns 0, -ENOSPC or -ENOMEM. Show and token are copied; who comes later has to show the same
 * token. */
JT_MUST_CHECK int jt_whip_table_add(struct jt_whip_table *table,
                                    const struct jt_whip_access *access, const char *etag);

/** Returns 0, -ENOENT (unknown id, or another show's), -EACCES (no token) or -EPERM (not the
 * session's). */
JT_MUST_CHECK int jt_whip_table_check(struct jt_whip_table *table,
                                      const struct jt_whip_access *access);

/** Take a token of the session's own bucket. Unknown ids are never within. */
bool jt_whip_table_is_within(struct jt_whip_table *table, const char *id, struct jt_rate rate,
                             int64_t now_us);

/** Copy the entity-tag, or replace it. 0 or -ENOENT. */
JT_MUST_CHECK int jt_whip_table_etag(struct jt_whip_table *table, const char *id,
                                     char out[JT_WHIP_ETAG_BYTES]);
JT_MUST_CHECK int jt_whip_table_renew(struct jt_whip_table *table, const char *id,
                                      const char *etag);

/** Returns false if there was none. */
bool jt_whip_table_remove(struct jt_whip_table *table, const char *id);

int jt_whip_table_count(struct jt_whip_table *table);

#endif
