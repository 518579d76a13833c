package config

import (
	"math"
	"runtime"
	"time"
)

// Worker is the pool of the driver of that name.
type Worker struct {
	Min         int           // default 1
	Max         int           // default the number of processors, at least Min
	MaxRequests int           // 0: any number
	MaxAge      time.Duration // 0: any age
	MaxMemory   int64         // bytes, 0: no limit
	BootTimeout time.Duration // default 5 s
}

const (
	defaultWorkers     = 1
	defaultBootTimeout = 5 * time.Second
)

// readWorker reads the map of the driver worker, with all its defaults.
func readWorker(s *scope) *Worker {
	in := &scope{c: s.c}
	if m, ok := s.mapping("worker"); ok {
		in.own = keysOf(m, inWorker, s.c)
	}
	w := &Worker{
		Min:         or(in.whole("min", 0, math.MaxInt32), defaultWorkers),
		Max:         or(in.whole("max", 1, math.MaxInt32), 0),
		MaxRequests: or(in.whole("maxrequests", 1, math.MaxInt32), 0),
		MaxAge:      in.positive("maxage", 0),
		MaxMemory:   or(in.size("maxmemory", minMemory), 0),
		BootTimeout: in.positive("boottimeout", defaultBootTimeout),
	}
	if w.Max > 0 && w.Min > w.Max {
		in.judge("min", "is more than max")
		in.judge("max", "is less than min") // if that is the one that was written
	}
	if w.Max == 0 {
		w.Max = max(w.Min, runtime.NumCPU())
	}
	return w
}

// positive reads a time that 0 says nothing of.
func (s *scope) positive(key string, otherwise time.Duration) time.Duration {
	d := s.duration(key, otherwise)
	if _, ok := s.find(key); ok && d == 0 {
		s.judge(key, "is no time: leave it out for the default")
	}
	return d
}

// forWorkers drops what has no meaning for an operation of workers, and says so where
// it is written in the operation itself; for other drivers, the key `worker`.
func forWorkers(o *Operation, s *scope) {
	if o.Driver != DriverWorker {
		o.Worker = nil
		if e, ok := s.own["worker"]; ok {
			s.c.fault(e.line, "%s has a meaning with driver: worker only: write that, or leave it out", e.written)
		}
		return
	}
	o.Reply, o.OnExit, o.ReplyFrom, o.Channel, o.Options = ReplySocket, ExitFail, FromAnyone, ChannelCmdline, OptionsRefuse
	o.ContentType, o.Script = "", ""
	for _, refused := range []struct{ key, why string }{
		{"reply", "the frame that a worker sends is the answer"},
		{"onexit", "the end of a worker without an answer is a 502"},
		{"channel", "the payload is the body of the frame that a worker is sent"},
		{"contenttype", "the frame that a worker sends has headers"},
		{"script", "a worker is no CGI program"},
		{"replyfrom", "nobody but the worker can reply"},
		{"options", "its arguments have no placeholders"},
	} {
		if e, ok := s.own[refused.key]; ok {
			s.c.fault(e.line, "%s has no meaning with driver: worker: %s: leave it out", e.written, refused.why)
		}
	}
	if o.Running == nil {
		o.Running = &o.Worker.Max
	}
}

// wantsNoPlaceholders refuses placeholders in what is started before there is a request.
func wantsNoPlaceholders(o *Operation, s *scope, cmd entry) {
	for _, use := range o.Command.Placeholders() {
		at, ok := s.find(use.Key)
		if !ok {
			at = cmd
		}
		s.c.fault(at.item(use.Index), "%s: %s cannot be filled with driver: worker, which starts the command before there is a request: take it out, and read the value from the frame", at.written, use.Placeholder)
	}
}

// SameWorkers says whether the workers of two operations are the same: started in the
// same way, as many of them, for as long.
func (o *Operation) SameWorkers(other *Operation) bool {
	a, b := *o, *other
	for _, copied := range []*Operation{&a, &b} {
		*copied = Operation{
			Path: copied.Path, Method: copied.Method, Driver: copied.Driver, Worker: copied.Worker, LogStdout: copied.LogStdout,
			Dir: copied.Dir, Env: copied.Env, PassEnv: copied.PassEnv, line: copied.line, args: copied.args,
			Grace: copied.Grace, TmpDir: copied.TmpDir, User: copied.User, Group: copied.Group, Umask: copied.Umask, Limits: copied.Limits,
		}
	}
	return a.equal(&b)
}
