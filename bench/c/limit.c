/* The limit: what this machine gives whoever starts one process per request.
 *
 * N threads, each in a loop: vfork, exec, take the child's answer, wait4. No HTTP
 * front, no queue, no log: nothing but what the kernel has to do for a child, and the
 * least that an answer needs.
 *
 *   limit -t THREADS -d SECONDS [-s SOCKET] [-g DIR] -- PROGRAM [ARG...]
 *
 *   -s  the child answers by a POST to this unix socket, which we serve: accept, read,
 *       write, close. Without it the child's stdout is a pipe that we read to its end.
 *   -g  a cgroup v2 below DIR for each child: mkdir, open, clone3(CLONE_INTO_CGROUP),
 *       close, rmdir. Without it the child is started by vfork.
 *
 * Prints one line: rate=CHILDREN/S n=CHILDREN p50us= p99us= err=FAILURES */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "born.h"

enum { MAX_TIMES = 1 << 20 };

struct worker {
    pthread_t thread;
    int id;
    long n, err;
    uint32_t *us; /* how long each child took, microseconds */
};

static char **program, *groups, *path;
static int listener = -1;
static atomic_int stop;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* One connection, not necessarily that of our own child: another thread has ours then. */
static int answer(void) {
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char buf[4096];
    int c = accept4(listener, 0, 0, SOCK_CLOEXEC), good;
    if (c < 0) return 0;
    good = read(c, buf, sizeof buf) > 8 && !memcmp(buf, "POST /ur", 8) && write(c, ok, sizeof ok - 1) > 0;
    close(c);
    return good;
}

static int output(int in) {
    char buf[4096];
    ssize_t n, all = 0;
    while ((n = read(in, buf, sizeof buf)) > 0) all += n;
    close(in);
    return all > 0;
}

/* One child from birth to wait4. Returns whether it answered and ended well. */
static int one(char **env, const char *dir) {
    int p[2] = {-1, -1}, group = -1, status = -1, good;
    if (listener < 0 && pipe2(p, O_CLOEXEC)) return 0;
    if (groups) {
        if (mkdir(dir, 0755)) die(dir);
        if ((group = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) die(dir);
    }
    pid_t pid = born(group, program, env, p[1]);
    if (pid < 0) die("start");
    if (p[1] >= 0) close(p[1]);
    good = listener < 0 ? output(p[0]) : answer();
    while (wait4(pid, &status, 0, 0) < 0 && errno == EINTR) {}
    if (groups) {
        close(group);
        if (rmdir(dir)) die(dir);
    }
    return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void *work(void *v) {
    struct worker *w = v;
    char dir[600] = "", id[64], sock[160];
    char *env[] = {id, sock, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", 0};
    snprintf(sock, sizeof sock, "UROCKET_SOCKET=%s", path ? path : "");
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        double start = now();
        snprintf(id, sizeof id, "REQUEST_ID=%08x-0000-4000-8000-%012lx", w->id, w->n);
        if (groups) snprintf(dir, sizeof dir, "%s/%d-%ld", groups, w->id, w->n);
        if (!one(env, dir)) w->err++;
        if (w->n < MAX_TIMES) w->us[w->n] = (now() - start) * 1e6;
        w->n++;
    }
    return 0;
}

static void serve(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path) { errno = ENAMETOOLONG; die(path); }
    strcpy(a.sun_path, path);
    unlink(path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 1024)) die(path);
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(struct worker *w, int threads, double seconds) {
    long n = 0, err = 0, k = 0;
    for (int i = 0; i < threads; i++) n += w[i].n, err += w[i].err;
    uint32_t *us = malloc((n + 1) * sizeof *us);
    for (int i = 0; i < threads; i++)
        for (long j = 0; j < w[i].n && j < MAX_TIMES; j++) us[k++] = w[i].us[j];
    qsort(us, k, sizeof *us, compare);
    printf("rate=%.1f n=%ld p50us=%u p99us=%u err=%ld\n", n / seconds, n, k ? us[k / 2] : 0, k ? us[k * 99 / 100] : 0, err);
}

int main(int argc, char **argv) {
    int threads = 1, o;
    double seconds = 1;
    while ((o = getopt(argc, argv, "+t:d:s:g:")) != -1) switch (o) {
        case 't': threads = atoi(optarg); break;
        case 'd': seconds = atof(optarg); break;
        case 's': path = optarg; break;
        case 'g': groups = optarg; break;
        default: return 2;
    }
    program = argv + optind;
    if (!program[0] || threads < 1 || seconds <= 0) return 2;
    if (path) serve();
    struct worker *w = calloc(threads, sizeof *w);
    double start = now();
    for (int i = 0; i < threads; i++) {
        w[i].id = i;
        w[i].us = malloc(MAX_TIMES * sizeof *w[i].us);
        if (pthread_create(&w[i].thread, 0, work, &w[i])) die("thread");
    }
    struct timespec t = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    nanosleep(&t, 0);
    atomic_store(&stop, 1);
    for (int i = 0; i < threads; i++) pthread_join(w[i].thread, 0);
    report(w, threads, now() - start);
    if (path) unlink(path);
    return 0;
}
