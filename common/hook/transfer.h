/** One POST by libcurl: signed, bounded in size and time. Private to common/hook; the hooks' thread only. */
#ifndef JT_HOOK_TRANSFER_H
#define JT_HOOK_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/base.h"
#include "hook/hook.h"

struct jt_hook_target;
struct jt_keyring;

struct jt_hook_transfer {
    const struct jt_hook_target *target;
    CURLM *multi; /* NULL: not running */
    CURL *easy;
    struct curl_slist *headers;
    size_t head_bytes, answer_bytes;
    char answer[JT_HOOK_ANSWER_MAX_BYTES + 1]; /* NUL-terminated */
};

/** Begin; `body` is borrowed until jt_hook_transfer_end. `owner` comes back from curl as CURLINFO_PRIVATE. */
JT_MUST_CHECK int jt_hook_transfer_begin(struct jt_hook_transfer *transfer, CURLM *multi,
                                         const struct jt_hook_target *target,
                                         struct jt_keyring *keyring,
                                         const struct jt_hook_post *post, void *owner);
/** The status of HTTP once curl is done with it, or 0 when `result` says there was no answer. */
int jt_hook_transfer_status(const struct jt_hook_transfer *transfer, CURLcode result);
/** Done or cut off. */
void jt_hook_transfer_end(struct jt_hook_transfer *transfer);

#endif
