package escape

import "os"

// groups are what root can do to cgroups. At level none a script has no group of
// its own: it tries the same with one that it makes itself.
var groups = []Row{
	{
		Slug: "moves-to-another-group", Tries: "moves to a cgroup that is not its call's", Root: true,
		Operation: Operation{`enter(); stay();`, short},
		On: Cells{
			Full:  Cell{"504 at `timeout`, and it is ended by its pid", left(timesOut("pid"))},
			Track: Cell{"the same", left(timesOut("pid"))},
			None:  Cell{"504 at `timeout`, and it is ended: no group is asked", left(timesOut("pid"))},
		},
	},
	{
		Slug: "daemon-in-another-group", Tries: "moves there, and leaves a daemon", Root: true, Alone: true,
		Operation: Operation{`enter(); child(function () { posix_setsid(); stay(); }); await('pid'); echo 'done';`, nil},
		On: grouped("the answer is given; the daemon has left its call, and is ended when urocket stops", left(func(a *Attempt) {
			a.begin("", "").want(200, "done")
			if pid := a.pid("pid"); !alive(pid) {
				a.Error("it has ended before urocket")
			}
			a.Stop()
			a.gone("pid")
		}), Cell{"the answer is given, and the daemon is ended: no group is asked", left(answers("done", "pid"))}),
	},
	{
		Slug: "freezes-its-group", Tries: "freezes its own cgroup", Root: true,
		Operation: Operation{`
			if (!str_contains(group(), 'urocket')) enter();
			child(fn() => stay());
			await('pid'); tell('main', getmypid());
			file_put_contents(group() . '/cgroup.freeze', '1');
			stay('thawed');`, short},
		On: Cells{
			Full:  Cell{"504 at `timeout`; SIGTERM finds it frozen, SIGKILL ends it", timesOut("pid", "main")},
			Track: Cell{"the same", timesOut("pid", "main")},
			None:  Cell{"it has no group of its own; in one that it has made: the same", left(timesOut("pid", "main"))},
		},
	},
	{
		Slug: "groups-in-its-group", Tries: "makes groups inside its own, and leaves daemons in them", Root: true,
		Operation: Operation{`
			if (!str_contains(group(), 'urocket')) enter();
			$dir = group();
			for ($n = 0; $n < 12; $n++) mkdir($dir .= '/deeper');
			file_put_contents("$dir/cgroup.procs", '0');
			child(function () { posix_setsid(); stay(); });
			await('pid'); tell('inside', group() === $dir ? 'yes' : group()); echo 'done';`, nil},
		On: grouped("the answer is given, the daemons are ended, and the groups, 15 deep at most, are removed", func(a *Attempt) {
			answers("done", "pid")(a)
			a.is("inside", "yes")
		}, Cell{"it has no group of its own: the daemons are ended, and groups that it has made elsewhere stay", left(answers("done", "pid"))}),
	},
	{
		Slug: "raises-its-limits-as-root", Tries: "as root, raises its limits of rlimits and of its cgroup", Root: true,
		Operation: Operation{
			`
			preg_match('~^CapEff:\s*(\S+)~m', file_get_contents('/proc/self/status'), $rights);
			$may = hexdec($rights[1]) >> 24 & 1; // CAP_SYS_RESOURCE, which some containers take from root
			tell('rlimit', posix_setrlimit(POSIX_RLIMIT_NOFILE, 4096, 4096) == $may ? 'as root may' : 'not as root may');
			tell('memory', str_contains(group(), 'urocket') && @file_put_contents(group() . '/memory.max', 'max') ? 'raised' : 'refused');`,
			Keys{"nofile": 64, "memory": "64MiB"},
		},
		On: Cells{
			Full:  Cell{"it can, if root has CAP_SYS_RESOURCE here: limits are for who is not root", raised("as root may", "raised")},
			Track: Cell{"it can raise rlimits, if root has CAP_SYS_RESOURCE here", raised("as root may", "refused")},
			None:  Cell{"it can raise rlimits, if root has CAP_SYS_RESOURCE here", raised("as root may", "refused")},
		},
	},
	{
		Slug: "raises-its-limits", Tries: "the same as another user", Root: true,
		Operation: Operation{
			`
			tell('rlimit', posix_setrlimit(POSIX_RLIMIT_NOFILE, 4096, 4096) ? 'raised' : 'refused');
			tell('memory', str_contains(group(), 'urocket') && @file_put_contents(group() . '/memory.max', 'max') ? 'raised' : 'refused');`,
			Keys{"nofile": 64, "memory": "64MiB", "user": "@UID@", "group": "@UID@"},
		},
		On: same("the kernel refuses it", raised("refused", "refused")),
	},
}

// left does a check, and removes the group that the script has made.
func left(holds func(*Attempt)) func(*Attempt) {
	return func(a *Attempt) {
		holds(a)
		dir := a.told("group")
		a.until("its group can be removed", func() bool { return removeGroups(dir) })
	}
}

// removeGroups removes a group and those inside it, innermost first.
func removeGroups(dir string) bool {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			removeGroups(dir + "/" + e.Name())
		}
	}
	err := os.Remove(dir)
	return err == nil || os.IsNotExist(err)
}

func raised(rlimit, memory string) func(*Attempt) {
	return func(a *Attempt) {
		a.begin("", "").want(200, "")
		a.is("rlimit", rlimit)
		a.is("memory", memory)
	}
}
