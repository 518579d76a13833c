package e2e

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/internal/notrun"
)

// levels are the keys that run a gateway with cgroups and without.
var levels = map[string]keys{"cgroup": nil, "none": {"cgroup": "off"}}

// atEachLevel runs a gateway of the same operations with cgroups and without.
func atEachLevel(t *testing.T, s setup, f func(t *testing.T, g *gateway)) {
	t.Helper()
	for name, top := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s
			s.top = maps.Clone(s.top)
			if s.top == nil {
				s.top = keys{}
			}
			maps.Copy(s.top, top)
			f(t, start(t, s))
		})
	}
}

// asRoot ends a test that only root can run.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		notrun.Here(t, "only root may become another user")
	}
}

// text is an operation that runs a shell script and answers with its output.
func text(script string, more keys) keys {
	k := keys{"cmd": sh(script), "reply": "stdout"}
	maps.Copy(k, more)
	return k
}

const nobody = "nobody"

// A process runs as the user that was asked for, with its groups and nothing to
// get more by.
func TestUser(t *testing.T) {
	t.Parallel()
	asRoot(t)
	me, err := user.Lookup(nobody)
	check(t, err)
	ids := "id -u; id -g; id -G; grep NoNewPrivs /proc/self/status | tr -d '\\t'"
	atEachLevel(t, setup{ops: ops{
		"get /plain":  text(ids, nil),
		"get /user":   text(ids, keys{"user": nobody}),
		"get /number": text(ids, keys{"user": me.Uid}),
		"get /group":  text(ids, keys{"group": "daemon"}),
		"get /both":   text(ids, keys{"user": nobody, "group": "daemon"}),
		"get /absent": text(ids, keys{"user": "54321", "group": "54322"}),
		"get /env":    text(`echo "$HOME $USER $LOGNAME $SHELL"`, keys{"user": nobody}),
		"get /mine":   text(`echo "$HOME $USER"`, keys{"user": nobody, "env": []string{"HOME=/mine"}}),
		"get /fds":    text("exec ls /proc/self/fd", keys{"user": nobody}),
		"get /su":     text("su root -c id 2>/dev/null || echo refused", keys{"user": nobody}),
		"get /signal": text("kill -9 $$", keys{"user": nobody}),
		"get /exit":   text("exit 9", keys{"user": nobody}),
	}}, func(t *testing.T, g *gateway) {
		g.get(t, "/user").want(t, 200, me.Uid+"\n"+me.Gid+"\n"+me.Gid+"\nNoNewPrivs:1\n")
		g.get(t, "/number").want(t, 200, me.Uid+"\n"+me.Gid+"\n"+me.Gid+"\nNoNewPrivs:1\n")
		g.get(t, "/both").want(t, 200, me.Uid+"\n1\n1 "+me.Gid+"\nNoNewPrivs:1\n")
		g.get(t, "/absent").want(t, 200, "54321\n54322\n54322\nNoNewPrivs:1\n")
		g.get(t, "/env").want(t, 200, me.HomeDir+" nobody nobody "+shellOf(t, nobody)+"\n")
		g.get(t, "/mine").want(t, 200, "/mine nobody\n")
		g.get(t, "/fds").want(t, 200, "0\n1\n2\n3\n") // the last is the folder that it lists
		g.get(t, "/su").want(t, 200, "refused\n")
		if p := g.get(t, "/signal").wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGKILL" {
			t.Errorf("%+v", p)
		}
		if p := g.get(t, "/exit").wantProblem(t, 502, "no-answer"); p.ExitCode == nil || *p.ExitCode != 9 {
			t.Errorf("%+v", p)
		}
		if lines := strings.Split(string(g.get(t, "/group").want(t, 200).body), "\n"); lines[0] != "0" || lines[1] != "1" || lines[3] != "NoNewPrivs:0" {
			t.Errorf("%q", lines)
		}
	})
}

