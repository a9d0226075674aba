/* The public answers: a response is put together as bytes by whoever answers, the server's thread
 * only writes it out. */
#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <jansson.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/writer.h"
#include "http/outbox.h"
#include "http/request.h"

enum { RESPONSE_OVERHEAD_BYTES = 1024 }; /* status line and the fields of our own */

static struct jt_metric responses =
    JT_COUNTER("jangteo_http_responses_total", "HTTP responses.", "class");

struct response {
    int status;
    const struct jt_http_header *headers;
    size_t header_count;
    const char *content_type;
    const void *body;
    size_t body_size;
};

/* RFC 9110 §15; a phrase may be empty. */
static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } all[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < JT_COUNT(all); i++) {
        if (all[i].status == status)
            return all[i].phrase;
    }
    return "";
}

static void write_text(struct jt_writer *w, const char *text)
{
    jt_write_bytes(w, text, strlen(text));
}

static void write_field(struct jt_writer *w, const char *name, const char *value)
{
    write_text(w, name);
    write_text(w, ": ");
    write_text(w, value);
    write_text(w, "\r\n");
}

/* A control byte would end the line: a second field smuggled in by a value (CWE-113). */
static bool is_safe(const struct jt_http_header *header)
{
    for (const unsigned char *p = (const unsigned char *)header->value; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            return false;
    }
    return true;
}

static bool has_field(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (strcasecmp(response->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

/* RFC 9110 §5.6.7; written by hand because strftime follows the locale. */
static void write_date(struct jt_writer *w)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[64];
    time_t now = time(NULL);
    struct tm tm;

    if (!gmtime_r(&now, &tm))
        return;
    (void)snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                   days + (size_t)tm.tm_wday * 3, tm.tm_mday, months + (size_t)tm.tm_mon * 3,
                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    write_field(w, "Date", text);
}

static void write_own_fields(struct jt_writer *w, const struct jt_http_request *request,
                             const struct response *response)
{
    char length[24];
    const char *origin = jt_http_request_header(request, "origin");

    write_date(w);
    write_field(w, "X-Content-Type-Options", "nosniff");
    if (!has_field(response, "cache-control"))
        write_field(w, "Cache-Control", "no-store");
    if (response->content_type)
        write_field(w, "Content-Type", response->content_type);
    if (response->status != 204 && response->status != 304) { /* RFC 9110 §8.6 */
        (void)snprintf(length, sizeof(length), "%zu", response->body_size);
        write_field(w, "Content-Length", length);
    }
    if (request->is_cross_origin && origin) {
        write_field(w, "Access-Control-Allow-Origin", origin);
        write_field(w, "Vary", "Origin");
    }
    if (request->closes)
        write_field(w, "Connection", "close");
}

static size_t response_bytes(const struct jt_http_request *request, const struct response *response)
{
    const char *origin = jt_http_request_header(request, "origin");
    size_t total = RESPONSE_OVERHEAD_BYTES + response->body_size + (origin ? strlen(origin) : 0);

    for (size_t i = 0; i < response->header_count; i++)
        total += strlen(response->headers[i].name) + strlen(response->headers[i].value) + 4;
    return total + (response->content_type ? strlen(response->content_type) : 0);
}

/** Lay out the whole answer. */
static int compose(struct jt_http_request *request, const struct response *response)
{
    size_t capacity = response_bytes(request, response);
    uint8_t *memory = malloc(capacity);
    struct jt_writer w;
    char line[80];

    if (!memory)
        return -ENOMEM;
    w = jt_writer_of(memory, capacity);
    (void)snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", response->status,
                   reason_phrase(response->status));
    write_text(&w, line);
    for (size_t i = 0; i < response->header_count; i++) {
        if (is_safe(&response->headers[i]))
            write_field(&w, response->headers[i].name, response->headers[i].value);
        else
            jt_error("http.unsafe_header", KV("name", response->headers[i].name));
    }
    write_own_fields(&w, request, response);
    write_text(&w, "\r\n");
    if (!request->is_head)
        jt_write_bytes(&w, response->body, response->body_size);
    assert(!w.failed);
    request->answer = memory;
    request->answer_size = w.size;
    return 0;
}

static void count(int status)
{
    static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

    if (status >= 100 && status < 600)
        jt_metric_add(&responses, classes[status / 100 - 1], 1);
}

void jt_http_respond(struct jt_http_request *request, int status,
                     const struct jt_http_header *headers, size_t header_count,
                     const char *content_type, const void *body, size_t body_size)
{
    struct response response = {status, headers, header_count, content_type, body, body_size};
    bool was_answered = atomic_exchange(&request->is_answered, true);

    assert(!was_answered);
    (void)was_answered;
    request->status = status;
    count(status);
    if (compose(request, &response) < 0)
        jt_error("http.no_memory",
                 KV("bytes", body_size)); /* without bytes the connection is cut */
    jt_http_outbox_post(request->outbox, request);
}

void jt_http_refuse(struct jt_http_request *request, const struct jt_http_fault *fault,
                    const struct jt_http_header *headers, size_t header_count)
{
    struct jt_http_header all[JT_HTTP_RESPONSE_HEADERS_MAX + 1];
    char seconds[16];
    json_t *json = json_pack("{s:s, s:i, s:s, s:s}", "type", "about:blank", "status", fault->status,
                             "code", fault->code, "title", fault->title);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    assert(header_count <= JT_HTTP_RESPONSE_HEADERS_MAX);
    for (size_t i = 0; i < header_count; i++)
        all[i] = headers[i];
    (void)snprintf(seconds, sizeof(seconds), "%d", fault->retry_after_s);
    if (fault->retry_after_s > 0)
        all[header_count++] = (struct jt_http_header){.name = "Retry-After", .value = seconds};
    jt_http_respond(request, fault->status, all, header_count, "application/problem+json",
                    text ? text : "{}", text ? strlen(text) : 2);
    free(text);
    json_decref(json);
}

void jt_http_problem(struct jt_http_request *request, int status, const char *code,
                     const char *title, int retry_after_s)
{
    struct jt_http_fault fault = {status, code, title, retry_after_s};

    jt_http_refuse(request, &fault, NULL, 0);
}
