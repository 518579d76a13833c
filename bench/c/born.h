/* How children are born, for limit.c and front.c: as vfork does it, in a group if there
 * is one. */
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static void become(char **program, char **env, int out) {
    if (out >= 0) dup2(out, 1);
    execve(program[0], program, env);
    _exit(127);
}

/* Starts a child in a group, as vfork does without one. The child runs on our stack
 * while we wait, so it must not return from the function in which it was born: the
 * system call is made in line. */
__attribute__((noinline)) static pid_t born_into(int group, char **program, char **env, int out) {
    struct clone_args a = {
        .flags = CLONE_INTO_CGROUP | CLONE_VFORK, .exit_signal = SIGCHLD, .cgroup = group};
    long pid;
#if defined(__x86_64__)
    a.flags |= CLONE_VM;
    __asm__ volatile("syscall" : "=a"(pid) : "0"(SYS_clone3), "D"(&a), "S"(sizeof a) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    a.flags |= CLONE_VM;
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)&a;
    register long x1 __asm__("x1") = sizeof a;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
    pid = x0;
#else
    pid = syscall(SYS_clone3, &a, sizeof a);
#endif
    if (pid == 0) become(program, env, out);
    return pid < 0 ? -1 : (pid_t)pid;
}

/* Starts a child whose stdout is out, if that is not negative. */
static pid_t born(int group, char **program, char **env, int out) {
    if (group >= 0) return born_into(group, program, env, out);
    pid_t pid = vfork();
    if (pid == 0) become(program, env, out);
    return pid;
}
