package shim

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/vfork"
)

// Settings are what the commands of a shim inherit from it. The zero value
// changes nothing.
type Settings struct {
	User    *User   // nil: who we are
	Umask   *int    // nil: inherited
	Rlimits Rlimits // soft and hard alike
	Collect bool    // a subreaper for one command at a time

	soft *uint64 // urocket's word for [vfork.Inherit]; nil: it knows none
}

// User is who a command runs as. With one comes no_new_privs (prctl(2)): a
// setuid program gives nothing back.
type User struct {
	UID, GID   int
	Groups     []int
	KeepGroups bool // leave the supplementary groups as they are
	KeepPrivs  bool // only the group was asked for: no_new_privs is left out
}

// Rlimits are limits of setrlimit(2); nil leaves one as it is inherited.
type Rlimits struct {
	NoFile *int64 // descriptors
	FSize  *int64 // bytes of a file that is written
	Core   *int64 // bytes of a core dump
}

// resources names the limits as they stand in a shim's arguments.
var resources = []struct {
	word     string
	resource int
	value    func(*Rlimits) **int64
}{
	{"nofile", unix.RLIMIT_NOFILE, func(r *Rlimits) **int64 { return &r.NoFile }},
	{"fsize", unix.RLIMIT_FSIZE, func(r *Rlimits) **int64 { return &r.FSize }},
	{"core", unix.RLIMIT_CORE, func(r *Rlimits) **int64 { return &r.Core }},
}

// Empty says whether nothing is to be set.
func (s *Settings) Empty() bool { return len(s.Args()) == 1 }

// Drop leaves the limit of that word out; false: there was none.
func (r *Rlimits) Drop(word string) bool {
	for _, known := range resources {
		if v := known.value(r); known.word == word && *v != nil {
			*v = nil
			return true
		}
	}
	return false
}

// Args are the settings as a shim's arguments, its name included; they show in
// ps(1) too.
func (s Settings) Args() []string {
	args := []string{Name}
	add := func(format string, a ...any) { args = append(args, fmt.Sprintf(format, a...)) }
	if s.Collect {
		add("collect")
	}
	if u := s.User; u != nil {
		add("uid=%d", u.UID)
		add("gid=%d", u.GID)
		if u.KeepGroups {
			add("keepgroups")
		} else {
			add("groups=%s", strings.Trim(strings.ReplaceAll(fmt.Sprint(u.Groups), " ", ","), "[]"))
		}
		if u.KeepPrivs {
			add("keepprivs")
		}
	}
	if s.Umask != nil {
		add("umask=%04o", *s.Umask)
	}
	for _, r := range resources {
		if v := *r.value(&s.Rlimits); v != nil {
			add("%s=%d", r.word, *v)
		}
	}
	return args
}

// parse reads what Args has written.
func parse(args []string) (s Settings, err error) {
	user := func() *User {
		if s.User == nil {
			s.User = &User{}
		}
		return s.User
	}
	for _, arg := range args {
		word, value, _ := strings.Cut(arg, "=")
		number := func(base int) int {
			n, nerr := strconv.ParseInt(value, base, 64)
			if nerr != nil {
				err = nerr
			}
			return int(n)
		}
		switch word {
		case "collect":
			s.Collect = true
		case "soft":
			soft := uint64(number(10))
			s.soft = &soft
		case "uid":
			user().UID = number(10)
		case "gid":
			user().GID = number(10)
		case "keepgroups":
			user().KeepGroups = true
		case "keepprivs":
			user().KeepPrivs = true
		case "groups":
			for _, value = range strings.FieldsFunc(value, func(r rune) bool { return r == ',' }) {
				user().Groups = append(user().Groups, number(10))
			}
		case "umask":
			mask := number(8)
			s.Umask = &mask
		default:
			err = setRlimit(&s.Rlimits, word, int64(number(10)), err)
		}
		if err != nil {
			return s, fmt.Errorf("argument %s: %w", arg, err)
		}
	}
	return s, nil
}

func setRlimit(r *Rlimits, word string, value int64, err error) error {
	for _, known := range resources {
		if known.word == word {
			*known.value(r) = &value
			return err
		}
	}
	return fmt.Errorf("unknown")
}

// RefusedError says which setting cannot be had, by its word in [Settings.Args].
type RefusedError struct {
	Setting string
	Reason  string
}

func (e *RefusedError) Error() string { return e.Reason }

func refused(setting, format string, a ...any) error {
	return &RefusedError{Setting: setting, Reason: fmt.Errorf(format, a...).Error()}
}

// apply makes the settings those of this process, and returns what only a child
// can be given. The caller's thread must be the one that starts the children:
// no_new_privs is a thread's. The error is a [*RefusedError].
func (s Settings) apply() (*vfork.User, error) {
	if s.Collect {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return nil, refused("collect", "become a subreaper: %w", err)
		}
	}
	if s.Umask != nil {
		unix.Umask(*s.Umask)
	}
	for _, r := range resources {
		if v := *r.value(&s.Rlimits); v != nil {
			if err := setBoth(r.resource, uint64(*v)); err != nil {
				return nil, refused(r.word, "set the limit %s to %d: %w", r.word, *v, err)
			}
		}
	}
	switch {
	case s.Rlimits.NoFile != nil:
		vfork.Inherit(0)
	case s.soft != nil:
		vfork.Inherit(*s.soft)
	}
	if s.User == nil {
		return nil, nil
	}
	if !s.User.KeepPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return nil, refused("uid", "set no_new_privs: %w", err)
		}
	}
	return s.User.credential(), nil
}

// setBoth sets the soft and the hard limit. syscall's Setrlimit and no other: it
// tells Go that the limit of descriptors is not to be put back in children.
func setBoth(resource int, value uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err == nil && value > now.Max && now.Max != math.MaxUint64 {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("%w: the hard limit here is %d, and only root may raise it", err, now.Max)
		}
		return nil
	}
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value})
}

func (u *User) credential() *vfork.User {
	c := &vfork.User{UID: u.UID, GID: u.GID}
	if !u.KeepGroups {
		c.Groups = append([]int{}, u.Groups...)
	}
	return c
}

// execWord stands between the settings and the program in the arguments of a shim that
// becomes one.
const execWord = "exec"

// Exec is how to start a program that is given settings and has nobody between it and
// its parent: path and arguments of this program, which takes the settings on and
// executes path. Why it could not is its word on descriptor 3, if that is a socket:
// "failed", a NUL, and the reason.
func Exec(s *Settings, path string, argv []string) (self string, args []string) {
	return "/proc/self/exe", slices.Concat(s.Args(), []string{execWord, path}, argv)
}
