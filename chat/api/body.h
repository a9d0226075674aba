/**
 * The JSON content of a request, read strictly (threats W9, C2, K9; RFC 8259, RFC 7493): one object, no duplicate names,
 * no nesting beyond API_BODY_DEPTH_MAX, whole numbers only, and no field that was not asked for.
 *
 *   struct api_body body;
 *   const char *login, *password;
 *   api_body_read(request, &body);
 *   login = api_body_text(&body, "login", 3, 64);
 *   password = api_body_text(&body, "password", 1, 256);
 *   problem = api_body_end(&body);        — the first thing that was wrong, or none; only then use the values
 *   ...
 *   api_body_free(&body);
 *
 * The error is sticky, as the cursor's of base/reader.h. Any one thread.
 */
#ifndef CHAT_API_BODY_H
#define CHAT_API_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/api/problem.h"

struct jt_http_request;

enum { API_BODY_DEPTH_MAX = 16 /* threat W9 */ };

struct api_body {
    json_t *object;
    size_t asked; /* fields that were asked for and are there */
    enum api_problem problem;
    const char *field; /* where it was; NULL: no field in particular */
};

/** Is a Content-Type this one, with or without parameters? A form of a foreign page can't send it unasked (threat A7). */
bool api_body_is_json(const char *type);

/** Always to be followed by api_body_free, whatever it finds. */
void api_body_read(const struct jt_http_request *request, struct api_body *body);
/** The same for bytes. */
void api_body_parse(const char *bytes, size_t size, struct api_body *body);
void api_body_free(struct api_body *body);

/** Between `min` and `max` bytes of valid UTF-8 without control characters; borrowed until api_body_free. */
const char *api_body_text(struct api_body *body, const char *name, size_t min, size_t max);
/** The same, or NULL when the field is not there. */
const char *api_body_optional_text(struct api_body *body, const char *name, size_t max);
/** The same, and lines may break. May be empty. */
const char *api_body_lines(struct api_body *body, const char *name, size_t max);
/** A whole number in [min, max]; 0 when it is not. */
int64_t api_body_integer(struct api_body *body, const char *name, int64_t min, int64_t max);

/** The same; `fallback` when the field is not there, or null. */
int64_t api_body_optional_integer(struct api_body *body, const char *name, int64_t min, int64_t max,
                                  int64_t fallback);
/** Is the field there? For fields that may be left out. */
bool api_body_has(const struct api_body *body, const char *name);
bool api_body_bool(struct api_body *body, const char *name);
/** An array of at most `max` items, borrowed; NULL when it is not. */
const json_t *api_body_array(struct api_body *body, const char *name, size_t max);
/** An item of an array as a body of its own: it is an object, read and freed in the same way. */
void api_body_item(const json_t *value, struct api_body *body);
/** Something about the field asked for last is wrong. The first problem stays. */
void api_body_refuse(struct api_body *body, enum api_problem problem);

/** API_PROBLEM_NONE when all that was asked for is there and nothing else. */
enum api_problem api_body_end(struct api_body *body);

#endif
