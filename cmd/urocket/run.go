package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urocket/urocket/backserv"
	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/frontserv/guard"
	"github.com/urocket/urocket/metrics"
	"github.com/urocket/urocket/page"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/threads"
	"github.com/urocket/urocket/tracing"
	"github.com/urocket/urocket/visor"
)

// lastAnswers is how long callers and scripts may take, when everything is
// over, to read what was written to them.
const lastAnswers = 2 * time.Second

// reservedThreads is how many threads are made at start, so that none has to be
// made when there can be none: one for each processor to run on, and some that
// block in the kernel, on a disk for example. Under load there are about three for
// each of those.
func reservedThreads() int { return 16 + 2*runtime.GOMAXPROCS(0) }

// version is set at link time.
var version = ""

func printVersion(call *cli.Call) int {
	fmt.Fprintln(call.Out, "urocket", buildVersion())
	return exitOK
}

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); version == "" && ok {
		return info.Main.Version
	}
	return version
}

// program is a running urocket. What it serves is loaded, which a reload replaces.
type program struct {
	*loaded
	controller *processctl.Controller // of every configuration that is served

	log     *slog.Logger
	lines   *logWriter // behind log
	metrics *metrics.Set
	traces  tracing.Exporter // nil: nobody wants any
	sources *guard.Sources   // of every configuration
	visor   *visor.Visor
	front   *frontserv.Server
	back    *backserv.Server
	admin   *http.Server
	page    *page.Page // nil: there is no admin listener

	reload  reload
	located atomic.Bool            // an operation asks where its repliers are, or did
	grace   time.Duration          // the longest of any operation until now
	current atomic.Pointer[loaded] // loaded, for who asks from elsewhere
	staff   *staff
	asked   func() // to be told of each request

	manager   manager
	inherited inherited
	listeners []net.Listener
	serving   sync.WaitGroup
	failed    chan error // a listener that stopped by itself
}

func run(o options, call *cli.Call) int {
	asked := govern()
	threads.Reserve(reservedThreads())
	signals := notifySignals()
	out := newLogWriter(call.Err)
	defer out.Close()
	log := newLogger(o, out)
	given, err := inherit()
	if err != nil {
		return complain(call.Err, err)
	}
	defer given.close()
	log.Debug("reading", "file", o.config)
	sources := &guard.Sources{Log: log}
	read := startRead(o.config, sources)
	var l *loaded
	select {
	case l = <-read:
	case s := <-signals.stop: // what is being read is let go: nothing was begun with it
		log.Info("stopped before the configuration was read", "signal", s.String())
		return exitOK
	}
	if err := l.control(log); err != nil {
		return complain(call.Err, err)
	}
	p := &program{asked: asked, log: log, lines: out, sources: sources, reload: reload{file: o.config}, manager: manager{log: log}, inherited: given, failed: make(chan error, 3)}
	if err := p.start(l); err != nil {
		p.abandon()
		return complain(call.Err, err)
	}
	tuneMemory()
	unmapProgram()
	return p.live(signals)
}

// start opens the listeners, the socket first: a script may reply as soon as a
// request can come in.
func (p *program) start(l *loaded) error {
	p.controller = l.controller
	p.visor = visor.New(l.controller, l.places())
	p.front = frontserv.New(p.visor, p.log, l.edition)
	if err := p.trace(l); err != nil {
		return err
	}
	p.tidyTmpDir()
	p.staff = newStaff(p.log, l.controller)
	if err := l.staff(p.staff, nil); err != nil {
		return err
	}
	p.measure(l)
	p.adopt(l)
	s := p.service
	socket, err := p.listenReplies()
	if err != nil {
		return err
	}
	front, err := p.listen(frontSocket, s.Listen)
	if err != nil {
		return err
	}
	admin, err := p.listenAdmin(l)
	if err != nil {
		return err
	}
	p.back = backserv.New(backserv.Options{
		Calls: backserv.FromVisor(p.visor), Logger: p.log,
		Owned: p.owned, Where: p.where, Self: os.Geteuid(), Connections: socketConnections(s),
		Ready: p.ready, Pools: p.poolStates,
		Page: p.linkPage(), Metrics: p.metrics.Handler(), Replied: p.metrics.CountReply,
	})
	if admin != nil {
		p.serveAdmin(admin)
	}
	for name := range p.inherited {
		p.log.Warn("a socket of systemd is not served, for the configuration has no such listener", "name", name)
	}
	p.serve(func() error { return p.back.Serve(socket) })
	p.serve(func() error { return p.front.Serve(front, connections(s)) })
	_, level := p.controller.Level()
	p.log.Info("serving", "service", s.Name, "listen", front.Addr().String(), "tls", p.chain != nil, "socket", s.SocketPath, "operations", len(s.Operations), "processes", level)
	return nil
}

// tidyTmpDir removes what dead urockets have left among the temporary files, and
// says so if there will be no place for new ones.
func (p *program) tidyTmpDir() {
	if err := checkTmpDir(); err != nil {
		p.log.Warn("TMPDIR cannot be used: calls that need it will fail with 500 (a body over 256 KiB, channel: file, tmpdir: own)", "error", err)
		return
	}
	for _, dir := range []string{tmpDir(), ""} { // "" is /tmp, where things are put that others have to read
		if err := processctl.SweepScratch(dir); err != nil {
			p.log.Warn("not everything that a dead urocket left could be removed", "error", err)
		}
	}
}

// listenReplies opens the unix socket, unless systemd has, to which its file, mode and
// group belong then.
func (p *program) listenReplies() (net.Listener, error) {
	s := p.service
	if l := p.inherited.take(replySocket); l != nil {
		p.listeners = append(p.listeners, l)
		return l, checkPath(l, s.SocketPath)
	}
	gid := -1
	if s.SocketGroup != nil {
		gid = *s.SocketGroup
	}
	l, err := backserv.Listen(s.SocketPath, s.SocketMode, gid)
	if err != nil {
		return nil, p.listenError(replySocket, s.SocketPath, err)
	}
	p.listeners = append(p.listeners, l)
	return l, nil
}

// listen opens a TCP listener, unless systemd has.
func (p *program) listen(name, address string) (*net.TCPListener, error) {
	l := p.inherited.take(name)
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", address); err != nil {
			return nil, p.listenError(name, address, err)
		}
	}
	p.listeners = append(p.listeners, l)
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("listen on %s: the socket of systemd is no TCP socket", l.Addr())
	}
	return tcp, nil
}

// owned says whether a peer's process belongs to a request. What cannot be
// found out counts as owned.
func (p *program) owned(pid int) bool {
	owned, err := p.controller.Owns(pid)
	return owned || err != nil
}

// where tells the place of a peer, once an operation asks for it. A peer that
// connected before that cannot be a process of such an operation.
func (p *program) where(pid int) (string, error) {
	if !p.located.Load() {
		return "", nil
	}
	return p.controller.Where(pid)
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
	if p.staff != nil {
		p.staff.close(canceled())
	}
	if p.traces != nil {
		_ = p.traces.Close(canceled()) // there were no requests
	}
	_ = p.controller.Close(canceled())
}
