/**
 * Where the fixed senders of the benches send to: one UDP port per viewer.
 *
 * On loopback each port is a socket that a child process drains, as a viewer does, so that the receiver's half of the
 * kernel's work is done as well. Into a sink (a tc filter that takes the frames on their way out) nobody listens.
 */
#ifndef BENCH_DESTINATIONS_H
#define BENCH_DESTINATIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

struct destinations {
    int count;
    struct sockaddr_in *list;
    pid_t drain; /* 0: nobody listens */
    int report;  /* the drain's count comes here at its end */
};

/* `address`: NULL for sockets of our own on loopback, else ports 20000 and up there. 0 or a negative errno. */
int destinations_open(struct destinations *out, int count, const char *address);
/* Ends the drain. Returns how many datagrams it got, or -1 if nobody listened. */
long long destinations_close(struct destinations *destinations);

#endif
