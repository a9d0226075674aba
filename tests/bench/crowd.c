/*
 * A crowd of pages at a running jangteo-chat: for each a one-time ticket, a WebSocket, hello. Written apart from common/.
 *
 *   bench-crowd PORT SHOW [TALKERS]     TALKERS: a file with one Cookie field a line; they come first, and talk
 *
 * Does what stdin says and answers each line with one of JSON:
 *   open N            N pages come, some hundred at a time
 *   talk S M H        for S seconds M messages and H hearts a second; when each message was at the last page
 *   rest S            nothing but answers to pings
 *   back N            all connections break, and all come back with the position they had, so many at a time
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGES_MAX = 19000,
    MESSAGES_MAX = 20000,
    READ_BYTES = 256 * 1024,
    EVENTS = 512,
    AT_ONCE = 200,
    RETRY_US = 500000, /* to twice that */
    DRAIN_US = 10000000,
    TALK_KEY_BYTES = 16,
};

enum stage { GONE, WAITS, CONNECTS, ASKS_TICKET, UPGRADES, SAYS_HELLO, IS_IN };

struct page {
    int fd;
    enum stage stage;
    int64_t due_us; /* WAITS */
    char ticket[600], epoch[40];
    long long ctl, chat;
    bool is_recovered;
    char *rest; /* of a frame or answer that is not whole */
    size_t rest_size;
};

struct message {
    int64_t sent_us, last_us;
    int arrived;
};

static struct crowd {
    int port, epoll, count, in, coming;
    const char *show;
    struct page *pages;
    char *cookies[1000];
    int talkers;
    struct message messages[MESSAGES_MAX];
    int said;
    uint32_t *delays_us;
    size_t delay_count, delay_capacity;
    long long retries, refused, hearts;
} crowd;

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench-crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- coming and going ---- */

static void leave(struct page *page)
{
    if (page->fd >= 0)
        (void)close(page->fd);
    page->fd = -1;
    crowd.in -= page->stage == IS_IN;
    crowd.coming -= page->stage > WAITS && page->stage < IS_IN;
    page->stage = GONE;
    page->rest_size = 0;
}

static void retry(struct page *page)
{
    crowd.retries += page->stage < IS_IN;
    leave(page);
    page->stage = WAITS;
    page->due_us = now_us() + RETRY_US + rand() % RETRY_US;
}

