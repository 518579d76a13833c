package escape

// births are processes that come to be faster than they can be looked at, or in
// unusual ways.
var births = []Row{
	{
		Slug: "fork-chain", Tries: "is never the same process: each link of a chain starts the next, in a session of its own, and ends",
		Operation: Operation{`
			child(function () {
				deaf(); proc_nice(19); // for the sake of the tests beside it
				for ($n = 0, $end = time() + 600; time() < $end; $n++) {
					if (pcntl_fork()) posix_kill(getmypid(), SIGKILL); // sooner than exit
					posix_setsid();
					if ($n === 50) tell('chain');
				}
			});
			await('chain'); echo 'done';`, nil},
		On: Cells{
			Full:  Cell{"the answer is given; cgroup.kill ends the chain at once", chain},
			Track: Cell{"the answer is given; cgroup.kill ends the chain at once", chain},
			None:  Cell{"the answer is given; the shim, which every link falls to, kills until the kernel says that it has no child", chain},
		},
	},
	{
		Slug: "fork-bomb", Tries: "forks without end, as far as its user may", Root: true,
		Operation: Operation{`
			posix_setrlimit(POSIX_RLIMIT_NPROC, 25, 25);
			deaf(); proc_nice(19); // for the sake of the tests beside it
			for ($end = time() + 600; time() < $end; usleep(1000)) {
				if (pcntl_fork() === 0) posix_setsid();
				else if (!file_exists(HERE . '/bomb') && pcntl_get_last_error()) tell('bomb');
			}`, Keys{"timeout": "@SHORT@", "user": "@UID@", "group": "@UID@"}},
		On: Cells{
			Full:  Cell{"504 at `timeout`; cgroup.kill ends all of it at once; `limits.pids` bounds it until then", bomb},
			Track: Cell{"504 at `timeout`; cgroup.kill ends all of it at once; until then nothing bounds it but its user's own limits", bomb},
			None:  Cell{"504 at `timeout`; the shim kills until it has no child; until then nothing bounds it but its user's own limits", bomb},
		},
	},
	{
		Slug: "fork-bomb-in-a-shell", Tries: "forks without end in a shell that ignores SIGTERM, as fast as it can: `b() { b | b & }; b`", Root: true,
		Operation: Operation{`
			tell('bomb');
			proc_nice(19);
			posix_setrlimit(POSIX_RLIMIT_NPROC, 40, 40);
			child(fn() => pcntl_exec('/bin/sh', ['-c', 'trap "" TERM; b() { b | b & }; b # @HERE@/']));
			stay();`, Keys{"timeout": "@SHORT@", "user": "@UID@", "group": "@UID@"}},
		On: grouped("504 at `timeout`; cgroup.kill ends all of it at once", bomb, Cell{"504 at `timeout`; the shim kills until it has no child", bomb}),
	},
	{
		Slug: "fork-chains", Tries: "is several such chains at once, and runs on", Root: true,
		Operation: Operation{`
			deaf();
			proc_nice(19);
			for ($n = 0; $n < 8; $n++) child(function () use ($n) {
				for ($link = 0, $end = time() + 600; time() < $end; $link++) {
					if (pcntl_fork()) posix_kill(getmypid(), SIGKILL);
					posix_setsid();
					if ($link === 5 && $n === 0) tell('bomb');
				}
			});
			stay();`, Keys{"timeout": "@SHORT@", "user": "@UID@", "group": "@UID@"}},
		On: grouped("504 at `timeout`; cgroup.kill ends all of it at once", bomb, Cell{"504 at `timeout`; the shim kills until it has no child", bomb}),
	},
	{
		Slug: "zombies", Tries: "never waits for its children",
		Operation: Operation{`for ($n = 0; $n < 50; $n++) child(fn() => posix_kill(getmypid(), SIGKILL)); stay();`, short},
		On:        same("504 at `timeout`; with their parent the zombies are reaped", timesOut("pid")),
	},
	{
		Slug: "odd-clones", Tries: "starts children whose end sends no signal, or SIGKILL, to their parent (clone), and ends",
		Operation: Operation{`
			foreach (['none' => 0, 'kill' => SIGKILL] as $name => $signal) {
				if (libc()->syscall(SYS_CLONE, $signal, 0, 0, 0, 0) === 0) stay($name);
			}
			await('none', 'kill'); echo 'done';`, nil},
		On: same("the answer is given, and the children are ended and reaped", answers("done", "none", "kill")),
	},
	{
		Slug: "odd-clones-stay", Tries: "starts such children, and runs on",
		Operation: Operation{`
			if (libc()->syscall(SYS_CLONE, 0, 0, 0, 0, 0) === 0) stay('none');
			await('none'); stay();`, short},
		On: same("504 at `timeout`, and all of them are ended", timesOut("pid", "none")),
	},
	{
		Slug: "sibling", Tries: "starts a process that is its parent's child and not its own (CLONE_PARENT), and ends",
		Operation: Operation{`
			if (libc()->syscall(SYS_CLONE, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) === 0) { posix_setsid(); stay(); }
			await('pid'); echo 'done';`, nil},
		On: same("the answer is given, and the sibling is ended and reaped", answers("done", "pid")),
	},
	{
		Slug: "vfork", Tries: "waits for a child that borrows its place and does not give it back (vfork)",
		Operation: Operation{`
			tell('pid', getmypid());
			if (libc()->syscall(SYS_CLONE, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) === 0) stay('child');`, short},
		On: same("504 at `timeout`, and both are ended", timesOut("pid", "child")),
	},
	{
		Slug: "leader-ends", Tries: "ends its first thread and runs on in another: it looks like a zombie",
		Operation: Operation{`
			deaf();
			$thread = FFI::new('unsigned long');
			libc()->pthread_create(FFI::addr($thread), null, libc()->dlsym(null, 'pause'), null);
			tell('pid', getmypid());
			libc()->syscall(SYS_EXIT, 0);`, short},
		On: same("504 at `timeout`, and it is ended", timesOut("pid")),
	},
	{
		Slug: "leader-ends-in-a-daemon", Tries: "leaves a daemon that does so",
		Operation: Operation{`
			child(function () { posix_setsid(); child(function () {
				deaf();
				$thread = FFI::new('unsigned long');
				libc()->pthread_create(FFI::addr($thread), null, libc()->dlsym(null, 'pause'), null);
				tell('pid', getmypid());
				libc()->syscall(SYS_EXIT, 0);
			}); });
			await('pid'); echo 'done';`, nil},
		On: same("the answer is given, and the daemon is ended", answers("done", "pid")),
	},
}

// chain: what is left has no pid that could be told; the row's end looks for it.
func chain(a *Attempt) {
	a.begin("", "").want(200, "done")
	a.told("chain")
}

// bomb: the bomb has come to where its user may fork no more, and ends.
func bomb(a *Attempt) {
	a.begun("", "bomb").wantProblem(504, "timeout")
}
