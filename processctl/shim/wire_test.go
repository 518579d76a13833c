package shim

import (
	"reflect"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/vfork"
)

// words are what can stand in an argument: anything but a NUL.
var words = rapid.StringMatching(`[^\x00]{0,20}`)

func TestCommandArrivesAsItWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Command{
			Path: words.Draw(t, "path"), Dir: words.Draw(t, "dir"),
			Argv: rapid.SliceOfN(words, 1, 5).Draw(t, "argv"), Env: rapid.SliceOfN(words, 0, 5).Draw(t, "env"),
		}
		got, err := decoded(c.encode())
		if err != nil {
			t.Fatal(err)
		}
		if got.Path != c.Path || got.Dir != c.Dir || !equal(got.Argv, c.Argv) || !equal(got.Env, c.Env) {
			t.Fatalf("%+v became %+v", c, got)
		}
	})
}

// decoded is the command that a message holds.
func decoded(body []byte) (c Command, err error) {
	var w vfork.Packed
	if err := decode(body, &w); err != nil {
		return c, err
	}
	words := func(list []*byte) (words []string) {
		for _, p := range list[:len(list)-1] {
			words = append(words, unix.BytePtrToString(p))
		}
		return words
	}
	c.Path, c.Argv, c.Env = unix.BytePtrToString(w.Path), words(w.Argv), words(w.Env)
	if w.Dir != nil {
		c.Dir = unix.BytePtrToString(w.Dir)
	}
	return c, nil
}

func equal(a, b []string) bool { return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b)) }

// A broken message is refused, whatever is in it.
func FuzzDecode(f *testing.F) {
	good := Command{Path: "/bin/true", Dir: "/", Argv: []string{"true", ""}, Env: []string{"A=1"}}
	f.Add(good.encode())
	f.Add([]byte("\x00\x00-1\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := decoded(body)
		if err != nil {
			return
		}
		if again, err := decoded(c.encode()); err != nil || !equal(again.Argv, c.Argv) || !equal(again.Env, c.Env) {
			t.Fatalf("%+v became %+v (%v)", c, again, err)
		}
	})
}

func TestSettingsArriveAsTheyWereSent(t *testing.T) {
	number := rapid.IntRange(0, 1<<31)
	limit := rapid.Ptr(rapid.Int64Range(0, 1<<40), true)
	rapid.Check(t, func(t *rapid.T) {
		s := Settings{
			Umask: rapid.Ptr(rapid.IntRange(0, 0o777), true).Draw(t, "umask"), Collect: rapid.Bool().Draw(t, "collect"),
			Rlimits: Rlimits{NoFile: limit.Draw(t, "nofile"), FSize: limit.Draw(t, "fsize"), Core: limit.Draw(t, "core")},
		}
		if rapid.Bool().Draw(t, "user") {
			s.User = &User{UID: number.Draw(t, "uid"), GID: number.Draw(t, "gid"), KeepPrivs: rapid.Bool().Draw(t, "keepprivs"), KeepGroups: rapid.Bool().Draw(t, "keepgroups")}
			if !s.User.KeepGroups {
				s.User.Groups = rapid.SliceOfN(number, 1, 4).Draw(t, "groups")
			}
		}
		got, err := parse(s.Args()[1:])
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("%+v became %+v (%v)", s, got, err)
		}
	})
}

func TestDeathArrivesAsItWasSent(t *testing.T) {
	d := family.Death{Status: 9, Rusage: syscall.Rusage{Maxrss: 4711, Utime: syscall.Timeval{Sec: 3, Usec: 14}}}
	got, err := decodeDeath(encodeDeath(&d))
	if err != nil || got.Status != d.Status || got.Rusage != d.Rusage {
		t.Errorf("%+v (%v)", got, err)
	}
	if _, err := decodeDeath(encodeDeath(&d)[1:]); err == nil {
		t.Error("a short death is taken")
	}
}
