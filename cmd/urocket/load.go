package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/frontserv"
	"github.com/urocket/urocket/frontserv/certificate"
	"github.com/urocket/urocket/frontserv/guard"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/worker"
	"github.com/urocket/urocket/visor"
)

// loaded is a configuration with everything that it names, and what is wrong
// with it.
type loaded struct {
	service    *config.Service // nil: nothing could be read
	options    frontserv.Options
	edition    *frontserv.Edition // nil: there are faults
	chain      *certificate.Chain // nil: no TLS
	controller *processctl.Controller
	sound      bool // the configuration itself has no faults
	isolations map[*config.Operation]*shim.Settings
	pools      map[*config.Operation]*worker.Pool
	drivers    map[*config.Operation]*processctl.Warm // of those that want fork

	faults, warnings config.Faults
}

// read reads and checks what files can tell: the configuration, what it names
// and the document. It may take seconds and changes nothing anywhere.
func read(file string, sources *guard.Sources) *loaded {
	l := &loaded{}
	service, err := config.Load(file)
	if errors.As(err, &l.faults); service == nil {
		l.faults = named(file, l.faults)
		return l
	}
	l.service, l.sound, l.warnings = service, err == nil, service.Warnings()
	var check frontserv.Check
	l.options = l.frontOptions()
	l.secure(&l.options, sources)
	l.edition, check = frontserv.Load(l.options)
	for _, f := range check.Faults {
		at := service.FaultAt(f.Path, f.Method, f.Key, f.Message)
		if strings.HasPrefix(f.Key, "security/") && l.toldOf(at) {
			continue
		}
		l.faults = append(l.faults, at)
	}
	for _, f := range check.Warnings {
		l.warnings = append(l.warnings, service.FaultAt(f.Path, f.Method, f.Key, f.Message))
	}
	return l
}

// load reads and checks everything, cgroups included. The error is
// [config.Faults], all of them at once, or a failure of the machine. A loaded
// configuration's controller is to be closed.
func load(file string, log *slog.Logger) (*loaded, error) {
	l := read(file, &guard.Sources{Log: log})
	return l, l.control(log)
}

// control makes what processes are started with, and checks what that can do.
func (l *loaded) control(log *slog.Logger) error {
	if l.sound {
		controller, err := processctl.New(processctl.Options{
			Name: l.service.Name, CgroupParent: l.service.CgroupParent, NoCgroup: l.service.Cgroup == config.CgroupOff, TmpDir: tmpDir(),
			Warn: func(text string) { log.Warn(text) },
		})
		if err != nil {
			return err
		}
		l.controller = controller
		l.checkHost()
	}
	err := l.verdict()
	if err != nil {
		l.close()
	}
	return err
}

// succeed checks whether the configuration can take the place of one that runs,
// with the controller of that one.
func (l *loaded) succeed(running *loaded) error {
	if l.sound {
		l.controller = running.controller
		l.checkHost()
		l.faults = append(l.faults, l.service.NeedsRestart(running.service)...)
	}
	return l.verdict()
}

