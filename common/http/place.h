/**
 * How many upgraded connections there are, in all and from one address. They outlive the server's
 * interest in them, on other threads, maybe the server itself. Any thread.
 */
#ifndef JT_HTTP_PLACE_H
#define JT_HTTP_PLACE_H

#include "base/base.h"

struct jt_http_place;
struct jt_http_places;

enum {
    JT_HTTP_UPGRADED_MAX = 16384,    /* ours */
    JT_HTTP_UPGRADED_PEER_MAX = 256, /* ours: carriers put many phones behind one address */
};

/** `peer_max` negative: no cap per address. */
JT_MUST_CHECK int jt_http_places_new(int max, int peer_max, struct jt_http_places **out);
/** No more are taken; memory goes with the last place. NULL is fine. */
void jt_http_places_free(struct jt_http_places *places);

/** One more from `peer`? -EMFILE: too many in all, -EUSERS: from this address, -ENOMEM. To be given
 * back by jt_http_place_free. */
JT_MUST_CHECK int jt_http_place_take(struct jt_http_places *places, const char *peer,
                                     struct jt_http_place **out);

#endif
