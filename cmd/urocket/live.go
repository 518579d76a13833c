package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// signals are those that a running urocket heeds. However many SIGHUPs come,
// there is room for the others.
type signals struct{ stop, reload chan os.Signal }

func notifySignals() signals {
	s := signals{stop: make(chan os.Signal, 8), reload: make(chan os.Signal, 1)}
	signal.Notify(s.stop, syscall.SIGTERM, syscall.SIGINT)
	signal.Notify(s.reload, syscall.SIGHUP)
	// The reader of the log may go away; that is no reason to leave everything behind.
	// Caught and not ignored: what is ignored would be ignored in scripts too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return s
}

// live serves until a signal or a failure, then stops.
func (p *program) live(signals signals) int {
	code := exitOK
	if err := p.manager.watch(func() { p.visor.Draining() }); err != nil {
		p.log.Warn("the watchdog of systemd is not kept quiet", "error", err)
	}
	defer p.manager.close()
	p.manager.ready()
	for serving := true; serving; {
		select {
		case <-signals.reload:
			p.beginReload()
		case a := <-p.reload.done:
			p.endReload(a)
		case s := <-signals.stop:
			p.log.Info("stopping", "signal", s.String(), "drain", p.service.Drain.String())
			serving = false
		case err := <-p.failed:
			p.log.Error("a listener failed", "error", err)
			code, serving = exitFailure, false
		}
	}
	p.manager.stopping(p.service.Drain + p.grace + 5*lastAnswers)
	if p.stopHeeding(signals) {
		code = exitFailure
	}
	p.log.Info("stopped", "code", code)
	return code
}

// stopHeeding stops, at once if a second signal comes; then it returns true.
func (p *program) stopHeeding(signals signals) (atOnce bool) {
	now, stopped := make(chan struct{}), make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-signals.stop:
				atOnce = true
				close(now)
				return
			case <-signals.reload:
				p.log.Warn("not reloaded: urocket is stopping")
			case <-stopped:
				return
			}
		}
	})
	p.stop(now)
	close(stopped)
	watch.Wait()
	return atOnce
}

// stop ends the service in the order opposite to the start. The socket stays
// open until the last process is gone.
func (p *program) stop(now <-chan struct{}) {
	p.front.Draining()
	p.staff.dismiss()
	drain, cancel := context.WithTimeout(context.Background(), p.service.Drain)
	defer cancel()
	over := make(chan struct{})
	var cut sync.WaitGroup
	cut.Go(func() { p.cutOff(now, over) })
	p.visor.Drain(drain, now)
	p.endStaff(now)
	close(over)
	cut.Wait()

	if p.page != nil {
		p.page.Close()
	}
	last, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	var errs []error
	errs = append(errs, p.front.Shutdown(last), p.back.Shutdown(last))
	if p.admin != nil {
		errs = append(errs, p.closeAdmin(last))
	}
	for _, l := range p.listeners {
		_ = l.Close() // each is closed by its server already; the socket's file goes here
	}
	p.serving.Wait()
	end, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	errs = append(errs, p.controller.Close(end), p.endTraces(now))
	if err := errors.Join(errs...); err != nil {
		p.log.Warn("not everything stopped cleanly", "error", err)
	}
}

// cutOff closes the connections of callers who take their answers so slowly
// that they would hold up the stop.
func (p *program) cutOff(now, over <-chan struct{}) {
	timer := time.NewTimer(p.service.Drain + p.grace + lastAnswers)
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
