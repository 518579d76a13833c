package vfork

import (
	"math"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Command is a program to be executed, in a session of its own (setsid(2)).
type Command struct {
	Path      string
	Argv, Env []string
	Dir       string // the working directory; "": the parent's
	Files     [3]int // stdin, stdout and stderr: descriptors of the parent, above 2
	Extra     int    // descriptor 3, one of the parent's above 2; 0: none
	Cgroup    int    // a descriptor of the cgroup v2 directory to be born into; negative: the parent's
	User      *User  // nil: the parent's
}

// User is who the program runs as. Nil Groups leave the supplementary groups as
// they are.
type User struct {
	UID, GID int
	Groups   []int
}

// step is a system call with its first four arguments.
type step struct{ trap, a, b, c, d uintptr }

// maxSteps is room for all that a command can ask for.
const maxSteps = 12

// plan is what a child works off, and where it leaves its error.
type plan struct {
	steps  [maxSteps]step
	n      uintptr
	failed uintptr // errno, 0: none
	left   uintptr // how many steps were not done

	groups []uint32 // referred to by a step, as a number only
}

// cloneArgs is struct clone_args of clone3(2), as of Linux 5.7.
type cloneArgs struct {
	flags      uint64
	_          [3]uint64 // pidfd, child_tid, parent_tid
	exitSignal uint64
	_          [5]uint64 // stack, stack_size, tls, set_tid, set_tid_size
	cgroup     uint64
}

// broken says that clone3 was refused for good.
var broken atomic.Bool

// Packed are the words of a command as execve(2) takes them: bytes up to a NUL, and
// lists that end in a nil pointer.
type Packed struct {
	Path, Dir *byte // nil Dir: the parent's
	Argv, Env []*byte
}

// Start starts a command and returns its pid; to wait for it is the caller's. The
// error is a [syscall.Errno]: that of execve, or of what had to be done before it.
func Start(c *Command) (pid int, err error) {
	defer Waiting()()
	if !ready(c) {
		return forkExec(c)
	}
	var w Packed
	if w.Path, err = syscall.BytePtrFromString(c.Path); err != nil {
		return 0, err
	}
	if w.Argv, err = syscall.SlicePtrFromStrings(c.Argv); err != nil {
		return 0, err
	}
	if w.Env, err = syscall.SlicePtrFromStrings(c.Env); err != nil {
		return 0, err
	}
	if c.Dir != "" {
		if w.Dir, err = syscall.BytePtrFromString(c.Dir); err != nil {
			return 0, err
		}
	}
	return start(c, &w)
}

// StartPacked starts a command with words that are packed already; those of c are
// not looked at.
func StartPacked(c *Command, w *Packed) (pid int, err error) {
	defer Waiting()()
	if !ready(c) {
		return forkExec(w.unpack(c))
	}
	return start(c, w)
}

// ready says whether a command can be started by a plan.
func ready(c *Command) bool {
	return supported && !broken.Load() && noFile.Load() != nil && min(c.Files[0], c.Files[1], c.Files[2]) >= 3 &&
		c.Extra != 3 // dup3(2) refuses to put a descriptor where it is
}

// files are the descriptors of the program, in the order of its own.
func (c *Command) files() []int {
	if c.Extra == 0 {
		return c.Files[:]
	}
	return append(c.Files[:len(c.Files):len(c.Files)], c.Extra)
}

func start(c *Command, w *Packed) (pid int, err error) {
	var p plan
	files, places := c.files(), reserved.Load()
	if places != nil {
		set, done, err := places.put(files)
		if err != nil {
			return 0, err
		}
		defer done()
		files = set[:len(files)]
		p.add(unix.SYS_CLOSE_RANGE, uintptr(places.from()), math.MaxUint32, unix.CLOSE_RANGE_UNSHARE)
	}
	limit := noFile.Load().now()
	p.make(c, w, files, limit)
	args := cloneArgs{flags: unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_CLEAR_SIGHAND, exitSignal: uint64(unix.SIGCHLD)}
	if places != nil {
		args.flags |= unix.CLONE_FILES
	}
	if c.Cgroup >= 0 {
		args.flags |= unix.CLONE_INTO_CGROUP
		args.cgroup = uint64(c.Cgroup)
	}
	child, errno := clone(&args, unsafe.Sizeof(args), &p)
	runtime.KeepAlive(w)
	runtime.KeepAlive(p.groups)
	runtime.KeepAlive(limit)
	switch {
	case errno == 0:
	case refused(syscall.Errno(errno)):
		pid, err = forkExec(w.unpack(c)) // which says what is wrong, if it was not the call
		if err == nil {
			broken.Store(true)
		}
		return pid, err
	default:
		return 0, syscall.Errno(errno)
	}
	if p.failed != 0 {
		_, _ = syscall.Wait4(int(child), nil, 0, nil) // unless somebody waits for every child
		if places != nil && p.left == p.n && refused(syscall.Errno(p.failed)) {
			reserved.Store(nil) // no close_range here
			return start(c, w)
		}
		return 0, syscall.Errno(p.failed)
	}
	return int(child), nil
}

// refused says that a system call as such may be what the kernel, or a filter, does
// not take.
func refused(errno syscall.Errno) bool {
	return errno == syscall.ENOSYS || errno == syscall.EINVAL || errno == syscall.EPERM || errno == syscall.E2BIG
}

// make writes the list.
func (p *plan) make(c *Command, w *Packed, files []int, limit *syscall.Rlimit) {
	p.add(unix.SYS_SETSID)
	if limit != nil {
		p.add(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, pointer(limit), 0)
	}
	if u := c.User; u != nil {
		if u.Groups != nil {
			p.groups = make([]uint32, max(len(u.Groups), 1))
			for i, g := range u.Groups {
				p.groups[i] = uint32(g)
			}
			p.add(unix.SYS_SETGROUPS, uintptr(len(u.Groups)), pointer(&p.groups[0]))
		}
		p.add(unix.SYS_SETGID, uintptr(u.GID))
		p.add(unix.SYS_SETUID, uintptr(u.UID))
	}
	if w.Dir != nil {
		p.add(unix.SYS_CHDIR, pointer(w.Dir))
	}
	for i, fd := range files {
		p.add(unix.SYS_DUP3, uintptr(fd), uintptr(i))
	}
	p.add(unix.SYS_EXECVE, pointer(w.Path), pointer(&w.Argv[0]), pointer(&w.Env[0]))
}

func (p *plan) add(trap uintptr, args ...uintptr) {
	s := &p.steps[p.n]
	s.trap = trap
	for i, to := range []*uintptr{&s.a, &s.b, &s.c, &s.d} {
		if i < len(args) {
			*to = args[i]
		}
	}
	p.n++
}

// pointer is the address of what a start keeps alive. It is made to lie on the heap,
// which does not move, whatever the compiler finds out about it.
func pointer[T any](p *T) uintptr {
	if never {
		sink.Store(p)
	}
	return uintptr(unsafe.Pointer(p))
}

var (
	never bool
	sink  atomic.Value
)

// unpack makes words of a packed command.
func (w *Packed) unpack(c *Command) *Command {
	words := func(list []*byte) (words []string) {
		for _, p := range list {
			if p != nil {
				words = append(words, unix.BytePtrToString(p))
			}
		}
		return words
	}
	full := *c
	full.Path, full.Argv, full.Env = unix.BytePtrToString(w.Path), words(w.Argv), words(w.Env)
	if full.Dir = ""; w.Dir != nil {
		full.Dir = unix.BytePtrToString(w.Dir)
	}
	return &full
}

// forkExec does the same by the standard library.
func forkExec(c *Command) (int, error) {
	sys := &syscall.SysProcAttr{Setsid: true}
	if c.Cgroup >= 0 {
		sys.UseCgroupFD, sys.CgroupFD = true, c.Cgroup
	}
	if u := c.User; u != nil {
		sys.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), NoSetGroups: u.Groups == nil}
		for _, g := range u.Groups {
			sys.Credential.Groups = append(sys.Credential.Groups, uint32(g))
		}
	}
	attr := &syscall.ProcAttr{Dir: c.Dir, Env: c.Env, Sys: sys}
	for _, fd := range c.files() {
		attr.Files = append(attr.Files, uintptr(fd))
	}
	return syscall.ForkExec(c.Path, c.Argv, attr)
}