// verdict is the faults, or nil.
func (l *loaded) verdict() error {
	if len(l.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(l.faults, func(a, b config.Fault) int { return a.Line - b.Line })
	return l.faults
}

// checkHost holds the configuration against what this host and the controller can do.
func (l *loaded) checkHost() {
	l.checkDescriptors()
	l.faults = slices.Concat(l.faults, l.checkCgroup(), l.checkLimits(), l.checkReplyFrom(), l.checkIsolation())
	l.checkDrivers()
}

// checkCgroup refuses `cgroup: required` where not all of it holds.
func (l *loaded) checkCgroup() config.Faults {
	level, what := l.controller.Level()
	if l.service.Cgroup != config.CgroupRequired || level == cgroup.Full {
		return nil
	}
	return config.Faults{l.service.FaultAt("", "", "cgroup", fmt.Sprintf("cgroup: required, but not all of it holds here: %s; `cgroup: auto` runs with what holds", what))}
}

// controllerKey is the key that stands for the limits of a cgroup controller.
var controllerKey = map[string]string{"memory": "memory", "pids": "pids", "cpu": "cpus", "io": "iomax"}

// checkLimits refuses limits that cannot hold here, or warns of them, as
// limits.mode says.
func (l *loaded) checkLimits() config.Faults {
	var faults config.Faults
	_, what := l.controller.Level()
	for _, op := range l.service.Operations {
		if missing := l.controller.Missing(limits(op.Limits)); len(missing) > 0 {
			one := "the controllers " + strings.Join(missing, ", ") + " are missing, so their limits"
			if len(missing) == 1 {
				one = "the " + missing[0] + " controller is missing, so its limits"
			}
			report, remedy := &faults, "; `mode: besteffort` starts without them"
			verb := " cannot hold: "
			if op.Limits.Mode == config.LimitBestEffort {
				report, remedy, verb = &l.warnings, "", " will not hold (mode: besteffort): "
			}
			*report = append(*report, l.service.FaultAt(op.Path, op.Method, controllerKey[missing[0]], "limits: "+one+verb+what+remedy))
			what = "for the reason told with the others"
		}
		if f := l.tryLimits(op); f != nil {
			faults = append(faults, *f)
		}
	}
	return faults
}

// tryLimits refuses a limit that the kernel refuses, or warns of it.
func (l *loaded) tryLimits(op *config.Operation) *config.Fault {
	err := l.controller.TryLimits(limits(op.Limits))
	if err == nil {
		return nil
	}
	key := ""
	var refused *cgroup.LimitError
	if errors.As(err, &refused) {
		key = map[string]string{
			"memory.max": "memory", "memory.swap.max": "swap", "pids.max": "pids", "cpu.max": "cpus",
			"cpu.weight": "cpuweight", "io.max": "iomax", "io.weight": "ioweight",
		}[refused.File]
	}
	if op.Limits.Mode == config.LimitBestEffort {
		l.warnings = append(l.warnings, l.service.FaultAt(op.Path, op.Method, key, fmt.Sprintf("limits: the kernel refuses one, so it will not hold (mode: besteffort): %v", err)))
		return nil
	}
	f := l.service.FaultAt(op.Path, op.Method, key, fmt.Sprintf("limits: the kernel refuses one: %v; `mode: besteffort` starts without it", err))
	return &f
}

// checkReplyFrom refuses `replyfrom: process` where nothing can prove whose a
// process is.
func (l *loaded) checkReplyFrom() config.Faults {
	level, what := l.controller.Level()
	if level != cgroup.None {
		return nil
	}
	var faults config.Faults
	for _, op := range l.service.Operations {
		if op.ReplyFrom == config.FromProcess {
			faults = append(faults, l.service.FaultAt(op.Path, op.Method, "replyfrom", "replyfrom: process needs cgroups, but here there are "+what))
		}
	}
	return faults
}

// limits are those that cgroups enforce.
func limits(l config.Limits) cgroup.Limits {
	c := cgroup.Limits{Swap: l.Swap, IOMax: l.IOMax, BestEffort: l.Mode == config.LimitBestEffort}
	for to, from := range map[*int]*int{&c.PIDs: l.PIDs, &c.CPUWeight: l.CPUWeight, &c.IOWeight: l.IOWeight} {
		if from != nil {
			*to = *from
		}
	}
	if l.Memory != nil {
		c.Memory = *l.Memory
	}
	if l.CPUs != nil {
		c.CPUs = *l.CPUs
	}
	return c
}

func (l *loaded) close() {
	if l.controller != nil {
		_ = l.controller.Close(canceled())
	}
}

func (l *loaded) frontOptions() frontserv.Options {
	s := l.service
	o := frontserv.Options{
		Document: s.OpenAPI, BasePath: s.BasePath, MaxBody: s.MaxBody, SocketPath: s.SocketPath,
		Env: baseEnvironment(), TmpDir: tmpDir(),
	}
	for _, op := range s.Operations {
		r := route(op)
		r.Isolation, r.Account = l.isolation(op)
		r.Warm = l.prepareDriver(op, r.Isolation, r.Account)
		o.Routes = append(o.Routes, r)
	}
	return o
}

// places are the places and queues of the service and of its operations.
func (l *loaded) places() visor.Limits {
	s := l.service
	return visor.Limits{Running: s.Running, Queued: s.Queued, QueueWait: s.QueueWait, Operations: l.edition.Operations()}
}

func route(op *config.Operation) frontserv.Route {
	r := frontserv.Route{
		Path: op.Path, Method: op.Method, ValidateIn: op.ValidateIn, ValidateOut: op.ValidateOut,
		Mode:         map[config.Reply]visor.Mode{config.ReplySocket: visor.ReplySocket, config.ReplyStdout: visor.ReplyStdout, config.ReplyCGI: visor.ReplyCGI, config.ReplyReport: visor.ReplyReport}[op.Reply],
		OnExit:       map[config.OnExit]visor.OnExit{config.ExitFail: visor.ExitFail, config.ExitReport: visor.ExitReport, config.ExitWait: visor.ExitWait}[op.OnExit],
		OnDisconnect: map[config.OnDisconnect]visor.OnDisconnect{config.DisconnectContinue: visor.DisconnectContinue, config.DisconnectKill: visor.DisconnectKill}[op.OnDisconnect],
		OwnOnly:      op.ReplyFrom == config.FromProcess,
		ContentType:  op.ContentType, Script: op.Script,
		Stats: op.Stats, StatsWait: op.StatsWait, LogOutput: op.LogStdout,
		Running: limit(op.Running), Queued: limit(op.Queued),
		Command: op.Command, Dir: op.Dir, PassEnv: passed(op.PassEnv),
		Channel: map[config.Channel]frontserv.Channel{config.ChannelCmdline: frontserv.Cmdline, config.ChannelStdin: frontserv.Stdin, config.ChannelFile: frontserv.File}[op.Channel],
		Raw:     op.Encoding == config.EncodingRaw,
		Limits:  limits(op.Limits),
		Timeout: op.Timeout, Grace: op.Grace, OwnTmp: op.TmpDir == config.TmpOwn,
	}
	if op.Driver == config.DriverWorker {
		r.Mode = visor.ReplyWorker
		r.Running = min(*op.Running, op.Worker.Max)
	}
	return r
}

func limit(n *int) int {
	if n == nil {
		return visor.NoLimit
	}
	return *n
}

// named says how to name the configuration, if the one that is read by default
// is not there.
func named(file string, faults config.Faults) config.Faults {
	if _, err := os.Stat(file); file == defaultConfig && errors.Is(err, fs.ErrNotExist) {
		faults[0].Message += " (name it with -c FILE)"
	}
	return faults
}