// The files of a call belong to its user; the socket may be his to reach.
func TestUserOwnsTheFilesOfHisCall(t *testing.T) {
	t.Parallel()
	asRoot(t)
	atEachLevel(t, setup{
		top: keys{"socketmode": "0666"},
		ops: ops{
			"post /tmp":  text(`stat -c '%U %a' "$TMPDIR"; echo x >"$TMPDIR/mine" && mkdir "$TMPDIR/d" && chmod 0 "$TMPDIR/d"; echo "$TMPDIR" >&2; echo $?`, keys{"user": nobody, "tmpdir": "own", "channel": "stdin"}),
			"post /file": text(`stat -c '%U %a' {{payloadfile}}; cat {{payloadfile}}`, keys{"user": nobody, "channel": "file"}),
			"post /both": text(`stat -c '%U %a' {{payloadfile}}; cat {{payloadfile}}; ls "$TMPDIR" | wc -l`, keys{"user": nobody, "channel": "file", "tmpdir": "own"}),
			"get /reply": {"cmd": sh(curlReply + `-d '{"a":1}' -o /dev/null`), "user": nobody},
			"get /own":   {"cmd": sh(curlReply + `-d '{"a":2}' -o /dev/null`), "user": nobody, "replyfrom": "anyone"},
		},
	}, func(t *testing.T, g *gateway) {
		g.post(t, "/tmp", "{}").want(t, 200, "nobody 700\n0\n")
		g.post(t, "/file", `{"p":1}`).want(t, 200, "nobody 600\n"+`{"p":1}`)
		g.post(t, "/both", `{"p":2}`).want(t, 200, "nobody 600\n"+`{"p":2}`+"1\n")
		g.get(t, "/reply").want(t, 200, `{"a":1}`)
		g.get(t, "/own").want(t, 200, `{"a":2}`)
	})
}

// umask and rlimits are the process's own, soft and hard, and nobody else's.
func TestUmaskAndRlimits(t *testing.T) {
	t.Parallel()
	show := "umask; ulimit -n; ulimit -Hn; ulimit -f; ulimit -c"
	big := `head -c 3000000 /dev/zero >"$TMPDIR/big"; echo $?; stat -c %s "$TMPDIR/big"`
	atEachLevel(t, setup{ops: ops{
		"get /plain":  text("umask; ulimit -c", nil),
		"get /umask":  text("umask; : >$TMPDIR/f; stat -c %a $TMPDIR/f", keys{"umask": "0027", "tmpdir": "own"}),
		"get /limits": text(show, keys{"umask": "0077", "nofile": 64, "fsize": "1MiB", "core": "2MiB"}),
		"get /fsize":  text(big, keys{"fsize": "1MiB", "tmpdir": "own"}),
		"get /nofile": {"cmd": []string{"perl", "-e", `my @f; for (3..100) { open(my $h, "<", "/dev/null") or last; push @f, $h } print 3+@f`}, "reply": "stdout", "nofile": 20},
		"get /raise":  text("", keys{"nofile": 64, "cmd": []string{"/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all", "/bin/sh", "-c", "ulimit -n 4096 2>/dev/null && echo raised || echo refused"}}),
	}}, func(t *testing.T, g *gateway) {
		if os.Geteuid() == 0 {
			g.get(t, "/raise").want(t, 200, "refused\n")
		}
		g.get(t, "/plain").want(t, 200, umaskNow()+"\n0\n")
		g.get(t, "/umask").want(t, 200, "0027\n640\n")
		g.get(t, "/limits").want(t, 200, "0077\n64\n64\n2048\n4096\n")
		if body := string(g.get(t, "/fsize").want(t, 200).body); !strings.HasSuffix(body, "\n1048576\n") || strings.HasPrefix(body, "0\n") {
			t.Errorf("%q", body)
		}
		g.get(t, "/nofile").want(t, 200, "20")
	})
}

