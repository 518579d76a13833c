package processctl

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/processctl/warm"
)

// forkError tells whose fault it is. clone3 and execve share the one errno.
func (p *Process) forkError(err error) error {
	var resource *ResourceError
	switch {
	case errors.As(err, &resource):
		return err
	case errors.Is(err, warm.ErrUncertain):
		return &ResourceError{err}
	case errors.Is(err, syscall.E2BIG):
		return fmt.Errorf("%w: the kernel refused it", ErrTooLong)
	case isShort(err),
		errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EBADF): // the group is to blame
		return &ResourceError{err}
	}
	exec := error(&os.PathError{Op: "exec", Path: p.spec.Path, Err: err})
	if _, serr := os.Stat(p.spec.Dir); serr != nil {
		return &StartError{fmt.Errorf("enter working directory: %w", serr)}
	}
	switch why := command.CheckExecutable(p.spec.Path); {
	case why == nil:
	case errors.Is(why, err):
		return &StartError{why}
	default:
		return &StartError{fmt.Errorf("%w: %w", exec, why)}
	}
	if why := command.CheckProgram(p.spec.Path); why != nil {
		return &StartError{fmt.Errorf("%w: %w", exec, why)}
	}
	if s := p.spec.Isolation; errors.Is(err, syscall.EACCES) && s != nil && s.User != nil {
		return &StartError{fmt.Errorf("%w for uid %d: it has to be allowed to execute the program (and what its #! line names), and to enter the working directory %s", exec, s.User.UID, p.spec.Dir)}
	}
	return &StartError{exec}
}

// isShort says that the kernel had no process, memory or descriptor to give.
func isShort(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
