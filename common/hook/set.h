/**
 * A list that may be longer than one body: posted as parts {"set":N,"part":i,"parts":n,"shows":[…]}, all with the same
 * number. A part takes the place of the same part of an older set that still waits. One thread.
 */
#ifndef JT_HOOK_SET_H
#define JT_HOOK_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_hook_set;
struct jt_hooks;

enum { JT_HOOK_SET_PARTS_MAX = 64, JT_HOOK_SET_PART_BYTES = 60 * 1024 };

JT_MUST_CHECK int jt_hook_set_new(struct jt_hook_set **out);
/** NULL is fine. */
void jt_hook_set_free(struct jt_hook_set *set);

/** One entry's JSON. 0, -EMSGSIZE: longer than a part, -ENOSPC: too many parts, -ENOMEM. */
JT_MUST_CHECK int jt_hook_set_add(struct jt_hook_set *set, const char *json, size_t size);

/** Post it all, an empty set as one empty part. `number` tells sets apart. Errors as jt_hooks_post. */
JT_MUST_CHECK int jt_hook_set_post(const struct jt_hook_set *set, struct jt_hooks *hooks,
                                   const char *path, int64_t number);

#endif
