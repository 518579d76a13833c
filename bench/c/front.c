/* The ceiling: the least that a server can do that starts one process per request.
 *
 * N threads, each an epoll loop with callers, children and a unix socket of its own.
 * For each POST a child is started as limit.c starts it, its answer is taken, the
 * caller is given it, the child is reaped. Nothing is checked, logged or bounded in
 * time, and nothing is guaranteed: a child that connects and says nothing holds its
 * thread up for good. What this is slower by than limit.c is HTTP, and callers who
 * share the processors.
 *
 *   front -t THREADS -p PORT -n CHILDREN [-s SOCKET] [-g DIR] -- PROGRAM [ARG...]
 *
 *   -n  so many children of each thread at a time; who comes then waits
 *   -s  children answer by a POST to a unix socket, SOCKET.0 and so on, one for each
 *       thread. Without it their stdout is a pipe that is read to its end.
 *   -g  a cgroup v2 below DIR for each child, made ahead while another child runs
 *
 * The last argument of a child is the body of the request. At SIGTERM, front waits
 * for the children that run, and prints one line: answered=CALLS failed=CALLS */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "born.h"

enum { ROOM = 8192, ARGS = 16, EVENTS = 64 };

/* What an event is about. Whatever epoll is given begins with it. */
enum kind { STOP, CALLERS, ANSWERS, CALLER, OUTPUT };

/* A connection, and what was read of it. */
struct caller {
    enum kind kind;
    int fd; /* -1: left while it was waiting */
    int waits;
    struct caller *next;    /* of those who wait */
    struct call *call;      /* that is made for it; 0: none */
    size_t have, body, end; /* bytes read; where the body of the request begins and ends */
    char in[ROOM + 1];
};

/* The place of a child. It is free when the child is answered and reaped. */
struct call {
    enum kind kind;
    pid_t pid; /* 0: reaped */
    int waits; /* for its answer */
    int out, failed;
    long n;
    struct caller *from; /* 0: has left */
    size_t have;         /* bytes of output */
    char output[ROOM];
};

struct worker {
    enum kind kind;
    pthread_t thread;
    int id, epoll, socket;
    int group; /* of the next child */
    int alive, open; /* children that are not reaped, not answered */
    long n, answered, failed;
    struct caller *first, *last; /* of those who wait */
    struct call *calls;
    char id_env[64], socket_env[160];
};

static char *program[ARGS + 2], *path;
static int args, threads = 1, places = 16, listener, groups = -1, stop_event;
static struct worker *workers;
static enum kind stop_kind = STOP, listener_kind = CALLERS;
static volatile sig_atomic_t stop;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct worker *w, int fd, void *what) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = what};
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
}

/* To close is not enough: a child of another thread that is about to exec has a copy,
 * and epoll would go on telling of that. */
static void forget(struct worker *w, int fd) {
    epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, 0);
    close(fd);
}

