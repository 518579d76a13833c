package escape

// short is what bounds a script that would run on.
var short = Keys{"timeout": "@SHORT@"}

// timesOut: the caller gets 504, and the processes that were told are ended.
func timesOut(names ...string) func(*Attempt) {
	return func(a *Attempt) {
		a.begun("", names...).wantProblem(504, "timeout")
		a.gone(names...)
	}
}

// answers: the script's answer is given although processes that were told would
// run on; they are ended.
func answers(body string, names ...string) func(*Attempt) {
	return func(a *Attempt) {
		a.begin("", "").want(200, body)
		a.gone(names...)
	}
}

// strays are processes that stay behind, or do not want to end.
var strays = []Row{
	{
		Slug: "ignores-sigterm", Tries: "ignores SIGTERM and runs on",
		Operation: Operation{`stay();`, short},
		On:        same("504 at `timeout`; SIGKILL after `grace`", timesOut("pid")),
	},
	{
		Slug: "background-child", Tries: "leaves a child in the background that ignores SIGTERM, and ends",
		Operation: Operation{`child(fn() => stay()); await('pid'); echo 'done';`, nil},
		On:        same("the answer is given; the child gets SIGTERM, `grace`, SIGKILL", answers("done", "pid")),
	},
	{
		Slug: "own-process-group", Tries: "leaves a child in a process group of its own",
		Operation: Operation{`child(function () { posix_setpgid(0, 0); stay(); }); await('pid'); echo 'done';`, nil},
		On:        same("the answer is given; the child gets SIGTERM, `grace`, SIGKILL", answers("done", "pid")),
	},
	{
		Slug: "own-session", Tries: "leaves a child in a session of its own (setsid)",
		Operation: Operation{`child(function () { posix_setsid(); stay(); }); await('pid'); echo 'done';`, nil},
		On:        same("the answer is given; the child gets SIGTERM, `grace`, SIGKILL", answers("done", "pid")),
	},
	{
		Slug: "daemon", Tries: "leaves a daemon: double fork, setsid, empty environment, nothing open",
		Operation: Operation{`
			if (($argv[1] ?? '') === 'daemon') stay();
			child(function () {
				posix_setsid();
				child(function () {
					fclose(STDIN); fclose(STDOUT); fclose(STDERR);
					chdir('/');
					pcntl_exec(PHP_BINARY, ['-n', $GLOBALS['argv'][0], 'daemon'], []);
				});
			});
			await('pid'); echo 'done';`, nil},
		On: same("the answer is given; the daemon gets SIGTERM, `grace`, SIGKILL", answers("done", "pid")),
	},
	{
		Slug: "daemon-keeps-stdout", Tries: "leaves a daemon that keeps stdout open",
		Operation: Operation{`
			child(function () { posix_setsid(); child(fn() => stay()); });
			await('pid'); echo 'done';`, nil},
		On: same("the answer ends with the process itself; the daemon does not hold it, and is ended", answers("done", "pid")),
	},
	{
		Slug: "leaves-a-worker", Tries: "ends at once and leaves the work, and the reply, to a child",
		Operation: Operation{`child(function () { posix_setsid(); deaf(); tell('pid', getmypid()); sleep(900); }); await('pid');`, Keys{"reply": "socket"}},
		On: same("502 `no-answer`, and the child is ended; `onexit: wait` is what lets it live until it replies", func(a *Attempt) {
			a.begin("", "").wantProblem(502, "no-answer")
			a.gone("pid")
		}),
	},
	{
		Slug: "runs-on-after-its-reply", Tries: "replies, and runs on",
		Operation: Operation{`deaf(); post('mine'); tell('pid', getmypid()); stay('on');`, Keys{"reply": "socket", "timeout": "@SHORT@"}},
		On: same("the reply is the answer; the process has until `timeout`, and its place is taken until then", func(a *Attempt) {
			a.begun("", "pid").want(200, "mine")
			a.gone("pid")
		}),
	},
	{
		Slug: "closes-its-output", Tries: "closes stdin, stdout and stderr and runs on",
		Operation: Operation{`fclose(STDIN); fclose(STDOUT); fclose(STDERR); stay();`, short},
		On:        same("504 at `timeout`, and it is ended", timesOut("pid")),
	},
	{
		Slug: "stops-itself", Tries: "stops itself, and a child (SIGSTOP)",
		Operation: Operation{`
			child(function () { tell('child', getmypid()); posix_kill(getmypid(), SIGSTOP); stay('never'); });
			await('child'); tell('pid', getmypid()); posix_kill(getmypid(), SIGSTOP); stay('never');`, short},
		On: same("504 at `timeout`; SIGTERM comes with a SIGCONT, SIGKILL needs none", timesOut("pid", "child")),
	},
	{
		Slug: "own-subreaper", Tries: "makes itself the parent that its orphans fall to (PR_SET_CHILD_SUBREAPER)",
		Operation: Operation{`
			libc()->syscall(SYS_PRCTL, 36, 1, 0, 0, 0);
			child(function () { posix_setsid(); child(fn() => stay('orphan')); });
			await('orphan'); stay();`, short},
		On: same("504 at `timeout`, and all of them are ended", timesOut("pid", "orphan")),
	},
	{
		Slug: "odd-name", Tries: "takes a name that makes its line in /proc read as a zombie's",
		Operation: Operation{`
			$name = FFI::new('char[16]'); FFI::memcpy($name, ") Z 1 1 (x", 10);
			libc()->syscall(SYS_PRCTL, 15, FFI::addr($name), 0, 0, 0);
			child(function () { posix_setsid(); stay('child'); });
			await('child'); stay();`, short},
		On: same("504 at `timeout`, and all of them are ended", timesOut("pid", "child")),
	},
}
