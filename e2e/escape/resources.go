package escape

// resources are taken without measure. Where limits are not real, a script is
// bounded by its timeout, and here by itself.
var resources = []Row{
	{
		Slug: "memory-hog", Tries: "takes more memory than it may", Hurts: true,
		Operation: Operation{
			`for ($n = 0; $n < 96; $n++) $all[] = str_repeat('x', 1 << 20); tell('pid', getmypid()); stay();`,
			Keys{"timeout": "@SHORT@", "reply": "socket", "memory": "64MiB", "swap": 0},
		},
		On: limited(Keys{"memory": "64MiB"}, "502 with `oom`: the kernel ends all of the call", func(a *Attempt) {
			if p := a.begin("", "").wantProblem(502, "no-answer"); !p.OOM {
				a.Errorf("%+v", p)
			}
		}, Cell{"it has until `timeout`: 504", timesOut("pid")}),
	},
	{
		Slug: "memory-hog-in-a-daemon", Tries: "the same in a daemon, while it waits itself", Hurts: true,
		Operation: Operation{
			`
			child(function () {
				posix_setsid();
				deaf();
				for ($n = 0; $n < 96; $n++) $all[] = str_repeat('x', 1 << 20);
				stay();
			});
			tell('main', getmypid());
			while (true) sleep(60);`,
			Keys{"timeout": "@SHORT@", "reply": "socket", "memory": "64MiB", "swap": 0},
		},
		On: limited(Keys{"memory": "64MiB"}, "the same: a call is out of memory as a whole", func(a *Attempt) {
			if p := a.begin("", "").wantProblem(502, "no-answer"); !p.OOM {
				a.Errorf("%+v", p)
			}
			a.gone("main")
		}, Cell{"they have until `timeout`: 504", timesOut("pid", "main")}),
	},
	{
		Slug: "too-many-processes", Tries: "starts more processes than it may", Hurts: true,
		Operation: Operation{`
			for ($n = 0; $n < 20 && ($pid = pcntl_fork()) > 0; $n++);
			if ($pid === 0) { deaf(); sleep(900); exit; }
			echo $n < 20 ? 'refused' : 'all of them';`, Keys{"pids": 10}},
		On: limited(Keys{"pids": 10}, "fork(2) fails in the script; nobody else's does", func(a *Attempt) {
			a.begin("", "").want(200, "refused")
		}, Cell{"it can, as far as its user may, and all of them are ended with the call", func(a *Attempt) {
			a.begin("", "").want(200, "all of them")
		}}),
	},
	{
		Slug: "cpu-hog", Tries: "takes a processor for itself", Hurts: true,
		Operation: Operation{`
			deaf(); proc_nice(19); tell('pid', getmypid());
			while (true) {
				for ($n = 0; $n < 100000; $n++);
				if (preg_match('~^nr_throttled [1-9]~m', (string)@file_get_contents(group() . '/cpu.stat'))) exit('throttled');
			}`, Keys{"timeout": "@SHORT@", "cpus": 0.2}},
		On: limited(Keys{"cpus": 0.2}, "it is given no more than `limits.cpus`", func(a *Attempt) {
			a.begin("", "").want(200, "throttled")
		}, Cell{"it has until `timeout`: 504", timesOut("pid")}),
	},
	{
		Slug: "disk-hog", Tries: "writes to a disk as fast as it can", Hurts: true,
		Operation: Operation{`
			tell('pid', getmypid());
			passthru('dd if=/dev/zero of=/var/tmp/escape-' . getmypid() . ' bs=64k count=48 oflag=direct 2>/dev/null; rm -f /var/tmp/escape-' . getmypid(), $code);
			echo $code === 0 ? 'written' : 'failed';`, Keys{"timeout": "@SHORT@", "iomax": []string{"@DISK@ wbps=65536"}}},
		On: limited(Keys{"iomax": []string{"@DISK@ wbps=65536"}}, "it waits for the disk, and gets 504 at `timeout`", timesOut("pid"),
			Cell{"it can", func(a *Attempt) { a.begin("", "").want(200, "written") }}),
	},
	{
		Slug: "file-too-large", Tries: "writes a file that is larger than it may be", Hurts: true,
		Operation: Operation{
			`$file = getenv('TMPDIR') . '/big'; tell('file', $file); while (file_put_contents($file, str_repeat('x', 1 << 18), FILE_APPEND) !== false);`,
			Keys{"reply": "socket", "fsize": "1MiB", "tmpdir": "own"},
		},
		On: same("SIGXFSZ ends it (`limits.fsize`): 502", func(a *Attempt) {
			a.begin("", "").wantSignal("SIGXFSZ")
			a.absent(a.told("file"))
		}),
	},
	{
		Slug: "too-many-files", Tries: "opens more files than it may", Hurts: true,
		Operation: Operation{`for ($n = 0; $n < 200 && ($all[] = fopen('/dev/null', 'r')); $n++); echo $n < 40 ? 'refused' : 'all of them';`, Keys{"nofile": 40}},
		On:        same("open(2) fails in the script (`limits.nofile`)", answers("refused")),
	},
	{
		Slug: "core-dump", Tries: "dumps core", Hurts: true,
		Operation: Operation{`tell('pid', getmypid()); posix_kill(getmypid(), SIGSEGV); sleep(60);`, Keys{"reply": "socket"}},
		On:        same("502 with `SIGSEGV`, and no core file, unless `limits.core` asks for it", func(a *Attempt) { a.begin("", "").wantSignal("SIGSEGV") }),
	},
}
