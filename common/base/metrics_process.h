/** What the kernel knows of this process, as Prometheus metrics under their usual names. */
#ifndef JT_BASE_METRICS_PROCESS_H
#define JT_BASE_METRICS_PROCESS_H

#include <stdio.h>

/**
 * Print CPU seconds, memory, descriptors, threads and start time in the exposition format, sorted by name. What can't
 * be read (a sandbox may hide /proc) is left out. Any thread.
 */
void jt_metrics_process_print(FILE *out);

#endif
