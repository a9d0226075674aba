/**
 * What this process may do, taken away in two steps: limits before anything else, system calls when
 * the loader is in memory and before a byte of the upload is parsed (threat X3). Nothing gives it
 * back.
 */
#ifndef CHAT_PICTURE_DECODER_CAGE_H
#define CHAT_PICTURE_DECODER_CAGE_H

#include "base/base.h"

enum {
    CAGE_MEMORY_BYTES = 512 * 1024 * 1024, /* ours: 40 million pixels as RGBA, twice, and some */
    CAGE_CPU_S = 10,                       /* ours */
    CAGE_DESCRIPTORS = 16,                 /* ours: modules are opened one after the other */
};

/** Memory, time, file size, descriptors, no core file, no new privileges; gone with the parent.
 * A negative errno value. */
JT_MUST_CHECK int cage_limit(void);

/** From now on: memory, reading and writing what is open, the end. Opening says EACCES, anything
 * else kills (SIGSYS). A negative errno value. */
JT_MUST_CHECK int cage_close(void);

#endif
