#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

enum { ANSWER_MAX = 64 * 1024, FIELDS_MAX = 5 * 1024, TIMEOUT_S = 10 };

int url_parse(const char *text, struct url *out)
{
    unsigned port;

    if (sscanf(text, "http://%63[^:/]:%u%511s", out->host, &port, out->path) != 3 || port > 65535)
        return -EINVAL;
    out->port = (uint16_t)port;
    out->unix_path = NULL;
    out->token = NULL;
    return 0;
}

static int dial_unix(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        (void)close(fd);
        return -ECONNREFUSED;
    }
    return fd;
}

static int dial_tcp(const struct url *url)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(url->port)};
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (inet_pton(AF_INET, url->host, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        (void)close(fd);
        return -ECONNREFUSED;
    }
    return fd;
}

/* One request, connection closed after it; the whole answer into `out`. */
static int exchange(const struct url *url, const char *request, size_t size, char *out,
                    size_t capacity)
{
    size_t got = 0;
    int fd = url->unix_path ? dial_unix(url->unix_path) : dial_tcp(url);

    if (fd < 0)
        return fd;
    if (write(fd, request, size) != (ssize_t)size) {
        (void)close(fd);
        return -EPIPE;
    }
    for (;;) {
        ssize_t n = read(fd, out + got, capacity - 1 - got);

        if (n <= 0)
            break;
        got += (size_t)n;
    }
    (void)close(fd);
    out[got] = '\0';
    return got ? (int)got : -ETIMEDOUT;
}

static void copy_token(const char *from, char *out, size_t capacity)
{
    size_t n = strcspn(from, "\r\n ");

    if (n >= capacity)
        n = capacity - 1;
    memcpy(out, from, n);
    out[n] = '\0';
}

static void find_token(const char *text, const char *key, char *out, size_t capacity)
{
    const char *at = strstr(text, key);

    out[0] = '\0';
    if (at)
        copy_token(at + strlen(key), out, capacity);
}

/* The first a=ssrc of an m-section; the video section also has the FID group. */
static uint32_t first_ssrc(const char *section)
{
    const char *at = section ? strstr(section, "a=ssrc:") : NULL;

    return at ? (uint32_t)strtoul(at + 7, NULL, 10) : 0;
}

static int parse_answer(const char *sdp, struct session *out)
{
    const char *video = strstr(sdp, "m=video "), *audio = strstr(sdp, "m=audio ");
    const char *group = strstr(sdp, "a=ssrc-group:FID ");
    const char *candidate = strstr(sdp, "a=candidate:");
    unsigned port = 0;

    find_token(sdp, "a=ice-ufrag:", out->ufrag, sizeof(out->ufrag));
    find_token(sdp, "a=ice-pwd:", out->pwd, sizeof(out->pwd));
    out->video_ssrc = first_ssrc(video);
    out->audio_ssrc = first_ssrc(audio);
    if (group && sscanf(group, "a=ssrc-group:FID %u %u", &out->video_ssrc, &out->rtx_ssrc) != 2)
        return -EBADMSG;
    if (!candidate ||
        sscanf(candidate, "a=candidate:%*s %*u %*s %*u %63s %u", out->address, &port) != 2)
        return -EBADMSG;
    out->port = (uint16_t)port;
    return out->ufrag[0] && out->pwd[0] ? 0 : -EBADMSG;
}

/* A front door says for whom it asks; a play token says who may. */
static void write_fields(const struct url *url, char out[FIELDS_MAX])
{
    (void)snprintf(out, FIELDS_MAX, "%s%s%s%s",
                   url->unix_path ? "X-Forwarded-For: 127.0.0.1\r\n" : "",
                   url->token ? "Authorization: Bearer " : "", url->token ? url->token : "",
                   url->token ? "\r\n" : "");
}

int session_open(const struct url *url, const char *offer, struct session *out)
{
    char *request = malloc(ANSWER_MAX), *answer = malloc(ANSWER_MAX);
    char location[256] = "", fields[FIELDS_MAX];
    const char *body;
    int status = 0;
    int n = request && answer ? 0 : -ENOMEM;

    write_fields(url, fields);
    if (!n)
        n = snprintf(request, ANSWER_MAX,
                     "POST %s HTTP/1.1\r\nHost: %s:%u\r\nContent-Type: application/sdp\r\n"
                     "Content-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
                     url->path, url->host, url->port, strlen(offer), fields, offer);
    if (n > 0)
        n = exchange(url, request, (size_t)n, answer, ANSWER_MAX);
    if (n > 0 && sscanf(answer, "HTTP/1.1 %d", &status) != 1)
        n = -EBADMSG;
    if (n > 0 && status == 201) {
        const char *field = strcasestr(answer, "\r\nlocation:");

        body = strstr(answer, "\r\n\r\n");
        if (field)
            copy_token(field + 11 + strspn(field + 11, " "), location, sizeof(location));
        (void)snprintf(out->location, sizeof(out->location), "%s", location);
        n = body ? parse_answer(body, out) : -EBADMSG;
    } else if (n > 0) {
        n = status ? status : -EBADMSG;
    }
    free(request);
    free(answer);
    return n;
}

void session_close(const struct url *url, const struct session *session)
{
    char request[1024 + FIELDS_MAX], answer[1024], fields[FIELDS_MAX];
    int n;

    write_fields(url, fields);
    n = snprintf(request, sizeof(request),
                 "DELETE %s HTTP/1.1\r\nHost: %s:%u\r\n%sConnection: close\r\n\r\n",
                 session->location, url->host, url->port, fields);
    if (session->location[0])
        (void)exchange(url, request, (size_t)n, answer, sizeof(answer));
}
