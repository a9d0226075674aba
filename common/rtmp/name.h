/**
 * From the app of `connect` and the name of `publish` or `play` to an app and a key. Encoders put the key in several
 * places and add blanks, slashes and queries; what is left has only [A-Za-z0-9_-] or is refused. Any thread.
 */
#ifndef JT_RTMP_NAME_H
#define JT_RTMP_NAME_H

#include "base/base.h"
#include "wire/text.h"

enum {
    JT_RTMP_APP_MAX_BYTES = 64,
    JT_RTMP_KEY_MAX_BYTES = 128,
    JT_RTMP_PATH_MAX_BYTES = JT_RTMP_APP_MAX_BYTES + 1 + JT_RTMP_KEY_MAX_BYTES, /* "app/key" */
};

struct jt_rtmp_name {
    char app[JT_RTMP_APP_MAX_BYTES + 1];
    char key[JT_RTMP_KEY_MAX_BYTES + 1];
};

/**
 * What `connect` says of the app, without blanks, query and slashes at the ends: "live/?x=y" gives "live". Where `app`
 * is empty the path of `tc_url` ("rtmp://host:1935/live") takes its place. Borrowed from the arguments.
 */
struct jt_text jt_rtmp_name_path(struct jt_text app, struct jt_text tc_url);

/**
 * Split `path` (of jt_rtmp_name_path) and `stream` into app and key: "live" and "KEY?query", "live/KEY" and "", or ""
 * and "live/KEY". Returns 0 or -EINVAL: something empty, too long or outside [A-Za-z0-9_-].
 */
JT_MUST_CHECK int jt_rtmp_name_parse(struct jt_text path, struct jt_text stream,
                                     struct jt_rtmp_name *out);

#endif
