/**
 * Places where a test may break us: builds for tests only (JT_FAIL_POINTS), elsewhere nothing is left of them.
 *
 *   JANGTEO_FAIL_POINT=checkout.purchase=kill@3   the third time we get there: SIGKILL
 *   JANGTEO_FAIL_POINT=batch.commit=eio           the first time: -EIO
 *   JANGTEO_FAIL_POINT=*=kill@17                  the 17th place we get to, whichever it is
 */
#ifndef CHAT_STORE_FAIL_H
#define CHAT_STORE_FAIL_H

#ifdef JT_FAIL_POINTS
/** 0, or what the test wants. Any thread; the variable is read at each call. */
int store_fail_point(const char *name);
#else
static inline int store_fail_point(const char *name)
{
    (void)name;
    return 0;
}
#endif

#endif
