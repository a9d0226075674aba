/** What must be known of JSON text before a parser that recurses may see it. Pure; any thread. */
#ifndef JT_BASE_JSON_H
#define JT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/** Do its arrays and objects nest at most `depth_max` deep? Brackets inside strings do not count; whether the text is JSON at all is the parser's to say. */
bool jt_json_is_flat(const char *json, size_t size, int depth_max);

#endif
