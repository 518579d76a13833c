package escape

import (
	"os"
	"strconv"
)

// other is a user that nobody else has.
var other = Keys{"user": "@UID@", "group": "@UID@"}

// rights are attempts to see or to get what a script was not given.
var rights = []Row{
	{
		Slug: "looks-for-secrets", Tries: "looks for urocket's secrets in its own environment and open files", Hurts: true,
		Operation: Operation{`
			$given = ['REQUEST_ID', 'URIPATH', 'REQUEST_METHOD', 'QUERY_STRING', 'CONTENT_TYPE', 'UROCKET_SOCKET', 'UROCKET_DEADLINE', 'TRACEPARENT', 'TRACESTATE',
				'HOME', 'USER', 'LOGNAME', 'SHELL', 'PATH', 'LANG', 'TZ', 'TMPDIR', 'ABOUT'];
			foreach (getenv() as $name => $value) if (!in_array($name, $given) && !str_starts_with($name, 'LC_')) echo "$name=$value ";
			foreach (glob('/proc/self/fd/*') as $fd) {
				$target = readlink($fd);
				if ($target && !preg_match('~^(/dev/null|pipe:.*|/proc/\d+/fd|' . HERE . '/.*)$~', $target)) echo "$fd=$target ";
			}`, nil},
		On: same("it finds what the operation lists, and stdin, stdout and stderr", answers("")),
	},
	{
		Slug: "reads-urocket", Tries: "as another user, reads urocket's environment, memory and open files, and its shim's, or traces them", Hurts: true, Root: true,
		Operation: Operation{peeks, other},
		On: same("the kernel refuses it; their arguments can be read by everybody, as `ps` does", func(a *Attempt) {
			a.begin("", strconv.Itoa(a.PID())).want(200, "")
		}),
	},
	{
		Slug: "reads-urocket-as-its-user", Tries: "does that as the user that urocket is", Hurts: true, Root: true,
		Operation: Operation{`
			$environ = file_get_contents('/proc/' . getenv('ABOUT') . '/environ');
			echo str_contains($environ, 'PATH=') ? 'read' : 'refused';`, nil},
		On: same("it can: give scripts that are not trusted a `user`", func(a *Attempt) {
			a.begin("", strconv.Itoa(a.PID())).want(200, "read")
		}),
	},
	{
		Slug: "setuid-program", Tries: "as another user, becomes root by a setuid program (sudo, su)", Hurts: true, Root: true,
		Operation: Operation{`
			tell('php', PHP_BINARY); await('program');
			echo shell_exec(HERE . '/root-php -n -d extension=posix -r "echo posix_geteuid() ?: \'root\';"');`, other},
		On: same("no_new_privs comes with `user`: the program runs, and gives nothing", func(a *Attempt) {
			c := a.begin("", "")
			a.rootPHP()
			c.want(200, strconv.Itoa(a.users[a.row.Slug]))
		}),
	},
	{
		Slug: "becomes-root", Tries: "where neither urocket nor `user` is root, leaves a daemon that has become root by a setuid program", Root: true, Alone: true, Plain: true,
		Operation: Operation{`
			if (($argv[1] ?? '') === 'daemon') { posix_setgid(0); posix_setuid(0); tell('uid', posix_getuid()); stay(); }
			tell('php', PHP_BINARY); await('program');
			child(function () { posix_setsid(); pcntl_exec(HERE . '/root-php', ['-n', $GLOBALS['argv'][0], 'daemon']); });
			await('pid'); echo 'done';`, nil},
		On: grouped("the answer is given, and the daemon is ended: cgroup.kill asks for no user", func(a *Attempt) {
			c := a.begin("", "")
			a.rootPHP()
			c.want(200, "done")
			a.is("uid", "0")
			a.gone("pid")
		}, Cell{"the answer is given; who is not root cannot end the daemon: it runs on and keeps its place. A `user`, urocket's own too, brings no_new_privs and shuts this way", func(a *Attempt) {
			c := a.begin("", "")
			a.rootPHP()
			c.want(200, "done")
			a.is("uid", "0")
			a.until("urocket shows that the call has not ended", func() bool { return a.ending() })
			must(a.T, kill(a.pid("pid")))
			a.gone("pid")
		}}),
	},
}

// peeks prints what it can see of a process and of its parent.
const peeks = `
	foreach ([(int)getenv('ABOUT'), posix_getppid()] as $pid) {
		foreach (['environ', 'mem', 'maps', 'auxv', 'syscall'] as $file) if (@fopen("/proc/$pid/$file", 'r')) echo "$file ";
		foreach (['cwd', 'exe', 'root'] as $link) if (@readlink("/proc/$pid/$link")) echo "$link ";
		if (@scandir("/proc/$pid/fd")) echo 'fd ';
		if (libc()->syscall(SYS_PTRACE, PTRACE_SEIZE, $pid, 0, 0) === 0) echo 'traced ';
	}`

// rootPHP gives the script a PHP that is root's and setuid.
func (a *Attempt) rootPHP() {
	a.Helper()
	program, err := os.ReadFile(a.told("php"))
	must(a.T, err)
	file := a.dir + "/root-php"
	must(a.T, os.WriteFile(file, program, 0o755))
	must(a.T, os.Chmod(file, 0o755|os.ModeSetuid))
	a.tell("program")
}
