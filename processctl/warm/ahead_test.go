package warm

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// ahead has a process forked ahead.
func (k *kitchen) ahead(keeper *Keeper) (a *Ahead, g Group, end func()) {
	k.t.Helper()
	g, remove, err := k.group()
	must(k.t, err)
	a, err = keeper.Ahead(g)
	must(k.t, err)
	return a, g, func() {
		a.Close()
		var status unix.WaitStatus
		_, err := unix.Wait4(a.PID, &status, 0, nil)
		must(k.t, err)
		remove()
	}
}

// request is one whose output goes to w.
func (k *kitchen) request(w *os.File, g Group) *Request {
	return &Request{
		Call:  Call{Dir: k.dir, Script: "a.php", Words: []string{"php", "a.php", "x y"}, Args: 2, Env: []string{"A=1"}},
		Stdin: int(k.null.Fd()), Stdout: int(w.Fd()), Stderr: int(w.Fd()), Group: g,
	}
}

// One that was forked ahead runs the script as it is when it is told to; or nothing, if
// it is told nothing or has died.
func TestAhead(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), `<?php echo "old";`)
	keeper := k.keep(k.program())
	k.serving(keeper, 0)
	out, err := os.Create(k.path("out"))
	must(t, err)
	defer out.Close()
	said := func() string {
		text, err := os.ReadFile(k.path("out"))
		must(t, err)
		return string(text)
	}

	a, g, end := k.ahead(keeper)
	write(t, k.path("a.php"), `<?php file_put_contents("php://stderr", implode(",", $argv) . getmypid() . getenv("A") . count(getenv()));`)
	if !keeper.Serves(a) || said() != "" {
		t.Errorf("it is of no use, or has said %q", said())
	}
	must(t, a.Begin(k.request(out, g)))
	pid := a.String()[len("process "):]
	end()
	if want := "a.php,x y" + pid + "11"; said() != want {
		t.Errorf("%q, want %q", said(), want)
	}

	a, g, end = k.ahead(keeper)
	must(t, syscall.Kill(a.PID, syscall.SIGSTOP))
	must(t, a.Begin(k.request(out, g))) // it is had going on
	end()

	_, _, end = k.ahead(keeper)
	end() // it ends by itself when it is told nothing
	a, g, end = k.ahead(keeper)
	must(t, syscall.Kill(a.PID, syscall.SIGKILL))
	before := said()
	if err := a.Begin(k.request(out, g)); err == nil || said() != before {
		t.Errorf("killed: %v, and it has said %q", err, said())
	}
	end()

	a, _, end = k.ahead(keeper)
	must(t, os.Mkdir(k.path("sub"), 0o755))
	write(t, k.path("sub/b.php"), "<?php")
	must(t, os.Remove(k.path("a.php")))
	must(t, os.Symlink("sub/b.php", k.path("a.php")))
	if keeper.Serves(a) {
		t.Error("the script is another one by now")
	}
	end()
}

// What a process says that is no answer leaves a doubt; that it says nothing does not.
func TestOddAnswersOfAhead(t *testing.T) {
	for said, want := range map[string]error{"": errStillborn, "junk": ErrUncertain, "00000000 8": ErrUncertain, "00000000 0": ErrUncertain, "00000000 7": nil, "00000000 -2": nil} {
		ours, its, err := pair()
		must(t, err)
		rc, err := ours.SyscallConn()
		must(t, err)
		a := &Ahead{PID: 7, f: ours, rc: rc}
		if said != "" {
			_, err = its.WriteString(said)
			must(t, err)
		}
		must(t, its.Close())
		if n, err := a.answer(endTime); !errors.Is(err, want) || err == nil && n != 7 && n != -2 {
			t.Errorf("%q: %d, %v, want %v", said, n, err, want)
		}
		a.Close()
	}
}