static void come(struct page *page)
{
    int index = (int)(page - crowd.pages), one = 1;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = page};

    /* 200 pages an address, so that ports suffice; a talker has one alone. */
    from.sin_addr.s_addr = htonl(index < crowd.talkers ? 0x7f020001U + (uint32_t)index
                                                       : 0x7f030001U + (uint32_t)index / 200);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)crowd.port);
    page->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (page->fd < 0)
        die("socket");
    (void)setsockopt(page->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(page->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (bind(page->fd, (struct sockaddr *)&from, sizeof(from)))
        die("bind");
    page->stage = CONNECTS;
    page->is_recovered = false;
    crowd.coming++;
    if ((connect(page->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS) ||
        epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, page->fd, &event))
        retry(page);
}

static void put(struct page *page, const void *bytes, size_t size)
{
    if (send(page->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        retry(page);
}

static void ask_ticket(struct page *page)
{
    int index = (int)(page - crowd.pages);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = page};
    char text[1024], content[64];
    int size = snprintf(content, sizeof(content), "{\"show\":\"%s\"}", crowd.show);

    size = snprintf(text, sizeof(text),
                    "POST /api/v1/tickets HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s%s"
                    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                    crowd.port, index < crowd.talkers ? "Cookie: " : "",
                    index < crowd.talkers ? crowd.cookies[index] : "",
                    index < crowd.talkers ? "\r\n" : "", size, content);
    (void)epoll_ctl(crowd.epoll, EPOLL_CTL_MOD, page->fd, &event);
    page->stage = ASKS_TICKET;
    put(page, text, (size_t)size);
}

static void upgrade(struct page *page)
{
    char text[512];
    int size = snprintf(text, sizeof(text),
                        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\n"
                        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        crowd.port, crowd.port);

    page->stage = UPGRADES;
    put(page, text, (size_t)size);
}

/* RFC 6455 §5.2, with a mask of zeros. */
static void say(struct page *page, int opcode, const char *text, size_t size)
{
    uint8_t frame[8 + 2048] = {(uint8_t)(0x80 | opcode)};
    size_t head = size < 126 ? 6 : 8;

    if (size > 2048)
        die("too long a message");
    frame[1] = (uint8_t)(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
        frame[2] = (uint8_t)(size >> 8);
        frame[3] = (uint8_t)size;
    }
    memcpy(frame + head, text, size);
    put(page, frame, head + size);
}

static void say_hello(struct page *page)
{
    char text[1024];
    int size;

    if (*page->epoch)
        size = snprintf(text, sizeof(text),
                        "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"%s\",\"show\":\"%s\",\"ep\":"
                        "\"%s\",\"o\":{\"ctl\":%lld,\"chat\":%lld}}}",
                        page->ticket, crowd.show, page->epoch, page->ctl, page->chat);
    else
        size = snprintf(text, sizeof(text),
                        "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"%s\",\"show\":\"%s\"}}",
                        page->ticket, crowd.show);
    page->stage = SAYS_HELLO;
    say(page, 1, text, (size_t)size);
}

/* ---- what comes ---- */

static const char *find(const char *text, size_t size, const char *what)
{
    const char *at = memmem(text, size, what, strlen(what));

    return at ? at + strlen(what) : NULL;
}

static void copy_until_quote(const char *from, char *out, size_t capacity)
{
    size_t size = strcspn(from, "\"");

    if (size >= capacity)
        die("a word too long");
    memcpy(out, from, size);
    out[size] = '\0';
}

/* The newest place of a lane in what came. */
static void note_offset(const char *text, size_t size, const char *mark, long long *out)
{
    const char *at = text;

    while ((at = find(at, size - (size_t)(at - text), mark)))
        *out = strtoll(at, NULL, 10);
}

static void note_messages(const char *text, size_t size)
{
    const char *at = text;
    int64_t now = now_us();

    while ((at = find(at, size - (size_t)(at - text), "\"t\":\"sent "))) {
        long i = strtol(at, NULL, 8); /* octal: 18 is a bad word */
        struct message *message = &crowd.messages[i];

        if (i < 0 || i >= crowd.said || !message->sent_us)
            continue;
        message->arrived++;
        message->last_us = now;
        if (crowd.delay_count < crowd.delay_capacity)
            crowd.delays_us[crowd.delay_count++] = (uint32_t)(now - message->sent_us);
    }
}

static void on_text(struct page *page, const char *text, size_t size)
{
    const char *epoch, *at;

    if (page->stage == SAYS_HELLO && (epoch = find(text, size, "\"ep\":\""))) {
        page->is_recovered = find(text, size, "\"recovered\":true");
        copy_until_quote(epoch, page->epoch, sizeof(page->epoch));
    }
    note_offset(text, size, "\"ch\":\"ctl\",\"o\":", &page->ctl);
    note_offset(text, size, "\"ch\":\"chat\",\"o\":", &page->chat);
    if ((at = find(text, size, "\"e\":\"sync\",\"d\":{\"chat\":"))) {
        page->chat = strtoll(at, NULL, 10);
        if (page->stage == SAYS_HELLO) {
            page->stage = IS_IN;
            crowd.in++;
            crowd.coming--;
        }
    }
    if ((at = find(text, size, "\"er\":{"))) {
        crowd.refused++;
        (void)fprintf(stderr, "refused: %.60s\n", at);
    }
    if (page->stage == IS_IN)
        note_messages(text, size);
}

/* Returns how much of it was used; 0: not whole yet. */
static size_t on_http(struct page *page, char *text, size_t size)
{
    const char *end = find(text, size, "\r\n\r\n"), *ticket, *length;
    size_t used;

    if (!end)
        return 0;
    used = (size_t)(end - text);
    if (page->stage == UPGRADES) {
        if (strncmp(text, "HTTP/1.1 101", 12))
            retry(page);
        else
            say_hello(page);
        return used;
    }
    length = find(text, used, "Content-Length: ");
    used += length ? strtoul(length, NULL, 10) : 0;
    if (size < used)
        return 0;
    ticket = find(text, used, "\"ticket\":\"");
    if (!ticket) {
        retry(page);
        return used;
    }
    copy_until_quote(ticket, page->ticket, sizeof(page->ticket));
    upgrade(page);
    return used;
}

static size_t on_frame(struct page *page, const char *bytes, size_t size)
{
    const uint8_t *b = (const uint8_t *)bytes;
    size_t head = 2, length;

    if (size < 2)
        return 0;
    length = b[1] & 0x7f;
    head += length == 126 ? 2 : length == 127 ? 8 : 0;
    if (size < head)
        return 0;
    if (head > 2)
        for (size_t i = 2, n = length = 0; i < head; i++, n++)
            length = length << 8 | b[i];
    if (size < head + length)
        return 0;
    switch (b[0] & 15) {
    case 1:
        on_text(page, bytes + head, length);
        break;
    case 8:
        retry(page);
        break;
    case 9:
        say(page, 10, bytes + head, length);
        break;
    default:
        break;
    }
    return head + length;
}

static void keep_rest(struct page *page, const char *bytes, size_t size)
{
    page->rest_size = 0;
    if (!size) {
        free(page->rest);
        page->rest = NULL;
        return;
    }
    page->rest = realloc(page->rest, size);
    if (!page->rest)
        die("memory");
    memcpy(page->rest, bytes, size);
    page->rest_size = size;
}

static void on_readable(struct page *page)
{
    static char bytes[READ_BYTES + 1];
    size_t size = page->rest_size, at = 0;
    ssize_t n;

    if (size >= READ_BYTES)
        die("too long a frame");
    if (size)
        memcpy(bytes, page->rest, size);
    n = recv(page->fd, bytes + size, READ_BYTES - size, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            retry(page);
        return;
    }
    size += (size_t)n;
    bytes[size] = '\0';
    while (page->fd >= 0 && at < size) {
        size_t used = page->stage < SAYS_HELLO ? on_http(page, bytes + at, size - at)
                                               : on_frame(page, bytes + at, size - at);

        if (!used)
            break;
        at += used;
    }
    if (page->fd >= 0)
        keep_rest(page, bytes + at, size - at);
}

/* For so long at most; what comes is dealt with. */
static void turn(int64_t wait_us)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(crowd.epoll, events, EVENTS, wait_us > 0 ? (int)(wait_us / 1000) : 0);

    for (int i = 0; i < count; i++) {
        struct page *page = events[i].data.ptr;

        if (page->fd < 0)
            continue;
        if (page->stage == CONNECTS && (events[i].events & EPOLLERR))
            retry(page);
        else if (page->stage == CONNECTS)
            ask_ticket(page);
        else
            on_readable(page);
    }
}

/* Until all are in; so many come at a time. */
static void bring_in(int at_once)
{
    while (crowd.in < crowd.count) {
        int64_t now = now_us();

        for (int i = 0; i < crowd.count && crowd.coming < at_once; i++)
            if (crowd.pages[i].stage == GONE ||
                (crowd.pages[i].stage == WAITS && crowd.pages[i].due_us <= now))
                come(&crowd.pages[i]);
        for (int i = 0; i < 20; i++)
            turn(5000);
    }
}

/* ---- what is asked ---- */

static void open_pages(int count)
{
    int64_t began = now_us();

    if (crowd.count + count > PAGES_MAX)
        die("too many pages");
    for (int i = 0; i < count; i++)
        crowd.pages[crowd.count++] = (struct page){.fd = -1};
    bring_in(AT_ONCE);
    printf("{\"pages\":%d,\"seconds\":%.2f,\"retries\":%lld}\n", crowd.in,
           (double)(now_us() - began) / 1e6, crowd.retries);
}

static void rest(double seconds)
{
    int64_t until = now_us() + (int64_t)(seconds * 1e6);

    while (now_us() < until)
        turn(20000);
    printf("{\"pages\":%d}\n", crowd.in);
}

static void come_back(int at_once)
{
    int recovered = 0;
    int64_t began;

    for (int i = 0; i < crowd.count; i++)
        leave(&crowd.pages[i]);
    crowd.retries = 0;
    began = now_us();
    bring_in(at_once);
    for (int i = 0; i < crowd.count; i++)
        recovered += crowd.pages[i].is_recovered;
    printf("{\"pages\":%d,\"seconds\":%.2f,\"recovered\":%d,\"retries\":%lld}\n", crowd.in,
           (double)(now_us() - began) / 1e6, recovered, crowd.retries);
}

static void say_message(void)
{
    struct page *page = &crowd.pages[crowd.said % crowd.talkers];
    char text[200];
    int size = snprintf(text, sizeof(text),
                        "{\"id\":7,\"m\":\"chat.send\",\"k\":\"key-%08d\",\"d\":{\"t\":\"sent %o "
                        "한라봉 진짜 맛있어 보여요\"}}",
                        crowd.said, (unsigned)crowd.said);

    if (page->stage != IS_IN || crowd.said == MESSAGES_MAX)
        return;
    crowd.messages[crowd.said++].sent_us = now_us();
    say(page, 1, text, (size_t)size);
}

static void say_hearts(void)
{
    static const char text[] = "{\"m\":\"heart\",\"d\":{\"n\":5}}";
    struct page *page = &crowd.pages[crowd.hearts++ % crowd.talkers];

    if (page->stage == IS_IN)
        say(page, 1, text, strlen(text));
}

static int compare(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double ms_at(const uint32_t *sorted, size_t count, size_t percent)
{
    return count ? (double)sorted[(count - 1) * percent / 100] / 1e3 : 0;
}

static void report(int first)
{
    size_t whole = 0, shown = 0;
    uint32_t *last = calloc((size_t)(crowd.said - first) + 1, sizeof(*last));

    if (!last)
        die("memory");
    for (int i = first; i < crowd.said; i++) {
        const struct message *message = &crowd.messages[i];

        shown += message->arrived > 0;
        if (message->arrived == crowd.count)
            last[whole++] = (uint32_t)(message->last_us - message->sent_us);
    }
    qsort(last, whole, sizeof(*last), compare);
    qsort(crowd.delays_us, crowd.delay_count, sizeof(*crowd.delays_us), compare);
    printf(
        "{\"said\":%d,\"shown\":%zu,\"at_all\":%zu,\"deliveries\":%zu,\"refused\":%lld,\"retries\":"
        "%lld,\"last\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},\"each\":{\"p50\":%.1f,\"p99\":"
        "%.1f}}\n",
        crowd.said - first, shown, whole, crowd.delay_count, crowd.refused, crowd.retries,
        ms_at(last, whole, 50), ms_at(last, whole, 99), ms_at(last, whole, 100),
        ms_at(crowd.delays_us, crowd.delay_count, 50),
        ms_at(crowd.delays_us, crowd.delay_count, 99));
    free(last);
}

static void talk(double seconds, int messages_per_s, int hearts_per_s)
{
    int64_t began = now_us(), until = began + (int64_t)(seconds * 1e6), now;
    int first = crowd.said, said = 0, hearts = 0;
    size_t all = (size_t)(seconds * messages_per_s) * (size_t)crowd.count;

    crowd.delay_capacity = all + 1;
    crowd.delays_us = calloc(crowd.delay_capacity, sizeof(*crowd.delays_us));
    crowd.delay_count = 0;
    crowd.refused = crowd.retries = 0;
    if (!crowd.delays_us || !crowd.talkers)
        die("talkers");
    while ((now = now_us()) < until) {
        for (; said < (now - began) * messages_per_s / 1000000; said++)
            say_message();
        for (; hearts < (now - began) * hearts_per_s / 1000000; hearts++)
            say_hearts();
        turn(2000);
    }
    all = (size_t)(crowd.said - first - (int)crowd.refused) * (size_t)crowd.count;
    while (now_us() < until + DRAIN_US && crowd.delay_count < all)
        turn(2000);
    report(first);
    free(crowd.delays_us);
    crowd.delays_us = NULL;
}

static void obey(const char *line)
{
    double seconds;
    int a, b;

    if (sscanf(line, "open %d", &a) == 1)
        open_pages(a);
    else if (sscanf(line, "talk %lf %d %d", &seconds, &a, &b) == 3)
        talk(seconds, a, b);
    else if (sscanf(line, "rest %lf", &seconds) == 1)
        rest(seconds);
    else if (sscanf(line, "back %d", &a) == 1)
        come_back(a);
    else
        die(line);
    (void)fflush(stdout);
}

static void read_talkers(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[512];

    if (!file)
        die(path);
    while (crowd.talkers < 1000 && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        crowd.cookies[crowd.talkers++] = strdup(line);
    }
    (void)fclose(file);
}

/* While nothing is asked, pings are answered all the same. */
static bool is_asked(void)
{
    struct timeval now = {0};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(STDIN_FILENO, &set);
    return select(STDIN_FILENO + 1, &set, NULL, NULL, &now) > 0;
}

int main(int argc, char **argv)
{
    char line[256];

    if (argc < 3)
        return 2;
    crowd.port = atoi(argv[1]);
    crowd.show = argv[2];
    if (argc > 3)
        read_talkers(argv[3]);
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd.pages = calloc(PAGES_MAX, sizeof(*crowd.pages));
    if (crowd.epoll < 0 || !crowd.pages)
        die("start");
    for (;;) {
        if (!is_asked())
            turn(20000);
        else if (fgets(line, sizeof(line), stdin))
            obey(line);
        else
            return 0;
    }
}
