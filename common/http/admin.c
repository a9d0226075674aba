#include "http/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "http/server.h"

enum { WHY_MAX_BYTES = 256 };

struct admin {
    jt_admin_ready_fn ready;
    void *arg;
};

static void on_health(void *arg, struct jt_http_request *request)
{
    (void)arg;
    jt_http_respond(request, 200, NULL, 0, "text/plain; charset=utf-8", "ok\n", 3);
}

static void on_ready(void *arg, struct jt_http_request *request)
{
    const struct admin *admin = arg;
    char why[WHY_MAX_BYTES] = "ok";
    bool is_ready = admin->ready(admin->arg, why, sizeof(why) - 1);
    size_t size = strlen(why);

    why[size++] = '\n';
    jt_http_respond(request, is_ready ? 200 : 503, NULL, 0, "text/plain; charset=utf-8", why, size);
}

static void on_metrics(void *arg, struct jt_http_request *request)
{
    char *text = jt_metrics_text();

    (void)arg;
    if (text)
        jt_http_respond(request, 200, NULL, 0, "text/plain; version=0.0.4; charset=utf-8", text,
                        strlen(text));
    else
        jt_http_problem(request, 503, "no_memory", "Out of memory", 1);
    free(text);
}

int jt_admin_new(const char *listen, jt_admin_ready_fn ready, void *arg,
                 struct jt_http_server **out)
{
    struct admin *admin = malloc(sizeof(*admin));
    const struct jt_http_route routes[] = {
        {.methods = JT_HTTP_GET, .pattern = "/healthz", .handler = on_health},
        {.methods = JT_HTTP_GET, .pattern = "/readyz", .handler = on_ready, .arg = admin},
        {.methods = JT_HTTP_GET, .pattern = "/metrics", .handler = on_metrics},
    };
    const struct jt_http_config config = {
        .name = "admin",
        .listen = listen,
        .routes = routes,
        .route_count = JT_COUNT(routes),
        .peer_connections_max = -1,
    };
    int err;

    if (!admin)
        return -ENOMEM;
    *admin = (struct admin){.ready = ready, .arg = arg};
    err = jt_http_server_new(&config, out);
    if (err)
        free(admin);
    else
        jt_http_server_own(*out, admin);
    return err;
}
