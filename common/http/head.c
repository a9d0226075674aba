#include "http/head.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/reader.h"
#include "http/lws_field.h"
#include "http/server.h"

static const struct jt_http_fault
    malformed = {400, "request_malformed", "Malformed request", 0},
    target_malformed = {400, "target_malformed", "Malformed request target", 0},
    target_too_long = {414, "target_too_long", "Request target too long", 0},
    method_unknown = {501, "method_unknown", "Method not known", 0},
    upgrade_unknown = {400, "upgrade_unknown", "No such upgrade", 0},
    version_unknown = {505, "version_unknown", "HTTP/1.1 is spoken here", 0},
    field_malformed = {400, "field_malformed", "Malformed header field", 0},
    fields_too_large = {431, "fields_too_large", "Header fields too large", 0},
    host_malformed = {400, "host_malformed", "One Host header field is needed", 0},
    length_malformed = {400, "length_malformed", "Malformed message length", 0},
    length_required = {411, "length_required", "Content-Length required", 0},
    body_unexpected = {400, "body_unexpected", "This method takes no content", 0},
    body_too_large = {413, "body_too_large", "Content too large", 0};

/** Borrowed from the input. */
struct span {
    const char *data;
    size_t size;
};

/** What the field lines have told about the frame. */
struct frame {
    struct span method;
    int hosts, lengths, codings;
    bool is_chunked, is_websocket;
    uint64_t length;
};

static bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

static bool span_is_nocase(struct span span, const char *text)
{
    return span.size == strlen(text) && strncasecmp(span.data, text, span.size) == 0;
}

static struct span span_trim(struct span span)
{
    while (span.size > 0 && (span.data[0] == ' ' || span.data[0] == '\t')) {
        span.data++;
        span.size--;
    }
    while (span.size > 0 && (span.data[span.size - 1] == ' ' || span.data[span.size - 1] == '\t'))
        span.size--;
    return span;
}

/** Take what stands before the first `separator`; false without one. */
static bool span_cut(struct span *rest, char separator, struct span *out)
{
    const char *found = memchr(rest->data, separator, rest->size);

    if (!found)
        return false;
    *out = (struct span){rest->data, (size_t)(found - rest->data)};
    rest->size -= out->size + 1;
    rest->data = found + 1;
    return true;
}

