package escape

import "strconv"

// signals are sent to whom they should not reach.
var signals = []Row{
	{
		Slug: "signals-urocket", Tries: "as another user, kills or stops urocket or its shim", Hurts: true, Root: true,
		Operation: Operation{`
			foreach ([(int)getenv('ABOUT'), posix_getppid()] as $pid) foreach ([SIGKILL, SIGSTOP, SIGTERM, SIGHUP] as $signal) if (posix_kill($pid, $signal)) echo $signal;`, other},
		On: same("the kernel refuses it", func(a *Attempt) { a.begin("", strconv.Itoa(a.PID())).want(200, "") }),
	},
	{
		Slug: "kills-all-of-its-user", Tries: "as another user, `kill -9 -1`", Hurts: true, Root: true,
		Operation: Operation{`
			await('victim-1', 'victim-2', 'stranger');
			if (posix_getuid() !== @UID@) exit(9);
			posix_kill(-1, SIGKILL); echo 'done';`, other},
		Also: map[string]Operation{
			"victim":   {`tell(getenv('ABOUT'), getmypid()); sleep(900);`, Keys{"user": "@UID@", "group": "@UID@", "reply": "socket"}},
			"stranger": {`tell('stranger', getmypid()); await('over'); post('alive');`, Keys{"reply": "socket"}},
		},
		On: same("it hits the calls of the same user, each of which gets its one answer, 502 with `SIGKILL`, and nobody else's", func(a *Attempt) {
			one, two, stranger := a.begin("victim", "victim-1"), a.begin("victim", "victim-2"), a.begin("stranger", "")
			a.begin("", "").want(200, "done")
			one.wantSignal("SIGKILL")
			two.wantSignal("SIGKILL")
			a.tell("over")
			stranger.want(200, "alive")
		}),
	},
	{
		Slug: "kills-its-shim", Tries: "as urocket's user, kills the shim that has started it", Hurts: true, Root: true,
		Operation: Operation{`
			child(function () { posix_setsid(); stay('daemon'); });
			await('daemon'); tell('main', getmypid());
			$shim = posix_getppid();
			if (!str_starts_with(file_get_contents("/proc/$shim/cmdline"), 'urocket-shim')) exit(9);
			posix_kill($shim, SIGKILL);
			while (posix_getppid() === $shim) usleep(10000);
			if (getenv('ABOUT') === 'a cgroup') post('alive');
			sleep(900);`, Keys{"reply": "socket", "umask": "0013", "timeout": "@SHORT@"}},
		On: grouped("the shim of a `user`, `umask` or rlimit is not what keeps the call together: it goes on, and the next one gets a new shim", func(a *Attempt) {
			a.begin("", "a cgroup").want(200, "alive")
			a.gone("main", "daemon")
			a.begin("", "a cgroup").want(200, "alive")
		}, Cell{"502, and what the shim has kept together is killed by urocket, to which it falls", func(a *Attempt) {
			a.begin("", "").wantProblem(502, "no-answer")
			a.gone("main", "daemon")
			a.begin("", "").wantProblem(502, "no-answer")
		}}),
	},
	{
		Slug: "stops-its-shim", Tries: "as urocket's user, stops the shim that has started it", Hurts: true, Root: true,
		Operation: Operation{`
			child(function () { posix_setsid(); stay('daemon'); });
			await('daemon');
			$shim = posix_getppid();
			if (!str_starts_with(file_get_contents("/proc/$shim/cmdline"), 'urocket-shim')) exit(9);
			posix_kill($shim, SIGSTOP);
			stay('main');`, Keys{"umask": "0031", "timeout": "@SHORT@"}},
		On: same("504 at `timeout`; the shim is woken, or killed, and all of the call is ended", func(a *Attempt) {
			timesOut("main", "daemon")(a)
			a.until("the call has ended", func() bool { return !a.ending() })
			timesOut("main", "daemon")(a)
		}),
	},
}
