#include "http/lws_log.h"

#include <pthread.h>
#include <string.h>
#include <libwebsockets.h>

#include "base/clock.h"
#include "base/log.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct jt_log_gate gate; /* each server has its thread */

static void emit(int level, const char *line)
{
    char text[JT_LOG_VALUE_MAX_BYTES];
    size_t size = strcspn(line, "\n");
    int suppressed;

    size = JT_MIN(size, sizeof(text) - 1);
    memcpy(text, line, size);
    text[size] = '\0';
    if (level != LLL_ERR) {
        jt_debug("lws.warning", KV("text", text));
        return;
    }
    suppressed = jt_log_gate_pass(&gate, jt_clock_mono_us()); /* strangers can provoke these */
    if (suppressed >= 0)
        jt_warn("lws.error", KV("text", text), KV("suppressed", suppressed));
}

static void set_level(void)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, emit);
}

void jt_http_lws_log_init(void)
{
    (void)pthread_once(&once, set_level);
}
