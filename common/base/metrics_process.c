#include "base/metrics_process.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    /* proc_pid_stat(5), counted from the state, the first field behind the name */
    STAT_THREADS = 17,
    STAT_START_TICKS = 19,
    STAT_VIRTUAL_BYTES = 20,
    STAT_RESIDENT_PAGES = 21,
    STAT_FIELDS = 22,
};

static void print_one(FILE *out, const char *name, const char *type, const char *help, double value)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name,
                  value);
}

/* The numbers of /proc/self/stat from the process state on (which reads as 0). */
static bool read_stat(double fields[STAT_FIELDS])
{
    FILE *file = fopen("/proc/self/stat", "re");
    char text[1024] = "";
    char *next, *word, *rest = NULL;
    size_t n;

    if (!file)
        return false;
    n = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[n] = '\0';
    next = strrchr(text, ')'); /* the name may hold spaces and parentheses itself */
    if (!next)
        return false;
    word = strtok_r(next + 1, " ", &rest);
    for (size_t i = 0; i < STAT_FIELDS; i++) {
        if (!word)
            return false;
        fields[i] = strtod(word, NULL);
        word = strtok_r(NULL, " ", &rest);
    }
    return true;
}

static int count_open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = -1; /* the folder's own */

    if (!folder)
        return -1;
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count - 2; /* . and .. */
}

static void print_fds(FILE *out)
{
    struct rlimit limit;
    int open_fds = count_open_fds();

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        print_one(out, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
                  (double)limit.rlim_cur);
    if (open_fds >= 0)
        print_one(out, "process_open_fds", "gauge", "Number of open file descriptors.", open_fds);
}

/* Ticks since boot, suspension included, as a wall time. */
static double start_time_s(double start_ticks)
{
    struct timespec since_boot = {0};

    (void)clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return (double)jt_clock_wall_us() / JT_USEC_PER_SEC - (double)since_boot.tv_sec -
           (double)since_boot.tv_nsec / 1e9 + start_ticks / (double)sysconf(_SC_CLK_TCK);
}

void jt_metrics_process_print(FILE *out)
{
    double fields[STAT_FIELDS] = {0};
    struct timespec cpu;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
        print_one(out, "process_cpu_seconds_total", "counter",
                  "Total user and system CPU time spent in seconds.",
                  (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
    print_fds(out);
    if (!read_stat(fields))
        return;
    print_one(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
              fields[STAT_RESIDENT_PAGES] * (double)sysconf(_SC_PAGESIZE));
    print_one(out, "process_start_time_seconds", "gauge",
              "Start time of the process since unix epoch in seconds.",
              start_time_s(fields[STAT_START_TICKS]));
    print_one(out, "process_threads", "gauge", "Number of threads.", fields[STAT_THREADS]);
    print_one(out, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
              fields[STAT_VIRTUAL_BYTES]);
}
