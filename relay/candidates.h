/** The addresses viewers are told to send their checks to. */
#ifndef RELAY_CANDIDATES_H
#define RELAY_CANDIDATES_H

#include <stdint.h>

#include "base/base.h"
#include "whip/answer.h"

struct jt_address;

struct relay_candidates {
    struct {
        char address[46];
        uint16_t port;
    } list[JT_ANSWER_CANDIDATES_MAX];
    int count;
};

/**
 * From the setting (numeric addresses, separated by commas), else the bound address, else those of all interfaces that
 * are up. -EINVAL: not an address; -EADDRNOTAVAIL: there is none.
 */
JT_MUST_CHECK int relay_candidates_find(const char *advertise, const struct jt_address *bound,
                                        struct relay_candidates *out);

#endif
