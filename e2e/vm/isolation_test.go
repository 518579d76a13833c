package vm

import (
	"strings"
	"testing"
)

// own is the group of a script, for a shell.
const own = cgroupfs + "$(cut -d: -f3 /proc/self/cgroup)"

// clerkly is an operation whose script urocket, which is root, runs as the clerk.
func clerkly(text string, limit keys) keys {
	return script(text, keys{"limits": limit, "inject": keys{"user": "clerk", "umask": "0027", "tmpdir": "own"}})
}

// What root could do to its group a script with a user of its own cannot: the
// limits hold, and nothing is left of it.
func TestScriptWithAUserOfItsOwn(t *testing.T) {
	g := start(t, write(t, keys{"cgroup": "required"}, map[string]keys{
		"/who":    clerkly("id -u; id -G; umask; grep NoNewPrivs /proc/self/status; touch $TMPDIR/x && echo kept", keys{}),
		"/raise":  clerkly("/t/vm.test put "+own+"/memory.max max", keys{"memory": "64MiB"}),
		"/leave":  clerkly("/t/vm.test put "+cgroupfs+"/cgroup.procs 0", keys{}),
		"/divide": clerkly("mkdir "+own+"/deeper", keys{}),
		"/hog":    task("memory", keys{"reply": "socket", "limits": keys{"memory": "32MiB"}, "inject": keys{"user": "clerk"}}),
		"/pids":   clerkly("sleep 31014 & sleep 31014 & sleep 31014 & echo never", keys{"pids": 3}),
		"/one":    clerkly("echo alone", keys{"pids": 1, "memory": "8MiB"}),
		"/daemon": clerkly("(env -i setsid /bin/sleep 31015 <&- >&- 2>&- &); exit 0", keys{}),
	}))
	g.get("/who").want(t, 200, `1000\n1000\n0027\nNoNewPrivs:\t1\nkept\n`)
	for path, want := range map[string]string{"/raise": "permission denied", "/leave": "permission denied", "/divide": "Permission denied"} {
		if r := g.get(path).report(t); r.ExitCode == nil || *r.ExitCode == 0 || !strings.Contains(r.Stderr, want) {
			t.Errorf("%s: %+v", path, r)
		}
	}
	g.get("/hog").wantOOM(t)
	if r := g.get("/pids").report(t); r.ExitCode == nil || *r.ExitCode == 0 || strings.Contains(r.Stdout, "never") {
		t.Errorf("more processes than its limit: %+v", r)
	}
	// Whoever starts it for its user is not counted in its group.
	g.get("/one").want(t, 200, "alone")
	g.get("/daemon").want(t, 200, "")
	waitFor(t, "the daemon is gone", func() bool { return running("sleep 31015") == 0 })
}

// Of one user's scripts, only a process of the request's own group replies.
func TestOnlyItsOwnProcessReplies(t *testing.T) {
	const reply = `curl -s -o /dev/null -w '%{http_code}' --unix-socket "$UROCKET_SOCKET" -d '{"by":"@"}' "http://internal/urhttp/$(cat id)"`
	file := write(t, keys{"socketmode": "0666"}, map[string]keys{
		"/waits": {
			"replyfrom": "process", "inject": keys{
				"user": "clerk",
				"cmd":  []string{"/bin/sh", "-c", `printf %s "$REQUEST_ID" >id.new; mv id.new id; while [ ! -e tried ]; do sleep 0.1; done; php -r '` + replyInPHP + `'`},
			},
		},
		"/other": clerkly(`while [ ! -e id ]; do sleep 0.1; done; `+strings.ReplaceAll(reply, "@", "other")+`; touch tried`, keys{}),
	})
	g := start(t, file)
	waits := g.begin("/waits")
	g.get("/other").want(t, 200, `"stdout":"403"`)
	waits.answer().want(t, 200, `{"by":"itself"}`)
}

const replyInPHP = `$c = curl_init("http://internal/urhttp/" . getenv("REQUEST_ID"));
curl_setopt($c, CURLOPT_UNIX_SOCKET_PATH, getenv("UROCKET_SOCKET"));
curl_setopt($c, CURLOPT_POSTFIELDS, "{\"by\":\"itself\"}");
curl_exec($c);`
