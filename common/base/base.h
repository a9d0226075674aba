/** What every file may lean on: attributes and the few macros of the project. */
#ifndef JT_BASE_BASE_H
#define JT_BASE_BASE_H

#include <stddef.h>

#define JT_MUST_CHECK __attribute__((warn_unused_result))
#define JT_PRINTF(text, args) __attribute__((__format__(__printf__, text, args)))
#define JT_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define JT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define JT_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
