/** RTMP publishers: listener and connections. Loop thread only. */
#ifndef INGEST_RTMP_SERVER_H
#define INGEST_RTMP_SERVER_H

#include "base/base.h"

struct jt_bells;
struct ingest_admission;
struct ingest_config;
struct ingest_rtmp;
struct ingest_shows;
struct jt_loop;

struct ingest_rtmp_setup {
    const struct ingest_config *config;
    struct ingest_shows *shows;
    struct jt_bells *bells;
    struct ingest_admission *admission; /* NULL in open mode: every name is its own key */
};

JT_MUST_CHECK int ingest_rtmp_new(struct jt_loop *loop, const struct ingest_rtmp_setup *setup,
                                  struct ingest_rtmp **out);
/** Closes all connections; their shows wait or end as the registry decides. */
void ingest_rtmp_free(struct ingest_rtmp *rtmp);

#endif
