package vfork

import (
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
const maxSteps = 10

// plan is what a child works off, and where it leaves its error.
type plan struct {
	steps  [maxSteps]step
	n      uintptr
	failed uintptr // errno, 0: none

	path, dir *byte // referred to by steps, as numbers only
	argv, env []*byte
	groups    []uint32
	noFile    *syscall.Rlimit
}

// cloneArgs is struct clone_args of clone3(2), as of Linux 5.7.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls, setTID, setTIDSize     uint64
	cgroup                                        uint64
}

// broken says that clone3 was refused for good.
var broken atomic.Bool

// Start starts a command and returns its pid; to wait for it is the caller's. The
// error is a [syscall.Errno]: that of execve, or of what had to be done before it.
func Start(c *Command) (pid int, err error) {
	limit := noFile.Load()
	if !supported || limit == nil || broken.Load() || min(c.Files[0], c.Files[1], c.Files[2]) < 3 {
		return forkExec(c)
	}
	p := &plan{noFile: limit.Rlimit}
	if err := p.make(c); err != nil {
		return 0, err
	}
	args := cloneArgs{flags: unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_CLEAR_SIGHAND, exitSignal: uint64(unix.SIGCHLD)}
	if c.Cgroup >= 0 {
		args.flags |= unix.CLONE_INTO_CGROUP
		args.cgroup = uint64(c.Cgroup)
	}
	child, errno := clone(&args, unsafe.Sizeof(args), p)
	runtime.KeepAlive(p)
	switch syscall.Errno(errno) {
	case 0:
	case syscall.ENOSYS, syscall.EINVAL, syscall.EPERM, syscall.E2BIG:
		pid, err = forkExec(c) // which says what is wrong, if it was not the call
		if err == nil {
			broken.Store(true)
		}
		return pid, err
	default:
		return 0, syscall.Errno(errno)
	}
	if p.failed != 0 {
		_, _ = syscall.Wait4(int(child), nil, 0, nil) // unless somebody waits for every child
		return 0, syscall.Errno(p.failed)
	}
	return int(child), nil
}

// make writes the list.
func (p *plan) make(c *Command) (err error) {
	if p.path, err = syscall.BytePtrFromString(c.Path); err != nil {
		return err
	}
	if p.argv, err = syscall.SlicePtrFromStrings(c.Argv); err != nil {
		return err
	}
	if p.env, err = syscall.SlicePtrFromStrings(c.Env); err != nil {
		return err
	}
	p.add(unix.SYS_SETSID)
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
	if c.Dir != "" {
		if p.dir, err = syscall.BytePtrFromString(c.Dir); err != nil {
			return err
		}
		p.add(unix.SYS_CHDIR, pointer(p.dir))
	}
	for i, fd := range c.Files {
		p.add(unix.SYS_DUP3, uintptr(fd), uintptr(i))
	}
	if p.noFile != nil {
		p.add(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, pointer(p.noFile), 0)
	}
	p.add(unix.SYS_EXECVE, pointer(p.path), pointer(&p.argv[0]), pointer(&p.env[0]))
	return nil
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

// pointer is the address of what a plan keeps alive; the heap does not move.
func pointer[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

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
	return syscall.ForkExec(c.Path, c.Argv, &syscall.ProcAttr{
		Dir: c.Dir, Env: c.Env, Sys: sys,
		Files: []uintptr{uintptr(c.Files[0]), uintptr(c.Files[1]), uintptr(c.Files[2])},
	})
}
