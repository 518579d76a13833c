package e2e

import (
	"os"
	"strings"
	"testing"
)

// A script starts with default signals and three descriptors, whatever the
// program itself was started with.
func TestScriptInheritsNothing(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]setup{
		"started plainly": {},
		"started with open files, ignored and blocked signals": {
			via: []string{"launch", "ignore:1", "ignore:2", "ignore:13", "ignore:10", "ignore:17", "block:15", "block:12", "block:17", "block:34"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				f, err := os.Open("/etc/passwd")
				check(t, err)
				defer f.Close()
				s.extraFiles = append(s.extraFiles, f)
			}
			s.ops = ops{
				"get /status": {"cmd": "/bin/cat /proc/self/status", "reply": "stdout"},
				"get /fds":    {"cmd": sh("ls /proc/$$/fd"), "reply": "stdout"},
				"post /stdin": {"cmd": sh("ls /proc/$$/fd"), "reply": "stdout", "channel": "stdin"},
				"get /term":   {"cmd": "/bin/sleep 60", "timeout": "200ms", "grace": "10m"},
			}
			g := start(t, s)
			status := string(g.get(t, "/status").want(t, 200).body)
			for _, set := range []string{"SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"} {
				if !strings.Contains(status, "\n"+set+":\t0000000000000000\n") {
					t.Errorf("%s is not empty:\n%s", set, status[strings.Index(status, "SigQ"):strings.Index(status, "CapInh")])
				}
			}
			g.get(t, "/fds").want(t, 200, "0\n1\n2\n")
			g.post(t, "/stdin", "{}").want(t, 200, "0\n1\n2\n")
			id := g.get(t, "/term").wantProblem(t, 504, "timeout").RequestID
			if p := g.awaitState(t, id, "ended"); p.Signal == nil || *p.Signal != "SIGTERM" {
				t.Errorf("SIGTERM does not end a sleep: %v", p.Signal)
			}
		})
	}
}

func TestProcessSurroundings(t *testing.T) {
	t.Parallel()
	g := start(t, setup{
		files: map[string]string{"sub/run.sh": "#!/bin/sh\npwd -P\n", "sub/nobang": "pwd -P\n"},
		ops: ops{
			"get /probe":    probing(),
			"get /default":  {"cmd": "/bin/pwd", "reply": "stdout"},
			"get /relative": {"cmd": "./run.sh", "wd": "sub", "reply": "stdout"},
			"get /bypath":   {"cmd": "pwd", "wd": "@DIR@/sub", "reply": "stdout"},
			"get /cgroup":   {"cmd": "/bin/cat /proc/self/cgroup", "reply": "stdout"},
			"get /core":     {"cmd": sh("ulimit -c"), "reply": "stdout"},
		},
	})
	t.Run("stdin is /dev/null and the session its own", func(t *testing.T) {
		t.Parallel()
		s := g.see(t, request{path: "/probe"})
		if s.StdinIs != "/dev/null" || len(s.Stdin) > 0 {
			t.Errorf("stdin is %s", s.StdinIs)
		}
		if s.SID != s.PID || s.PGID != s.PID {
			t.Errorf("pid %d, group %d, session %d", s.PID, s.PGID, s.SID)
		}
	})
	t.Run("the working directory", func(t *testing.T) {
		t.Parallel()
		g.get(t, "/default").want(t, 200, g.dir+"\n")
		g.get(t, "/relative").want(t, 200, g.path("sub")+"\n")
		g.get(t, "/bypath").want(t, 200, g.path("sub")+"\n")
	})
	t.Run("no core files", func(t *testing.T) { t.Parallel(); g.get(t, "/core").want(t, 200, "0\n") })
	t.Run("a group of its own from birth", func(t *testing.T) {
		t.Parallel()
		if !cgroupsWork() {
			return // TestWithoutCgroups has that level
		}
		seen := map[string]bool{}
		for range 20 {
			at := ""
			for line := range strings.Lines(string(g.get(t, "/cgroup").want(t, 200).body)) {
				if rest, ok := strings.CutPrefix(line, "0::"); ok {
					at = rest
				}
			}
			if !strings.Contains(at, g.name) || seen[at] {
				t.Fatalf("cgroup %q: lacks the service's name, or was used before", at)
			}
			seen[at] = true
		}
		id := g.see(t, request{path: "/probe"})
		if strings.Contains(id.Cgroup, id.env(t)["REQUEST_ID"]) {
			t.Errorf("the group's name holds the request id: %s", id.Cgroup)
		}
	})
}

