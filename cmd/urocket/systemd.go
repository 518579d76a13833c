package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// Names of the sockets that systemd may open for us (FileDescriptorName=).
const (
	frontSocket = "http"
	replySocket = "reply"
	adminSocket = "admin"
)

// inherited are the listeners that systemd has opened (sd_listen_fds(3)), by name.
type inherited map[string]net.Listener

// inherit takes the listeners that systemd has opened. Such as bear none of our names
// are told apart by what they are: the one unix socket takes replies, the one of TCP
// requests. What cannot be used is an error: it would lie there unserved.
func inherit() (l inherited, err error) {
	l = inherited{}
	for name, files := range activation.FilesWithNames() {
		for _, f := range files {
			err = errors.Join(err, l.add(name, f))
		}
	}
	if err != nil {
		l.close()
		return nil, fmt.Errorf("take the sockets of systemd: %w", err)
	}
	return l, nil
}

// add takes one socket in. It closes f, of which a listener has a copy.
func (l inherited) add(name string, f *os.File) error {
	one, err := net.FileListener(f)
	_ = f.Close()
	if err != nil {
		return fmt.Errorf("the one named %q is no listening stream socket, as ListenStream= makes one: %w", name, err)
	}
	_, unix := one.(*net.UnixListener)
	switch name {
	case frontSocket, replySocket, adminSocket:
	default:
		name = frontSocket
		if unix {
			name = replySocket
		}
	}
	switch {
	case l[name] != nil:
		err = fmt.Errorf("there are two for %q: tell them apart with FileDescriptorName=%s, %s or %s", name, frontSocket, replySocket, adminSocket)
	case unix != (name == replySocket):
		err = fmt.Errorf("the one named %q is at %s: %s is a unix socket, %s and %s are TCP", name, one.Addr(), replySocket, frontSocket, adminSocket)
	default:
		l[name] = one
		return nil
	}
	_ = one.Close()
	return err
}

// take returns the listener of that name, once; nil: there is none.
func (l inherited) take(name string) net.Listener {
	one := l[name]
	delete(l, name)
	return one
}

func (l inherited) close() {
	for name := range l {
		_ = l.take(name).Close()
	}
}

// manager tells systemd, if that has started us, how we are (sd_notify(3)).
type manager struct {
	log  *slog.Logger
	stop chan struct{}
	done sync.WaitGroup
}

// tell sends a state. Without systemd it does nothing.
func (m *manager) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		m.log.Warn("systemd could not be told", "state", state, "error", err)
	}
}

func (m *manager) ready() { m.tell(daemon.SdNotifyReady) }

// reloading begins a reload, which ready ends (Type=notify-reload).
func (m *manager) reloading() {
	m.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// stopping says that the end may take as long as that.
func (m *manager) stopping(most time.Duration) {
	m.tell(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", daemon.SdNotifyStopping, most.Microseconds()))
}

// watch keeps the watchdog quiet (WatchdogSec=) as long as alive returns, until close.
func (m *manager) watch(alive func()) error {
	m.stop = make(chan struct{})
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("WATCHDOG_USEC of systemd: %w", err)
	}
	if within == 0 {
		return nil
	}
	m.done.Go(func() {
		every := time.NewTicker(within / 2)
		defer every.Stop()
		for {
			alive()
			m.tell(daemon.SdNotifyWatchdog)
			select {
			case <-every.C:
			case <-m.stop:
				return
			}
		}
	})
	return nil
}

func (m *manager) close() {
	close(m.stop)
	m.done.Wait()
}

// checkPath refuses a reply socket that scripts would not find.
func checkPath(l net.Listener, path string) error {
	if at := l.Addr().String(); at != path {
		return fmt.Errorf("take the sockets of systemd: ListenStream=%s, but socketpath is %s, which is what scripts are told: they have to be the same", at, path)
	}
	return nil
}