// What cannot be had is refused at start, and said where it stands; a limit at
// best effort is left out.
func TestIsolationThatCannotBeHad(t *testing.T) {
	t.Parallel()
	asRoot(t)
	plain := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	for name, c := range map[string]struct {
		keys  keys
		words []string
	}{
		"another user":                         {keys{"user": "daemon"}, []string{"user", "only root"}},
		"another group":                        {keys{"group": "daemon"}, []string{"group", "only root"}},
		"more descriptors than the hard limit": {keys{"nofile": 2_000_000_000}, []string{"nofile", "hard limit"}},
		"no group":                             {keys{"user": "54321"}, []string{"54321", "group"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup{top: keys{"cgroup": "off"}, ops: ops{"get /x": text("id -u", c.keys)}, sysProc: plain}
			g := prepare(t, s)
			check(t, os.Chmod(g.dir, 0o777))
			g.wantCode = 2
			g.launch(s)
			if code := g.exitCode(); code != 2 {
				t.Errorf("exit code %d", code)
			}
			for _, w := range append(c.words, "urocket-service.yaml:") {
				if !strings.Contains(g.log(), w) {
					t.Errorf("no %q in %s", w, g.log())
				}
			}
		})
	}
	for name, k := range map[string]keys{
		"itself":      {"user": nobody},
		"best effort": {"nofile": 2_000_000_000, "mode": "besteffort"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup{top: keys{"cgroup": "off"}, ops: ops{"get /x": text("id -u", k)}, sysProc: plain}
			g := prepare(t, s)
			check(t, os.Chmod(g.dir, 0o777))
			for _, sub := range []string{"tmp", "ids", "marks"} {
				check(t, os.Chmod(g.path(sub), 0o777))
			}
			g.launch(s)
			g.waitUp()
			g.get(t, "/x").want(t, 200, "65534\n")
		})
	}
}

// A user who cannot reach the socket is told of at start.
func TestUserWhoCannotReply(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dry := func(top keys) outcome {
		g := prepare(t, setup{top: top, ops: ops{"get /x": {"cmd": "/bin/true", "user": nobody}}})
		return g.cli(t, "dry", "-c", g.path("urocket-service.yaml")).want(t, 0)
	}
	dry(nil).want(t, 0, "user nobody may not write to the socket", "socketgroup")
	for name, top := range map[string]keys{"its group": {"socketgroup": "nogroup"}, "everybody": {"socketmode": "0666"}} {
		if o := dry(top); strings.Contains(o.text(), "may not write") {
			t.Errorf("%s: %s", name, o.text())
		}
	}
}

// A script that is another user's reaches neither urocket nor the shim that has
// started it.
func TestUserCannotReachItsShim(t *testing.T) {
	t.Parallel()
	asRoot(t)
	atEachLevel(t, setup{ops: ops{
		"get /kill": text("kill -9 $PPID 2>/dev/null && echo killed || echo refused; ls /proc/$PPID/fd >/dev/null 2>&1 && echo seen || echo hidden", keys{"user": nobody}),
	}}, func(t *testing.T, g *gateway) {
		g.get(t, "/kill").want(t, 200, "refused\nhidden\n")
	})
}

// What starts processes is not started by anybody else.
func TestShimByHand(t *testing.T) {
	t.Parallel()
	out, err := (&exec.Cmd{Path: program, Args: []string{"urocket-shim", "collect"}}).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "part of urocket") {
		t.Errorf("%v: %s", err, out)
	}
}

func shellOf(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(string(readFile("/etc/passwd"))) {
		if f := strings.Split(strings.TrimSpace(line), ":"); f[0] == name {
			return f[6]
		}
	}
	t.Fatalf("no %s in /etc/passwd", name)
	return ""
}

// umaskNow is this process's umask as a shell prints it.
func umaskNow() string {
	mask := unix.Umask(0)
	unix.Umask(mask)
	return "0" + string([]byte{'0' + byte(mask>>6&7), '0' + byte(mask>>3&7), '0' + byte(mask&7)})
}
