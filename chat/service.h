/** The parts of jangteo-chat, built and torn down in order. */
#ifndef CHAT_SERVICE_H
#define CHAT_SERVICE_H

#include "base/base.h"

struct chat_config;
struct chat_service;
struct jt_loop;

/** Logs what could not be had. Loop thread, as the next. */
JT_MUST_CHECK int chat_service_new(const struct chat_config *config, struct jt_loop *loop,
                                   struct chat_service **out);
/** Running requests are finished. NULL and half-built ones are fine. */
void chat_service_free(struct chat_service *service);

#endif
