/* The client of the workloads over TCP: PORT KIND CONNECTIONS LINES SECONDS
 *
 * Each connection sends a packet, waits until its answer is back whole, and sends the next.
 * KIND is
 *   echo   a packet of LINES lines of 32 bytes, which come back as they were; lines are counted
 *   kv     a command, PUT and GET in turn, to one of BUCKETS buckets; commands are counted
 *   churn  one line, and the connection is closed and made anew; connections are counted
 *   idle   one line; then it prints a line and waits until its standard input ends
 *
 * Counted for SECONDS after a quarter of that to warm up. Prints the count a second, which part of
 * that time this client was on the CPU (near 1.0 it is the limit, not the server), and the time
 * from sending a packet to its whole answer in microseconds: the median and the 99th percentile.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 32, LONGEST = 64 * LINE, EVENTS = 1024, MAX_FD = 65536, BUCKETS = 16 };
enum { HEADS = 32, PARTS = 64 }; /* of the histogram: powers of two, and parts of each */

static const char line[LINE + 1] = "0123456789 abcdefghi 0123456789\n";
static char lines[LONGEST];

struct packet { char *ask, *answer; int asked, answered; };

static struct connection {
    struct packet packets[2]; /* sent in turn */
    int turn, missing;        /* bytes of the answer that are not back yet */
    double sent;
} connections[MAX_FD];        /* by descriptor */

static int epoll, port;
static double now;            /* read after each answer, which is when the next packet is sent */
static long histogram[HEADS * PARTS];

static void fail(const char *what) { perror(what); exit(1); }

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- latency: each bucket is 1/64 wide of where it begins */

static void note(double took) {
    unsigned long ns = took * 1e9;
    if (ns < PARTS) ns = PARTS;
    int head = 63 - __builtin_clzl(ns) - 6;
    if (head >= HEADS) head = HEADS - 1;
    histogram[head * PARTS + (ns >> head) % PARTS]++;
}

static double percentile(double part) {
    long all = 0, seen = 0;
    for (int i = 0; i < HEADS * PARTS; i++) all += histogram[i];
    for (int i = 0; i < HEADS * PARTS; i++)
        if ((seen += histogram[i]) >= all * part)
            return (double)((unsigned long)(PARTS + i % PARTS) << (i / PARTS)) / 1e3;
    return 0;
}

/* ---- connections */

static void send_packet(int fd) {
    struct connection *c = &connections[fd];
    struct packet *p = &c->packets[c->turn];
    c->missing = p->answered;
    c->sent = now;
    if (write(fd, p->ask, p->asked) != p->asked) fail("write");
}

/* Each from the next address of 127/8: from one address the ports would run out in a second. */
static int open_connection(void) {
    static unsigned host;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)}, from = to;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + host++ % 200);
    from.sin_port = 0;
    if (fd < 0 || fd >= MAX_FD) fail("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from)) fail("bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) fail("epoll_ctl");
    return fd;
}

/* Takes what is back on one connection; returns 1 when that completed the answer. */
static int answered(int fd) {
    char buffer[LONGEST];
    struct connection *c = &connections[fd];
    struct packet *p = &c->packets[c->turn];
    ssize_t n = read(fd, buffer, c->missing);
    if (n <= 0) fail("read");
    if (memcmp(buffer, p->answer + p->answered - c->missing, n)) {
        fprintf(stderr, "expected %.*s, got %.*s\n", c->missing,
                p->answer + p->answered - c->missing, (int)n, buffer);
        exit(1);
    }
    return (c->missing -= n) == 0;
}

/* Sends a packet and waits for its answer, as all others are silent. */
static void exchange(int fd) {
    send_packet(fd);
    while (!answered(fd)) {}
}

/* ---- what is sent, and what must come back */

static struct packet packet(const char *ask, const char *answer) {
    return (struct packet){strdup(ask), strdup(answer), strlen(ask), strlen(answer)};
}

static void say_lines(struct connection *c, int count) {
    struct packet p = {lines, lines, count * LINE, count * LINE};
    c->packets[0] = c->packets[1] = p;
}

static void say_commands(struct connection *c, int number) {
    char ask[LINE * 2], answer[LINE * 2];
    int bucket = number % BUCKETS;
    if (number < BUCKETS) { /* before any other connection is made */
        sprintf(ask, "CREATE bucket%d\r\n", bucket);
        c->packets[c->turn] = packet(ask, "OK\r\n");
        exchange(c - connections);
    }
    sprintf(ask, "PUT bucket%d key%d value%d\r\n", bucket, number, number);
    c->packets[0] = packet(ask, "OK\r\n");
    sprintf(ask, "GET bucket%d key%d\r\n", bucket, number);
    sprintf(answer, "value%d\r\nOK\r\n", number);
    c->packets[1] = packet(ask, answer);
    c->turn = 0;
}

/* ---- measuring */

/* Exchanges packets until the time is over; returns how many came back. */
static long exchange_until(double end, int churn) {
    struct epoll_event events[EVENTS];
    long count = 0;
    while (now < end) {
        int n = epoll_wait(epoll, events, EVENTS, 100);
        now = seconds();
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (!answered(fd)) continue;
            now = seconds();
            note(now - connections[fd].sent);
            count++;
            if (churn) {
                close(fd);
                fd = open_connection();
                say_lines(&connections[fd], 1);
            } else {
                connections[fd].turn ^= 1;
            }
            send_packet(fd);
        }
    }
    return count;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: client PORT KIND CONNECTIONS LINES SECONDS\n");
        return 2;
    }
    const char *kind = argv[2];
    int count = atoi(argv[3]), at_once = atoi(argv[4]), kv = !strcmp(kind, "kv");
    int churn = !strcmp(kind, "churn"), idle = !strcmp(kind, "idle");
    double time = atof(argv[5]);
    if (at_once < 1 || at_once * LINE > LONGEST) return 2;
    for (int i = 0; i < LONGEST; i++) lines[i] = line[i % LINE];
    port = atoi(argv[1]);
    epoll = epoll_create1(0);
    int *opened = calloc(count, sizeof *opened);
    for (int i = 0; i < count; i++) {
        struct connection *c = &connections[opened[i] = open_connection()];
        if (kv) say_commands(c, i);
        else say_lines(c, at_once);
        if (idle) exchange(opened[i]);
    }
    if (idle) {
        printf("idle\n");
        fflush(stdout);
        return getchar() != EOF;
    }
    now = seconds();
    for (int i = 0; i < count; i++) send_packet(opened[i]);
    exchange_until(now + time / 4, churn);
    memset(histogram, 0, sizeof histogram);
    double start = now, cpu = cpu_seconds();
    long done = exchange_until(start + time, churn) * (kv || churn ? 1 : at_once);
    double took = now - start;
    printf("%.1f %.3f %.1f %.1f\n", done / took, (cpu_seconds() - cpu) / took, percentile(0.5),
           percentile(0.99));
    return 0;
}
