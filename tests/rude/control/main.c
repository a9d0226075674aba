/*
 * rude-control: a peer at the control socket that says what it is told, with what descriptors it is told. Written apart
 * from common/. Reads commands from stdin, one a line; NAME is any word for a connection:
 *
 *   NAME connect PATH         NAME listen PATH        one peer is taken in
 *   NAME send FDS TEXT        FDS: "-", or words with commas between: null, null*N, pipe, eventfd, memfd (unsealed),
 *                             file, got:N (the N-th descriptor received so far)
 *   NAME close                - probe N               what can be done to the N-th descriptor received
 *
 * Prints "NAME open", "NAME got FIRST COUNT TEXT" (numbers of its descriptors), "NAME closed", "NAME sent",
 * "NAME failed ERRNO", and probes as JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PEERS_MAX = 8, SEND_FDS_MAX = 253, LINE_MAX_BYTES = 32768, GOT_MAX = 1024 };

struct peer {
    char name[16];
    int fd;
    int is_listening;
};

static struct peer peers[PEERS_MAX];
static int peer_count;
static int got[GOT_MAX];
static int got_count;

static struct peer *peer_of(const char *name)
{
    for (int i = 0; i < peer_count; i++)
        if (strcmp(peers[i].name, name) == 0)
            return &peers[i];
    if (peer_count == PEERS_MAX)
        exit(2);
    peers[peer_count] = (struct peer){.fd = -1};
    (void)snprintf(peers[peer_count].name, sizeof(peers[0].name), "%s", name);
    return &peers[peer_count++];
}

static void say(const struct peer *peer, const char *what, int result)
{
    if (result < 0)
        (void)printf("%s failed %s\n", peer->name, strerrorname_np(errno));
    else
        (void)printf("%s %s\n", peer->name, what);
}

static void open_peer(struct peer *peer, const char *path, int is_listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    peer->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    peer->is_listening = is_listening;
    if (is_listening) {
        (void)unlink(path);
        say(peer, "listening",
            bind(peer->fd, (struct sockaddr *)&address, sizeof(address)) ? -1
                                                                         : listen(peer->fd, 8));
        return;
    }
    say(peer, "open", connect(peer->fd, (struct sockaddr *)&address, sizeof(address)));
}

/* Returns how many were added. */
static int add_fds(const char *word, int *fds, int room)
{
    int count = 1;

    if (sscanf(word, "null*%d", &count) == 1 || strcmp(word, "null") == 0) {
        for (int i = 0; i < count && i < room; i++)
            fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
        return count < room ? count : room;
    }
    if (strcmp(word, "pipe") == 0)
        return pipe2(fds, O_CLOEXEC) ? 0 : 2;
    if (strcmp(word, "eventfd") == 0)
        fds[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    else if (strcmp(word, "memfd") == 0)
        fds[0] = memfd_create("rude", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    else if (strcmp(word, "file") == 0)
        fds[0] = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    else if (sscanf(word, "got:%d", &count) == 1 && count < got_count)
        fds[0] = dup(got[count]);
    else
        return 0;
    if (strcmp(word, "memfd") == 0)
        (void)!ftruncate(fds[0], 1 << 20);
    return 1;
}

static void send_message(struct peer *peer, char *words, const char *text)
{
    int fds[SEND_FDS_MAX], count = 0;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(fds))];
    } control = {0};
    struct iovec data = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    struct cmsghdr *header;
    char *rest = NULL;

    for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        count += add_fds(word, fds + count, SEND_FDS_MAX - count);
    if (count) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
    }
    say(peer, "sent", (int)sendmsg(peer->fd, &message, MSG_NOSIGNAL));
    while (count)
        (void)close(fds[--count]);
}

static void take_fds(const struct msghdr *message)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int count = header ? (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;

    for (int i = 0; i < count && got_count < GOT_MAX; i++)
        memcpy(&got[got_count++], CMSG_DATA(header) + (size_t)i * sizeof(int), sizeof(int));
}

