package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/page"
)

// Limits of the admin listener.
const (
	adminRead  = 10 * time.Second // for a request
	adminWrite = 30 * time.Second // for an answer; a stream of the page gives itself more
	adminIdle  = time.Minute      // between two requests
	adminHead  = 64 << 10         // bytes of a request's headers
)

// listenAdmin opens the admin listener and makes the page for it, if the
// configuration has one; else it returns nil.
func (p *program) listenAdmin(l *loaded) (net.Listener, error) {
	at := l.service.Admin
	if at == "" {
		return nil, nil
	}
	admin, err := p.listen(adminSocket, at)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(at) // was checked; the port may be systemd's
	_, port, _ := net.SplitHostPort(admin.Addr().String())
	level, _ := l.controller.Level()
	p.page = page.New(page.Options{
		Service: l.service.Name, Version: buildVersion(), Level: level.String(), Address: net.JoinHostPort(host, port),
		Calls: p.visor, Logger: p.log, Owned: p.owned, Self: os.Geteuid(),
	})
	p.adoptPage(l)
	return admin, nil
}

// linkPage is what links to the page, nil if there is none.
func (p *program) linkPage() func() string {
	if p.page == nil {
		return nil
	}
	return p.page.Link
}

// adoptPage has the page list the operations that are now in force.
func (p *program) adoptPage(l *loaded) {
	if p.page == nil {
		return
	}
	var list []page.Operation
	counted := l.edition.Operations() // in the same order
	for i, op := range l.service.Operations {
		o := page.Operation{
			Operation: counted[i], Command: op.Command.Argv(), Driver: string(op.Driver), Reply: string(op.Reply),
			User: op.User, Timeout: op.Timeout, Limits: limits(op.Limits),
		}
		if op.Driver == config.DriverWorker {
			o.Reply = ""
		}
		list = append(list, o)
	}
	p.page.Adopt(list)
}

// pageCall is a request as the page counts it.
func pageCall(o frontserv.Outcome) page.Call {
	c := page.Call{ID: o.ID, Operation: o.Operation, Status: o.Status, Problem: o.Problem, BrokenOff: o.BrokenOff}
	if o.Summary != nil {
		c.Started, c.Stopped = true, o.Summary.Stopped
	}
	return c
}

// serveAdmin serves the page, and what the socket has for everybody too.
func (p *program) serveAdmin(l net.Listener) {
	p.admin = &http.Server{
		Handler:           p.page.Handler(p.back.AdminHandler()),
		ReadHeaderTimeout: lastAnswers, ReadTimeout: adminRead, WriteTimeout: adminWrite, IdleTimeout: adminIdle, MaxHeaderBytes: adminHead,
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	bound(p.admin, adminConnections())
	p.serve(func() error { return ignoreClosed(p.admin.Serve(l)) })
}

// closeAdmin lets answers end until ctx is done.
func (p *program) closeAdmin(ctx context.Context) error {
	if err := p.admin.Shutdown(ctx); err != nil {
		return errors.Join(err, p.admin.Close())
	}
	return nil
}
