package main

import (
	"slices"
	"strings"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/warm"
)

// driverOf is the driver of any operation.
func (l *loaded) driverOf(op *config.Operation) string {
	if w := l.drivers[op]; w != nil {
		return w.String()
	}
	return string(op.Driver)
}

// prepareDriver reads what the command of an operation with `driver: fork` tells.
func (l *loaded) prepareDriver(op *config.Operation, isolation *shim.Settings, account []string) *processctl.Warm {
	if op.Driver != config.DriverFork {
		return nil
	}
	if l.drivers == nil {
		l.drivers = map[*config.Operation]*processctl.Warm{}
	}
	words, env := op.Command.Fixed()
	line, err := warm.ReadLine(words)
	var php string
	if err == nil {
		php, err = op.Command.Lookup()
	}
	if err != nil {
		w := &processctl.Warm{Program: warm.Program{Kind: warm.Spawn}, Why: err}
		l.drivers[op] = w
		return w
	}
	w := &processctl.Warm{
		Program: warm.Program{
			PHP: php, Options: line.Options, Script: line.Script, Dir: op.Dir, Kind: warm.Fork,
			Title: "urocket: a warm php for " + op.Method + " " + op.Path,
			Env:   common(baseEnvironment(), account, temporary(), passed(op.PassEnv), env),
		},
		Args: line.Args, Isolation: isolation, Limits: limits(op.Limits), Stdin: op.Channel == config.ChannelStdin,
		Running: l.service.Running,
	}
	if op.Running != nil {
		w.Running = min(w.Running, *op.Running)
	}
	l.drivers[op] = w
	return w
}

// checkDrivers asks each PHP what it can do, and warns where that is not what was
// wanted.
func (l *loaded) checkDrivers() {
	for _, op := range l.service.Operations {
		w := l.drivers[op]
		if w == nil {
			continue
		}
		if w.Kind != warm.Spawn {
			l.controller.Probe(w)
		}
		if w.Why != nil {
			l.warnings = append(l.warnings, l.service.FaultAt(op.Path, op.Method, "driver", "driver: "+w.String()))
		}
	}
}

// temporary is TMPDIR, if it is set.
func temporary() []string {
	if dir := tmpDir(); dir != "" {
		return []string{"TMPDIR=" + dir}
	}
	return nil
}

// common joins lists of NAME=value. A later one of a name replaces an earlier one.
func common(lists ...[]string) (env []string) {
	for _, entry := range slices.Concat(lists...) {
		name := nameOf(entry)
		if i := slices.IndexFunc(env, func(have string) bool { return nameOf(have) == name }); i >= 0 {
			env[i] = entry
			continue
		}
		env = append(env, entry)
	}
	return env
}

func nameOf(entry string) string {
	name, _, _ := strings.Cut(entry, "=")
	return name
}

// keepWarm has what the operations of l want kept warm, and nothing else any more.
func (p *program) keepWarm(l *loaded) {
	var list []*processctl.Warm
	for _, op := range l.service.Operations {
		w := l.drivers[op]
		if w == nil {
			continue
		}
		name := op.Method + " " + op.Path
		p.log.Info("driver of an operation", "operation", name, "driver", w.String())
		w.Log = func(text string) { p.log.Warn(text, "operation", name) }
		list = append(list, w)
	}
	if err := p.controller.KeepWarm(list); err != nil {
		p.log.Warn("nothing can be kept warm, so that every call starts a process", "error", err)
	}
}
