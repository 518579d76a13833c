package config

// aboutOperation are the keys of an operation, but for those of the maps in it.
var aboutOperation = []about{
	{"validatein", "`true`", "Check the request against the document. What does not fit gets 400 and starts nothing."},
	{"validateout", "`false`", "Check the reply against the document. A reply on the socket that does not fit is refused with 422, and may be sent again; in the other modes the caller gets 502. The answer is held back whole, to `maxbody`. `report` is not checked."},
	{"reply", "`socket`", "Where the answer comes from. See [ends.md](ends.md)."},
	{"contenttype", "the document's only one, else `text/plain; charset=utf-8`", "Content-Type of a `stdout` answer."},
	{"onexit", "`fail`", "With `reply: socket`, when the process has ended and nobody replied: `fail`: 502. `report`: the report. `wait`: go on waiting until `timeout`; somebody else will reply."},
	{"replyfrom", "`anyone`", "Who may reply. `process`: only a process of this request's cgroup; refuses start where urocket can make none (`cgroup: off`, or no cgroup v2)."},
	{"logstdout", "`false`", "Write each line of stdout and stderr to the log, with the request id."},
	{"stats", "`false`", "Add the header `urocket-stats`, and `Server-Timing` for browsers. See [below](#figures)."},
	{"statswait", "50ms", "With `stats`: how long an answer waits for the script to end, so that the figures are final."},
	{"ondisconnect", "`continue`", "What becomes of the process when the caller goes away."},
	{"running", "no limit", "Processes at once for this operation. `1` replaces a lock file."},
	{"queued", "no limit", "Callers that wait for this operation. `0` refuses at once (429), as `flock -n` does. A place is free when nothing is left of its call, up to `grace` after its script has ended where that has left a process behind."},
}

// aboutInject are the keys of inject.
var aboutInject = []about{
	{"cmd", "required", "The command. See [below](#cmd)."},
	{"wd", "the folder of this file", "Working directory of the process."},
	{"env", "none", "List of `NAME=value`; values may have placeholders. `REQUEST_ID` and names that begin with `UROCKET_` cannot be set."},
	{"passenv", "none", "List of names, or beginnings such as `APP_*`, taken over from urocket's own environment where it has them."},
	{"channel", "`cmdline`", "How the payload travels: `cmdline`: as an argument or variable, where a placeholder says so, 131,071 bytes at most. `stdin`: on standard input. `file`: in a file whose name is `{{payloadfile}}`."},
	{"encoding", "`json`", "`json`: a body that is not JSON is refused; a form becomes a JSON object; a request without a body gives an object of its parameters. `raw`: the body as it came."},
	{"timeout", "1000", "From the start of the process. Then the caller gets 504 and the group SIGTERM. `none` for no limit; 0 is refused."},
	{"grace", "2s", "From SIGTERM to SIGKILL, for whatever is left of the group. 0 kills at once."},
	{"tmpdir", "`inherit`", "`inherit`: urocket's `TMPDIR`, if it has one. `own`: a folder (0700) for this request alone, deleted at its end."},
	{"script", "none", "With `reply: cgi`: `SCRIPT_FILENAME`, relative to `wd`."},
	{"options", "`refuse`", "A request's value that would begin an argument with `-` is refused (400), unless the document types it as a number, or text or an argument `--` stands before it. `allow`: let it pass."},
	{"user", "urocket's", "Who the process runs as: a name or a number, with the groups of `/etc/group` and with no_new_privs (a setuid program gives nothing back). Its TMPDIR and payload file are its own. Only root may ask for another than itself. A number without an entry in `/etc/passwd` needs `group` too. Mind `socketgroup` and `socketmode`: it has to reach the socket."},
	{"group", "the user's", "Its group. Without `user` only the group changes."},
	{"umask", "urocket's", "Octal, in quotes."},
	{"driver", "`spawn`", "How the process comes to be. `spawn`: it is started. `fork`: for PHP; it is forked from one that has done its start-up, or was started ahead, or is started, whatever is possible: [drivers.md](drivers.md). `worker`: processes that stay and have one request after another, see [worker.md](worker.md)."},
	{"worker", "[there](worker.md#settings)", "With `driver: worker`: a map of `min`, `max`, `maxrequests`, `maxage`, `maxmemory`, `boottimeout`."},
}

// aboutLimits are the keys of limits, with the names that the kernel has for them.
var aboutLimits = []about{
	{"memory", "none", "`memory.max`. 8MiB at least."},
	{"swap", "none", "`memory.swap.max`."},
	{"pids", "none", "`pids.max`. Processes and threads."},
	{"cpus", "none", "`cpu.max`. Cores, such as 0.5."},
	{"cpuweight", "none", "`cpu.weight`."},
	{"iomax", "none", "`io.max`. Lines of it, for devices that there are: `[\"8:0 rbps=1048576\"]`. What is written back later counts for the group that wrote to the file first."},
	{"ioweight", "none", "`io.weight`."},
	{"nofile", "none", "`RLIMIT_NOFILE`. Open files of each process, 16 at least. Soft and hard limit, as the next two."},
	{"fsize", "none", "`RLIMIT_FSIZE`. Size of a file that a process writes: SIGXFSZ ends one that goes on."},
	{"core", "0", "`RLIMIT_CORE`. 0: no core dumps."},
	{"mode", "`enforce`", "`enforce`: a limit that cannot hold here refuses start. `besteffort`: it is logged."},
}

// aboutWorker are the keys of worker.
var aboutWorker = []about{
	{"min", "1", "Workers that are kept. They are started at once. 0: none as long as nobody asks."},
	{"max", "the number of processors, at least `min`", "Workers at most. More are started than `min` when callers wait; who has had nothing to do for 30 s goes again."},
	{"maxrequests", "any number", "No worker has more requests than that. Its replacement is begun at one of the last tenth, so that not all of them go at once."},
	{"maxage", "any age", "A worker of that age is replaced, again somewhere in the last tenth."},
	{"maxmemory", "no limit", "A worker that uses more after a request is replaced: `memory.current` of its cgroup where memory is counted, else its own resident memory. `limits: {memory: …}` is what the kernel enforces meanwhile."},
	{"boottimeout", "5s", "From the start of a worker until it says that it is ready."},
}
