/* jangteo-chat: talk, catalogue, carts and orders of a show. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "chat/config.h"
#include "chat/service.h"
#include "http/admin.h"
#include "http/server.h"
#include "loop/loop.h"

struct chat {
    struct chat_config config;
    struct jt_loop *loop;
    struct jt_signal *sigint, *sigterm;
    struct chat_service *service;
    struct jt_http_server *admin;
};

static bool is_ready(void *arg, char *why, size_t capacity)
{
    (void)arg;
    (void)why;
    (void)capacity;
    return true;
}

static void on_signal(void *arg, int signum)
{
    struct chat *chat = arg;

    jt_info("chat.stop", KV("signal", signum));
    jt_loop_stop(chat->loop);
}

static int step(int err, const char *what)
{
    if (err)
        jt_error("chat.start", KV("part", what), KV("err", strerror(-err)));
    return err;
}

static int build(struct chat *chat)
{
    int err = step(jt_loop_new("chat", &chat->loop), "loop");

    if (!err)
        err = step(jt_signal_new(chat->loop, SIGINT, on_signal, chat, &chat->sigint), "signals");
    if (!err)
        err = step(jt_signal_new(chat->loop, SIGTERM, on_signal, chat, &chat->sigterm), "signals");
    if (!err)
        err = chat_service_new(&chat->config, chat->loop, &chat->service);
    if (!err)
        err = step(jt_admin_new(chat->config.admin_listen, is_ready, chat, &chat->admin),
                   "admin.listen");
    return err;
}

static void tear_down(struct chat *chat)
{
    jt_http_server_free(chat->admin);
    chat_service_free(chat->service);
    jt_signal_free(chat->sigterm);
    jt_signal_free(chat->sigint);
    jt_loop_free(chat->loop);
}

int main(int argc, char **argv)
{
    static struct chat chat;
    int action = chat_config_load(&chat.config, argc, argv);
    int err;

    if (action != JT_CONFIG_RUN)
        return action == JT_CONFIG_EXIT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(007); /* sockets 0660 */
    jt_log_init("chat", (enum jt_log_level)chat.config.log_level);
    err = build(&chat);
    if (!err) {
        jt_info("chat.ready", KV("http", (const char *)chat.config.http_listen));
        jt_loop_run(chat.loop);
    }
    tear_down(&chat);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
