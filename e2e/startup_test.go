package e2e

import (
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Exit codes at start: what another has is 1, and the message says what.
func TestTakenAtStart(t *testing.T) {
	t.Parallel()
	other := start(t, setup{ops: ops{"get /wait": waiting(nil)}})
	refused := func(t *testing.T, g *gateway, words ...string) {
		t.Helper()
		g.cli(t, "run", "-c", g.path("urocket-service.yaml")).want(t, 1, words...)
	}
	t.Run("a taken address", func(t *testing.T) {
		t.Parallel()
		g := prepare(t, setup{top: keys{"listen": other.addr}})
		refused(t, g, other.addr)
		if exists(g.sock) {
			t.Error("the socket is left")
		}
	})
	t.Run("a taken admin address", func(t *testing.T) {
		t.Parallel()
		refused(t, prepare(t, setup{top: keys{"admin": other.addr}}), other.addr)
	})
	t.Run("a live socket: says who has it", func(t *testing.T) {
		t.Parallel()
		refused(t, prepare(t, setup{top: keys{"socketpath": other.sock}}), other.sock, strconv.Itoa(other.pid()))
		h := other.hold(t, "GET", "/wait") // and the other one goes on
		other.reply(t, h.id, "{}").want(t, 200)
		h.answer(t).want(t, 200)
	})
	t.Run("a live socket that is no urocket's", func(t *testing.T) {
		t.Parallel()
		g := prepare(t, setup{})
		l, err := net.Listen("unix", g.sock)
		check(t, err)
		defer l.Close()
		refused(t, g, g.sock)
		check(t, l.Close())
	})
	for what, put := range map[string]func(name string) error{
		"a file":      func(name string) error { return os.WriteFile(name, []byte("precious"), 0o600) },
		"a directory": func(name string) error { return os.Mkdir(name, 0o755) },
		"a fifo":      func(name string) error { return syscall.Mkfifo(name, 0o600) },
		"a link":      func(name string) error { return os.Symlink(other.sock, name) },
	} {
		t.Run(what+" at socketpath is left alone", func(t *testing.T) {
			t.Parallel()
			g := prepare(t, setup{})
			check(t, put(g.sock))
			before, err := os.Lstat(g.sock)
			check(t, err)
			refused(t, g, g.sock)
			after, err := os.Lstat(g.sock)
			if err != nil || !os.SameFile(before, after) || before.Mode() != after.Mode() {
				t.Errorf("it was touched: %v", err)
			}
		})
	}
}

// A socket that no live process serves is replaced.
func TestStaleSocketIsReplaced(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"get /x": {"cmd": "/bin/echo x", "reply": "stdout"}}})
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: g.sock, Net: "unix"})
	check(t, err)
	l.SetUnlinkOnClose(false)
	check(t, l.Close())
	g.launch(setup{})
	g.waitUp()
	g.get(t, "/x").want(t, 200, "x\n")
}

// After a crash the next start takes the socket over and sweeps what was left.
func TestStartAfterACrash(t *testing.T) {
	t.Parallel()
	s := setup{ops: ops{
		"get /live": living(keys{"cmd": sh(noteID + "exec @HELPER@ stubborn ids/$T.pid"), "tmpdir": "own", "timeout": "10m"}),
		"get /wait": waiting(nil),
	}}
	g := start(t, s)
	h := g.begin(t, "GET", "/live")
	eventually(t, "the script runs", func() bool { return exists(g.path("ids", h.token+".pid")) })
	pid := atoi(t, g.path("ids", h.token+".pid"))
	g.crashed = true
	g.signal(syscall.SIGKILL)
	g.exitCode()

	g.crashed = false
	g.launch(s)
	g.waitUp()
	eventually(t, "what the crash left is swept", func() bool { return !alive(pid) })
	if left := g.temporary(); len(left) > 0 {
		t.Errorf("left in TMPDIR: %q", left)
	}
	again := g.hold(t, "GET", "/wait")
	g.reply(t, again.id, "{}").want(t, 200)
	again.answer(t).want(t, 200)
}

// The socket has its mode, its group and its whole name.
func TestSocketFile(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"0600", "0660", "0666"} {
		t.Run("mode "+mode, func(t *testing.T) {
			t.Parallel()
			g := prepare(t, setup{})
			// 107 bytes: the longest that a socket's address holds.
			g.sock = g.path(strings.Repeat("s", 107-len(g.dir)-1))
			own, err := user.LookupGroupId(strconv.Itoa(os.Getgid()))
			check(t, err)
			g.writeConfig(setup{top: keys{"socketmode": mode, "socketgroup": own.Name}})
			g.launch(setup{})
			g.waitUp()
			st, err := os.Lstat(g.sock)
			check(t, err)
			if want, _ := strconv.ParseUint(mode, 8, 32); st.Mode().Type() != os.ModeSocket || uint64(st.Mode().Perm()) != want {
				t.Errorf("mode %v, want %s", st.Mode(), mode)
			}
			names, err := os.ReadDir(g.dir)
			check(t, err)
			for _, n := range names {
				if n.Type() == os.ModeSocket && n.Name() != st.Name() {
					t.Errorf("a socket under a temporary name is left: %s", n.Name())
				}
			}
		})
	}
}
