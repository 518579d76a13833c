package escape

import (
	"strconv"
)

// kernel are processes that the kernel treats otherwise than most: traced ones,
// and those in namespaces of their own.
var kernel = []Row{
	{
		Slug: "traced-child", Tries: "has a child that is stopped by ptrace, and never looks at it",
		Operation: Operation{`
			child(function () {
				tell('child', getmypid());
				libc()->syscall(SYS_PTRACE, 0, 0, 0, 0); // PTRACE_TRACEME
				posix_kill(getmypid(), SIGSTOP);
				stay('never');
			});
			await('child'); stay();`, short},
		On: same("504 at `timeout`, and both are ended", timesOut("pid", "child")),
	},
	{
		Slug: "traced-by-another", Tries: "is traced by another call of the same user, which never waits for it",
		Operation: Operation{`tell('victim', getmypid()); while (true) sleep(60);`, short},
		Also: map[string]Operation{"tracer": {`
			libc()->syscall(SYS_PTRACE, PTRACE_SEIZE, (int)$_SERVER['ABOUT'], 0, 0);
			tell('traced'); await('over'); echo 'done';`, nil}},
		On: same("504 at `timeout`, and it is killed; but the kernel gives it to be reaped, and its place back, only when the tracer's call has ended", traced),
	},
	{
		Slug: "pid-namespace", Tries: "makes pid and mount namespaces, and a daemon in them", Root: true,
		Operation: Operation{`
			if (libc()->syscall(SYS_UNSHARE, NEW_PIDS | NEW_MOUNTS) !== 0) exit(9);
			child(function () { // PID 1 in there
				child(function () { posix_setsid(); stay('daemon'); });
				stay('init');
			});
			await('daemon', 'init'); echo 'done';`, nil},
		On: same("the answer is given; all of them are ended: to the host they are processes as any", answers("done", "daemon", "init")),
	},
	{
		Slug: "user-namespace", Tries: "the same as any user, who is root in there", Root: true,
		Operation: Operation{`
			if (libc()->syscall(SYS_UNSHARE, NEW_USERS | NEW_PIDS) !== 0) {
				tell('refused'); tell('daemon', PHP_INT_MAX); tell('init', PHP_INT_MAX); // the host allows it to root only
			} else child(function () {
				child(function () { posix_setsid(); stay('daemon'); });
				stay('init');
			});
			await('daemon', 'init'); echo 'done';`, Keys{"user": "@UID@", "group": "@UID@"}},
		On: same("the same", answers("done", "daemon", "init")),
	},
	{
		Slug: "changes-its-user", Tries: "leaves a daemon that has become another user (setuid)", Root: true,
		Operation: Operation{`
			child(function () {
				posix_setsid();
				if (!posix_setgid(@UID@) || !posix_setuid(@UID@)) exit(9);
				stay();
			});
			await('pid'); echo 'done';`, nil},
		On: same("the answer is given, and the daemon is ended", answers("done", "pid")),
	},
}

// traced: the tracer's call is told whom to trace.
func traced(a *Attempt) {
	c := a.begin("", "")
	victim := a.pid("victim")
	tracer := a.begin("tracer", strconv.Itoa(victim))
	a.told("traced")
	c.wantProblem(504, "timeout")
	a.gone("victim")
	a.tell("over")
	tracer.want(200, "done")
	a.until("it is reaped", func() bool { return len(readOf(victim, "stat")) == 0 })
}
