package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/backserv"
	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/processctl"
)

// lastAnswers is how long callers and scripts may take, when everything is
// over, to read what was written to them.
const lastAnswers = 2 * time.Second

// reservedThreads is how many threads are made at start, so that none has to be
// made when there can be none: one for each processor to run on, and some that
// block in the kernel, on a disk for example. Under load there are about six for
// a processor.
func reservedThreads() int { return 16 + 4*runtime.GOMAXPROCS(0) }

// version is set at link time.
var version = ""

func versionCommand(_ options, stdout, _ io.Writer) int {
	v := version
	if info, ok := debug.ReadBuildInfo(); v == "" && ok {
		v = info.Main.Version
	}
	fmt.Fprintln(stdout, "urocket", v)
	return exitOK
}

// program is a running urocket.
type program struct {
	*loaded
	log   *slog.Logger
	back  *backserv.Server
	admin *http.Server

	listeners []net.Listener
	serving   sync.WaitGroup
	failed    chan error // a listener that stopped by itself
}

func runCommand(o options, _, stderr io.Writer) int {
	processctl.ReserveThreads(reservedThreads())
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// The reader of the log may go away; that is no reason to leave everything behind.
	// Caught and not ignored: what is ignored would be ignored in scripts too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	out := newLogWriter(stderr)
	defer out.Close()
	log := newLogger(o, out)
	l, err := load(o.config, log)
	if err != nil {
		return complain(stderr, err)
	}
	p := &program{loaded: l, log: log, failed: make(chan error, 3)}
	if err := p.start(); err != nil {
		p.abandon()
		return complain(stderr, err)
	}
	return p.live(signals)
}

// start opens the listeners, the socket first: a script may reply as soon as a
// request can come in.
func (p *program) start() error {
	s := p.service
	for _, w := range p.warnings {
		p.log.Warn(w.Message, "at", fmt.Sprintf("%s:%d", w.File, w.Line))
	}
	p.tidyTmpDir()
	gid := -1
	if s.SocketGroup != nil {
		gid = *s.SocketGroup
	}
	socket, err := backserv.Listen(s.SocketPath, s.SocketMode, gid)
	if err != nil {
		return err
	}
	p.listeners = append(p.listeners, socket)
	front, err := p.listen(s.Listen)
	if err != nil {
		return err
	}
	p.back = backserv.New(backserv.Options{
		Calls: backserv.FromVisor(p.visor), MaxBody: s.MaxBody, Logger: p.log,
		Owned: p.owned, Where: p.where(), Self: os.Geteuid(),
	})
	if s.Admin != "" {
		admin, err := p.listen(s.Admin)
		if err != nil {
			return err
		}
		p.admin = &http.Server{Handler: p.back.AdminHandler(), ReadHeaderTimeout: lastAnswers}
		p.serve(func() error { return ignoreClosed(p.admin.Serve(admin)) })
	}
	p.serve(func() error { return p.back.Serve(socket) })
	p.serve(func() error { return p.front.Serve(front) })
	_, level := p.controller.Level()
	p.log.Info("serving", "service", s.Name, "listen", front.Addr().String(), "socket", s.SocketPath, "operations", len(s.Operations), "processes", level)
	return nil
}

// tidyTmpDir removes what dead urockets have left among the temporary files, and
// says so if there will be no place for new ones.
func (p *program) tidyTmpDir() {
	if err := checkTmpDir(); err != nil {
		p.log.Warn("TMPDIR cannot be used: calls that need it will fail with 500 (a body over 256 KiB, channel: file, tmpdir: own)", "error", err)
		return
	}
	if err := processctl.SweepScratch(tmpDir()); err != nil {
		p.log.Warn("not everything that a dead urocket left could be removed", "error", err)
	}
}

func (p *program) listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	p.listeners = append(p.listeners, l)
	return l, nil
}

// owned says whether a peer's process belongs to a request. What cannot be
// found out counts as owned.
func (p *program) owned(pid int) bool {
	owned, err := p.controller.Owns(pid)
	return owned || err != nil
}

// where tells the place of a peer, if an operation asks for it.
func (p *program) where() func(pid int) string {
	for _, op := range p.service.Operations {
		if op.ReplyFrom == config.FromProcess {
			return p.controller.Where
		}
	}
	return nil
}

func (p *program) serve(run func() error) {
	p.serving.Add(1)
	go func() {
		defer p.serving.Done()
		if err := run(); err != nil {
			p.failed <- err
		}
	}()
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// abandon gives back what a start that failed has taken.
func (p *program) abandon() {
	for _, l := range p.listeners {
		_ = l.Close()
	}
	p.serving.Wait()
	p.close()
}

// live serves until a signal or a failure, then stops.
func (p *program) live(signals <-chan os.Signal) int {
	code := exitOK
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGHUP {
				p.log.Warn("SIGHUP is ignored: reloading is not in this version yet")
				continue
			}
			p.log.Info("stopping", "signal", s.String(), "drain", p.service.Drain.String())
		case err := <-p.failed:
			p.log.Error("a listener failed", "error", err)
			code = exitFailure
		}
		break
	}
	now := make(chan struct{})
	stopped := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					close(now)
					return
				}
			case <-stopped:
				return
			}
		}
	})
	p.stop(now)
	close(stopped)
	watch.Wait()
	select {
	case <-now:
		code = exitFailure
	default:
	}
	p.log.Info("stopped", "code", code)
	return code
}

// stop ends the service in the order opposite to the start. The socket stays
// open until the last process is gone.
func (p *program) stop(now <-chan struct{}) {
	p.front.Draining()
	drain, cancel := context.WithTimeout(context.Background(), p.service.Drain)
	defer cancel()
	over := make(chan struct{})
	var cut sync.WaitGroup
	cut.Go(func() { p.cutOff(now, over) })
	p.visor.Drain(drain, now)
	close(over)
	cut.Wait()

	last, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	var errs []error
	errs = append(errs, p.front.Shutdown(last), p.back.Shutdown(last))
	for _, l := range p.listeners {
		_ = l.Close() // closed by its server already; the socket's file goes here
	}
	if p.admin != nil {
		errs = append(errs, p.admin.Shutdown(last))
	}
	p.serving.Wait()
	end, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	errs = append(errs, p.controller.Close(end))
	if err := errors.Join(errs...); err != nil {
		p.log.Warn("not everything stopped cleanly", "error", err)
	}
}

// cutOff closes the connections of callers who take their answers so slowly
// that they would hold up the stop.
func (p *program) cutOff(now, over <-chan struct{}) {
	wait := p.service.Drain + lastAnswers
	for _, op := range p.service.Operations {
		wait = max(wait, p.service.Drain+op.Grace+lastAnswers)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-over:
		return
	case <-timer.C:
	case <-now:
		timer.Reset(lastAnswers)
		select {
		case <-over:
			return
		case <-timer.C:
		}
	}
	p.front.Close()
}

// canceled is a context that is over: for closing what nothing was started with.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