static void receive(struct peer *peer)
{
    static char text[LINE_MAX_BYTES];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(SEND_FDS_MAX * sizeof(int))];
    } control;
    struct iovec data = {.iov_base = text, .iov_len = sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control)};
    int first = got_count;
    ssize_t n;

    if (peer->is_listening) {
        int fd = accept4(peer->fd, NULL, NULL, SOCK_CLOEXEC);

        (void)close(peer->fd);
        peer->fd = fd;
        peer->is_listening = 0;
        say(peer, "open", fd);
        return;
    }
    n = recvmsg(peer->fd, &message, MSG_CMSG_CLOEXEC);
    if (n <= 0) {
        (void)close(peer->fd);
        peer->fd = -1;
        say(peer, "closed", 0);
        return;
    }
    text[n] = '\0';
    take_fds(&message);
    (void)printf("%s got %d %d %s\n", peer->name, first, got_count - first, text);
}

static const char *name_of(int failed)
{
    return failed ? strerrorname_np(errno) : "OK";
}

/* Each way to change what somebody else shares. */
static void probe(int number)
{
    struct stat status = {0};
    int fd = number < got_count ? got[number] : -1;
    const char *write_result, *grow, *shrink, *map, *protect, *seal;
    void *memory;

    (void)fstat(fd, &status);
    write_result = name_of(pwrite(fd, "x", 1, 0) != 1);
    grow = name_of(ftruncate(fd, status.st_size + 4096) != 0);
    shrink = name_of(ftruncate(fd, status.st_size - 4096) != 0);
    memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    map = name_of(memory == MAP_FAILED);
    memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    protect = memory == MAP_FAILED ? "UNMAPPED"
                                   : name_of(mprotect(memory, 4096, PROT_READ | PROT_WRITE) != 0);
    seal = name_of(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0);
    (void)printf("{\"size\":%lld,\"write\":\"%s\",\"grow\":\"%s\",\"shrink\":\"%s\",\"map\":\"%s\","
                 "\"protect\":\"%s\","
                 "\"seal\":\"%s\"}\n",
                 (long long)status.st_size, write_result, grow, shrink, map, protect, seal);
}

static void obey(char *line)
{
    char name[16], verb[16], *rest = line;
    int used = 0;

    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%15s %15s %n", name, verb, &used) < 2)
        return;
    rest = line + used;
    if (strcmp(verb, "connect") == 0 || strcmp(verb, "listen") == 0) {
        open_peer(peer_of(name), rest, strcmp(verb, "listen") == 0);
    } else if (strcmp(verb, "send") == 0) {
        char *text = strchr(rest, ' ');

        if (text) {
            *text++ = '\0';
            send_message(peer_of(name), rest, text);
        }
    } else if (strcmp(verb, "close") == 0) {
        (void)close(peer_of(name)->fd);
        peer_of(name)->fd = -1;
        say(peer_of(name), "closed", 0);
    } else if (strcmp(verb, "probe") == 0) {
        probe(atoi(rest));
    }
}

int main(void)
{
    static char line[LINE_MAX_BYTES];

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)setvbuf(stdin, NULL, _IONBF, 0); /* poll sees what stdio has not read ahead */
    for (;;) {
        struct pollfd polled[PEERS_MAX + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};

        for (int i = 0; i < peer_count; i++)
            polled[i + 1] = (struct pollfd){.fd = peers[i].fd, .events = POLLIN};
        if (poll(polled, (nfds_t)peer_count + 1, -1) < 0)
            return 1;
        for (int i = peer_count - 1; i >= 0; i--)
            if (polled[i + 1].revents)
                receive(&peers[i]);
        if (polled[0].revents) {
            if (!fgets(line, sizeof(line), stdin))
                return 0;
            obey(line);
        }
    }
}
