/* The client of the echo workloads: PORT CONNECTIONS SECONDS
 *
 * Each connection sends a line of 32 bytes, waits until it is back whole, and sends the next.
 * Answers are counted for SECONDS after a quarter of that to warm up. Prints lines a second, and
 * which part of that time this client was on the CPU: near 1.0 it is the limit, not the server.
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

enum { LINE = 32, EVENTS = 1024, MAX_FD = 65536 };

static const char line[LINE + 1] = "0123456789 abcdefghi 0123456789\n";
static int missing[MAX_FD]; /* bytes of the answer that are not back yet, by descriptor */

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

static void send_line(int fd) {
    missing[fd] = LINE;
    if (write(fd, line, LINE) != LINE) fail("write");
}

static void open_connections(int epoll, int port, int count) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
        if (fd < 0 || fd >= MAX_FD) fail("socket");
        if (connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) fail("epoll_ctl");
        send_line(fd);
    }
}

/* Takes what is back on one connection; returns 1 when that completed the line. */
static int answered(int fd) {
    char buffer[LINE];
    ssize_t n = read(fd, buffer, missing[fd]);
    if (n <= 0) fail("read");
    if (memcmp(buffer, line + LINE - missing[fd], n)) {
        fprintf(stderr, "the answer differs from what was sent\n");
        exit(1);
    }
    missing[fd] -= n;
    return missing[fd] == 0;
}

/* Echoes until the time is over; returns the number of lines. */
static long echo_until(int epoll, double end) {
    struct epoll_event events[EVENTS];
    long lines = 0;
    while (seconds() < end) {
        int n = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (answered(fd)) {
                lines++;
                send_line(fd);
            }
        }
    }
    return lines;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: client PORT CONNECTIONS SECONDS\n");
        return 2;
    }
    double time = atof(argv[3]);
    int epoll = epoll_create1(0);
    open_connections(epoll, atoi(argv[1]), atoi(argv[2]));
    echo_until(epoll, seconds() + time / 4);
    double start = seconds(), cpu = cpu_seconds();
    long lines = echo_until(epoll, start + time);
    double took = seconds() - start;
    printf("%.1f %.3f\n", lines / took, (cpu_seconds() - cpu) / took);
    return 0;
}