static void make_group(struct worker *w) {
    char name[64];
    if (groups < 0) return;
    snprintf(name, sizeof name, "%d-%ld", w->id, w->n);
    if (mkdirat(groups, name, 0755)) die("mkdir");
    if ((w->group = openat(groups, name, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) die("open");
}

static void remove_group(struct worker *w, long n) {
    char name[64];
    if (groups < 0) return;
    snprintf(name, sizeof name, "%d-%ld", w->id, n);
    if (unlinkat(groups, name, AT_REMOVEDIR)) die("rmdir");
}

/* A request that is none has a short answer; what comes of shutting it down is read 0. */
static void refuse(struct caller *c) {
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    send(c->fd, bad, sizeof bad - 1, MSG_NOSIGNAL);
    shutdown(c->fd, SHUT_RDWR);
}

/* Puts the next request of a caller among those that wait, when all of it is there. */
static void take(struct worker *w, struct caller *c) {
    char *end = strstr(c->in, "\r\n\r\n"), *length = strcasestr(c->in, "\r\nContent-Length:");
    size_t size = end && length && length < end ? strtoul(length + 17, 0, 10) : 0;
    if (!end && c->have < ROOM) return;
    if (!end || size > ROOM || (c->body = end + 4 - c->in, c->end = c->body + size) > ROOM || memcmp(c->in, "POST ", 5)) {
        refuse(c);
        return;
    }
    if (c->have < c->end) return;
    c->waits = 1;
    c->next = 0;
    if (w->first) w->last->next = c; else w->first = c;
    w->last = c;
}

static void leave(struct worker *w, struct caller *c) {
    forget(w, c->fd);
    c->fd = -1;
    if (c->call) c->call->from = 0;
    if (!c->waits) free(c);
}

/* What a caller sends while it waits is read too, so that its leaving is seen. */
static void hear(struct worker *w, struct caller *c) {
    ssize_t n = read(c->fd, c->in + c->have, ROOM - c->have);
    if (n <= 0) {
        leave(w, c);
        return;
    }
    c->have += n;
    c->in[c->have] = 0;
    if (!c->waits && !c->call) take(w, c);
}

/* Connections are dealt out to the threads in turn. */
static void accept_caller(void) {
    static unsigned turn;
    struct caller *c = calloc(1, sizeof *c);
    if (!c || (c->fd = accept4(listener, 0, 0, SOCK_CLOEXEC)) < 0) die("accept");
    c->kind = CALLER;
    watch(&workers[turn++ % threads], c->fd, c);
}

/* A child that has not answered, or has not ended well. It may be both. */
static void fail(struct worker *w, struct call *c) {
    if (!c->failed) w->failed++;
    c->failed = 1;
}

/* Answers who has asked, and goes on with what it has sent since. */
static void reply(struct worker *w, struct call *c, const char *body, size_t size) {
    char out[ROOM + 128];
    struct caller *to = c->from;
    int head = snprintf(out, sizeof out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        size ? "200 OK" : "502 Bad Gateway", size);
    c->waits = 0;
    w->open--;
    if (size) w->answered++; else fail(w, c);
    if (!to) return;
    memcpy(out + head, body, size);
    send(to->fd, out, head + size, MSG_NOSIGNAL);
    to->call = 0;
    to->have -= to->end;
    memmove(to->in, to->in + to->end, to->have + 1);
    if (to->have) take(w, to);
}

/* A child has connected: one read is its POST, /urhttp/ and the id that it was given. */
static void accept_answer(struct worker *w) {
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", no[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    char b[ROOM], *body = 0;
    unsigned place = places;
    long number = -1;
    int s = accept4(w->socket, 0, 0, SOCK_CLOEXEC);
    if (s < 0) die("accept");
    ssize_t n = read(s, b, sizeof b - 1);
    if (n > 0) {
        b[n] = 0;
        body = strstr(b, "\r\n\r\n");
        sscanf(b, "POST /urhttp/%8x-0000-4000-8000-%12lx ", &place, &number);
    }
    if (body && place < (unsigned)places && w->calls[place].n == number && w->calls[place].waits) {
        body += 4;
        reply(w, &w->calls[place], body, b + n - body);
        send(s, ok, sizeof ok - 1, MSG_NOSIGNAL);
    } else send(s, no, sizeof no - 1, MSG_NOSIGNAL);
    close(s);
}

/* A child has printed, or all copies of its stdout are closed. */
static void read_output(struct worker *w, struct call *c) {
    ssize_t n = read(c->out, c->output + c->have, ROOM - c->have);
    if (n > 0) {
        c->have += n;
        return;
    }
    forget(w, c->out);
    reply(w, c, c->output, c->have);
}

static void start(struct worker *w, struct caller *from, struct call *c) {
    char body[ROOM + 1], *argv[ARGS + 2], *env[] = {w->id_env, w->socket_env, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", 0};
    int p[2] = {-1, -1};
    size_t size = from->end - from->body;
    memcpy(body, from->in + from->body, size);
    body[size] = 0;
    memcpy(argv, program, sizeof argv);
    argv[args] = body;
    if (!path && pipe2(p, O_CLOEXEC)) die("pipe");
    snprintf(w->id_env, sizeof w->id_env, "REQUEST_ID=%08x-0000-4000-8000-%012lx", (unsigned)(c - w->calls), w->n);
    from->call = c;
    c->from = from, c->n = w->n++, c->waits = 1, c->failed = 0, c->out = p[0], c->have = 0;
    if ((c->pid = born(w->group, argv, env, p[1])) < 0) die("start");
    w->alive++, w->open++;
    if (!path) {
        close(p[1]);
        watch(w, c->out, c);
    }
    if (w->group >= 0) close(w->group);
    make_group(w);
}

static struct call *free_place(struct worker *w) {
    for (int i = 0; i < places; i++)
        if (!w->calls[i].pid && !w->calls[i].waits) return &w->calls[i];
    return 0;
}

/* Starts the child of who has waited longest, if there is a place: only one, for others
 * may have answered by then. */
static void start_next(struct worker *w) {
    struct caller *c;
    struct call *place;
    while ((c = w->first) && (place = free_place(w))) {
        w->first = c->next;
        c->waits = 0;
        if (c->fd >= 0) {
            start(w, c, place);
            return;
        }
        free(c);
    }
}

/* Reaps what has ended; nobody waits for that. Without an answer by then, there will
 * be none on the socket. */
static void reap(struct worker *w) {
    int status;
    pid_t pid;
    while (w->alive && (pid = wait4(-1, &status, WNOHANG | __WNOTHREAD, 0)) > 0) {
        struct call *c = w->calls;
        while (c->pid != pid) c++;
        c->pid = 0;
        w->alive--;
        remove_group(w, c->n);
        if (c->waits && path) reply(w, c, "", 0);
        if (status) fail(w, c);
    }
}

static void handle(struct worker *w, enum kind *what) {
    switch (*what) {
    case STOP: epoll_ctl(w->epoll, EPOLL_CTL_DEL, stop_event, 0); break;
    case CALLERS: accept_caller(); break;
    case ANSWERS: accept_answer(w); break;
    case CALLER: hear(w, (struct caller *)what); break;
    case OUTPUT: read_output(w, (struct call *)what); break;
    }
}

static void *work(void *v) {
    struct worker *w = v;
    struct epoll_event events[EVENTS];
    make_group(w);
    while (!stop || w->alive || w->open || w->first) {
        start_next(w);
        reap(w);
        int idle = w->alive || stop ? 1 : -1; /* ms, to look again for who is to be reaped */
        int n = epoll_wait(w->epoll, events, EVENTS, w->first && free_place(w) ? 0 : idle);
        for (int i = 0; i < n; i++) handle(w, events[i].data.ptr);
    }
    remove_group(w, w->n);
    return 0;
}

static int listen_on(int family, void *address, socklen_t size) {
    int one = 1, s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) || bind(s, address, size) || listen(s, 1024)) die("listen");
    return s;
}

static void prepare(struct worker *w, int id) {
    w->kind = ANSWERS, w->id = id, w->group = -1;
    w->calls = calloc(places, sizeof *w->calls);
    for (int i = 0; i < places; i++) w->calls[i].kind = OUTPUT;
    if ((w->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll");
    watch(w, stop_event, &stop_kind);
    if (!path) return;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (snprintf(a.sun_path, sizeof a.sun_path, "%s.%d", path, id) >= (int)sizeof a.sun_path) die(path);
    snprintf(w->socket_env, sizeof w->socket_env, "UROCKET_SOCKET=%s", a.sun_path);
    unlink(a.sun_path);
    w->socket = listen_on(AF_UNIX, &a, sizeof a);
    watch(w, w->socket, w);
}

static void on_term(int signal) {
    stop = signal;
    if (write(stop_event, &(uint64_t){1}, 8)) {}
}

int main(int argc, char **argv) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    long answered = 0, failed = 0;
    int o;
    while ((o = getopt(argc, argv, "+t:p:n:s:g:")) != -1) switch (o) {
        case 't': threads = atoi(optarg); break;
        case 'p': a.sin_port = htons(atoi(optarg)); break;
        case 'n': places = atoi(optarg); break;
        case 's': path = optarg; break;
        case 'g': if ((groups = open(optarg, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) die(optarg); break;
        default: return 2;
    }
    args = argc - optind;
    if (args < 1 || args > ARGS || threads < 1 || places < 1 || !a.sin_port) return 2;
    memcpy(program, argv + optind, args * sizeof *program);
    listener = listen_on(AF_INET, &a, sizeof a);
    stop_event = eventfd(0, EFD_CLOEXEC);
    workers = calloc(threads, sizeof *workers);
    for (int i = 0; i < threads; i++) prepare(&workers[i], i);
    watch(&workers[0], listener, &listener_kind);
    signal(SIGTERM, on_term);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&workers[i].thread, 0, work, &workers[i])) die("thread");
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, 0);
        answered += workers[i].answered, failed += workers[i].failed;
    }
    printf("answered=%ld failed=%ld\n", answered, failed);
    return failed > 0;
}