/** RFC 9110 §5.6.2. */
static bool is_token(struct span span)
{
    for (size_t i = 0; i < span.size; i++) {
        unsigned char c = (unsigned char)span.data[i];

        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return span.size > 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** RFC 9112 §3.2.1, without what could be read in two ways once it is decoded. */
static bool is_origin_form(struct span target)
{
    if (target.size == 0 || target.data[0] != '/')
        return false;
    for (size_t i = 0; i < target.size; i++) {
        unsigned char c = (unsigned char)target.data[i];
        int high, low;

        if (c <= 0x20 || c >= 0x7f || strchr("\"#<>\\^`{|}", c))
            return false;
        if (c != '%')
            continue;
        if (target.size - i < 3)
            return false;
        high = hex_value(target.data[i + 1]);
        low = hex_value(target.data[i + 2]);
        if (high < 2 || low < 0 || (high == 7 && low == 15) ||
            (high == 2 && low == 15)) /* control, DEL, '/' */
            return false;
    }
    return true;
}

/* Of the others libwebsockets would say so in HTML. */
static bool is_method(struct span method)
{
    static const char *const all[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

    for (size_t i = 0; i < JT_COUNT(all); i++) {
        if (span_is(method, all[i]))
            return true;
    }
    return false;
}

static const struct jt_http_fault *check_request_line(struct span line, struct frame *frame)
{
    struct span target;

    if (!span_cut(&line, ' ', &frame->method) || !is_token(frame->method) ||
        !span_cut(&line, ' ', &target))
        return &malformed;
    if (!is_origin_form(target))
        return &target_malformed;
    if (span_is(line, "HTTP/1.1") || span_is(line, "HTTP/1.0"))
        return is_method(frame->method) ? NULL : &method_unknown;
    return line.size == 8 && memcmp(line.data, "HTTP/", 5) == 0 ? &version_unknown : &malformed;
}

/** RFC 9112 §6.2: digits only. More than 18 of them are too many for any limit of ours. */
static bool read_length(struct span value, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        *out = i < 18 ? *out * 10 + (uint64_t)(value.data[i] - '0') : UINT64_MAX;
    }
    return value.size > 0;
}

static bool is_field_value(struct span value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static const struct jt_http_fault *check_field(struct span line, struct frame *frame)
{
    struct span name;

    if (!span_cut(&line, ':', &name) || !is_token(name) || !is_field_value(line) ||
        jt_http_lws_misreads(name.data, name.size))
        return &field_malformed; /* a folded line too: it begins with a blank */
    line = span_trim(line);
    if (span_is_nocase(name, "host")) {
        frame->hosts++;
    } else if (span_is_nocase(name, "content-length")) {
        frame->lengths++;
        if (!read_length(line, &frame->length))
            return &length_malformed;
    } else if (span_is_nocase(name, "transfer-encoding")) {
        frame->codings++;
        frame->is_chunked = span_is_nocase(line, "chunked");
    } else if (span_is_nocase(name, "upgrade")) { /* libwebsockets would begin HTTP/2 for "h2c" */
        if (!span_is_nocase(line, "websocket"))
            return &upgrade_unknown;
        frame->is_websocket = true;
    }
    return NULL;
}

/* RFC 9112 §6: where the request ends must be beyond doubt. libwebsockets 4.1 does not parse
 * chunks. */
static const struct jt_http_fault *check_frame(const struct frame *frame, size_t body_max_bytes)
{
    bool takes_body = span_is(frame->method, "POST") || span_is(frame->method, "PUT") ||
                      span_is(frame->method, "PATCH");
    bool takes_none = span_is(frame->method, "GET") || span_is(frame->method, "HEAD");

    if (frame->hosts != 1)
        return &host_malformed;
    if (frame->lengths > 1 ||
        (frame->codings && (frame->lengths || frame->codings > 1 || !frame->is_chunked)))
        return &length_malformed;
    if (frame->codings || (takes_body && !frame->lengths))
        return &length_required;
    if (frame->length > body_max_bytes)
        return &body_too_large;
    return frame->length && takes_none ? &body_unexpected : NULL;
}

/**
 * Take one line and its CR LF. -EAGAIN when its end has not come, -EBADMSG for a bare CR or LF:
 * both are visible without the whole line, so that any cut gives the same answer.
 */
static int take_line(struct jt_reader *r, struct span *line)
{
    size_t size = 0;

    while (size < r->left && r->next[size] != '\r' && r->next[size] != '\n')
        size++;
    if (size < r->left && r->next[size] == '\n')
        return -EBADMSG;
    if (r->left - size < 2)
        return -EAGAIN;
    if (r->next[size + 1] != '\n')
        return -EBADMSG;
    line->data = (const char *)jt_reader_take(r, size);
    line->size = size;
    jt_reader_take(r, 2);
    return 0;
}

static int fail(struct jt_http_head *head, const struct jt_http_fault *fault)
{
    head->fault = fault;
    return -EBADMSG;
}

/** The field lines and the empty line after them. */
static int check_fields(struct jt_reader *r, struct frame *frame, struct jt_http_head *head)
{
    size_t before = r->left;
    int count = 0;

    for (;;) {
        const struct jt_http_fault *fault;
        struct span line;
        int err = take_line(r, &line);

        if (before - r->left > JT_HTTP_FIELDS_MAX_BYTES ||
            (err == -EAGAIN && before > JT_HTTP_FIELDS_MAX_BYTES))
            return fail(head, &fields_too_large);
        if (err)
            return err == -EBADMSG ? fail(head, &field_malformed) : err;
        if (line.size == 0)
            return 0;
        if (++count > JT_HTTP_FIELDS_MAX)
            return fail(head, &fields_too_large);
        fault = check_field(line, frame);
        if (fault)
            return fail(head, fault);
    }
}

int jt_http_head_check(const void *bytes, size_t size, size_t body_max_bytes,
                       struct jt_http_head *head)
{
    struct jt_reader r = jt_reader_of(bytes, size);
    struct frame frame = {0};
    const struct jt_http_fault *fault;
    struct span line = {0};
    int err = take_line(&r, &line);

    if (size - r.left > JT_HTTP_REQUEST_LINE_MAX_BYTES ||
        (err == -EAGAIN && size > JT_HTTP_REQUEST_LINE_MAX_BYTES))
        return fail(head, &target_too_long);
    if (err)
        return err == -EBADMSG ? fail(head, &malformed) : err;
    fault = check_request_line(line, &frame);
    if (fault)
        return fail(head, fault);
    err = check_fields(&r, &frame, head);
    if (err)
        return err;
    fault = check_frame(&frame, body_max_bytes);
    if (fault)
        return fail(head, fault);
    head->fault = NULL;
    head->size_bytes = size - r.left;
    head->content_length = (size_t)frame.length;
    head->is_websocket = frame.is_websocket;
    return 0;
}
