#include "rtmp/name.h"

#include <errno.h>
#include <stdbool.h>

/* Without what follows the first `?`, then without blanks and slashes at both ends. */
static struct jt_text strip(struct jt_text text)
{
    struct jt_text bare = jt_text_trim(jt_text_cut(&text, '?'));

    while (bare.size && bare.data[bare.size - 1] == '/')
        bare.size--;
    while (jt_text_skip(&bare, "/"))
        ;
    return bare;
}

/* "rtmp://host:1935/live/x" gives "live/x". */
static struct jt_text path_of_url(struct jt_text url)
{
    if (!jt_text_skip(&url, "rtmp://") && !jt_text_skip(&url, "rtmps://"))
        return (struct jt_text){0};
    (void)jt_text_cut(&url, '/'); /* host and port */
    return url;
}

struct jt_text jt_rtmp_name_path(struct jt_text app, struct jt_text tc_url)
{
    struct jt_text path = strip(app);

    return path.size ? path : strip(path_of_url(tc_url));
}

static bool is_name(struct jt_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return text.size > 0;
}

int jt_rtmp_name_parse(struct jt_text path, struct jt_text stream, struct jt_rtmp_name *out)
{
    struct jt_rtmp_name name;
    struct jt_text app = path;
    struct jt_text key = strip(stream);

    if (!key.size) { /* all of it in the app */
        key = path;
        app = jt_text_cut(&key, '/');
    } else if (!app.size) { /* all of it in the stream name */
        app = jt_text_cut(&key, '/');
    }
    if (!is_name(app) || !is_name(key))
        return -EINVAL;
    if (jt_text_copy(app, name.app, sizeof(name.app)) ||
        jt_text_copy(key, name.key, sizeof(name.key)))
        return -EINVAL;
    *out = name;
    return 0;
}