// tmpdir: own is a fresh 0700 directory, gone afterwards whatever lies in it.
func TestOwnTmpdir(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /probe": probing("tmpdir", "own", "env", []string{"LITTER=1"})}})
	seen := map[string]bool{}
	for range 3 {
		s := g.see(t, request{path: "/probe"})
		env := s.env(t)
		tmp := env["TMPDIR"]
		if s.TmpMode != 0o700 || len(s.TmpIn) != 0 || seen[tmp] || !strings.HasPrefix(tmp, g.path("tmp")+"/") {
			t.Errorf("TMPDIR %s, mode %o, holds %q", tmp, s.TmpMode, s.TmpIn)
		}
		if strings.Contains(tmp, env["REQUEST_ID"]) {
			t.Errorf("its name holds the request id: %s", tmp)
		}
		seen[tmp] = true
		eventually(t, "the directory is deleted", func() bool { return !exists(tmp) })
	}
}

// channel: file gives a 0600 file that goes with the call.
func TestPayloadFile(t *testing.T) {
	t.Parallel()
	file := func(more ...any) keys {
		return probing(append(more, "channel", "file", "encoding", "raw", "env", []string{"PAYLOADFILE={{payloadfile}}"})...)
	}
	g := start(t, setup{ops: ops{"post /inherit": file(), "post /own": file("tmpdir", "own")}})
	for _, path := range []string{"/inherit", "/own"} {
		for _, body := range [][]byte{everyByte, {}, []byte("a\x00b")} {
			s := g.see(t, request{method: "POST", path: path, body: body, header: asRaw})
			env := s.env(t)
			if s.FileMode != 0o600 || string(s.File) != string(body) || !strings.HasPrefix(s.FilePath, env["TMPDIR"]+"/") {
				t.Errorf("%s: file %s, mode %o, %s", path, s.FilePath, s.FileMode, short(s.File))
			}
			if strings.Contains(s.FilePath, env["REQUEST_ID"]) {
				t.Errorf("its name holds the request id: %s", s.FilePath)
			}
			eventually(t, "the file is gone", func() bool { return !exists(s.FilePath) })
		}
	}
}

// Without a TMPDIR of the program's there is none for the script, and the
// payload file lies in /tmp.
func TestPayloadFileWithoutTMPDIR(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"post /in": probing("channel", "file", "encoding", "raw", "env", []string{"PAYLOADFILE={{payloadfile}}"})}})
	g.launch(setup{via: []string{"launch", "unset:TMPDIR"}})
	g.waitUp()
	s := g.see(t, request{method: "POST", path: "/in", body: []byte("x"), header: asRaw})
	if v, ok := s.env(t)["TMPDIR"]; ok || !strings.HasPrefix(s.FilePath, "/tmp/") || string(s.File) != "x" {
		t.Errorf("TMPDIR=%q, file %s", v, s.FilePath)
	}
	eventually(t, "the file is gone", func() bool { return !exists(s.FilePath) })
}

// The program does not become a zombie's parent for long.
func TestNoZombies(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: ops{"get /tree": {"cmd": sh("(/bin/true & ) ; (sleep 0.1 & ); echo x"), "reply": "stdout"}}})
	for range 10 {
		g.get(t, "/tree").want(t, 200, "x\n")
	}
	eventually(t, "no zombie is a child of the program", func() bool { return len(zombiesOf(g.pid())) == 0 })
}
