/**
 * Descriptors are shared by all of a process, strangers' connections included. Who accepts these leaves some over, so
 * that health checks are answered, rings are taken and files opened whatever strangers do (threat V6).
 */
#ifndef JT_BASE_DESCRIPTORS_H
#define JT_BASE_DESCRIPTORS_H

#include <stdbool.h>

enum {
    JT_DESCRIPTORS_RESERVE = 32,      /* threats.md, "Process": what strangers may not have */
    JT_DESCRIPTORS_RESERVE_ADMIN = 8, /* ours: what health checks and metrics leave to the rest */
};

/**
 * Is `fd`, which was made this moment, among the last `reserve` that the limit allows (RLIMIT_NOFILE, read anew)? The
 * kernel gives the lowest number that is free, so all below it are taken. Any thread.
 */
bool jt_descriptor_is_reserved(int fd, int reserve);

#endif
