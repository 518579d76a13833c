package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/shim"
	"github.com/urocket/urocket/processctl/warm"
)

// driver is how the processes of an operation with `driver: fork` come to be.
type driver struct {
	warm *processctl.Warm // nil: they are started
	why  error            // it is not as was wanted
}

func (d *driver) String() string {
	kind := warm.Spawn
	if d.warm != nil {
		kind = d.warm.Kind
	}
	if d.why != nil {
		return fmt.Sprintf("%s -> %s: %v", warm.Fork, kind, d.why)
	}
	return string(kind)
}

// driverOf is the driver of any operation.
func (l *loaded) driverOf(op *config.Operation) string {
	if d := l.drivers[op]; d != nil {
		return d.String()
	}
	return string(op.Driver)
}

// prepareDriver reads what the command of an operation with `driver: fork` tells.
func (l *loaded) prepareDriver(op *config.Operation, isolation *shim.Settings, account []string) *processctl.Warm {
	if op.Driver != config.DriverFork {
		return nil
	}
	d := &driver{}
	if l.drivers == nil {
		l.drivers = map[*config.Operation]*driver{}
	}
	l.drivers[op] = d
	words, env := op.Command.Fixed()
	line, err := warm.ReadLine(words)
	if err != nil {
		d.why = err
		return nil
	}
	php, err := op.Command.Lookup()
	if err != nil {
		d.why = err
		return nil
	}
	d.warm = &processctl.Warm{
		Program: warm.Program{
			PHP: php, Options: line.Options, Script: line.Script, Dir: op.Dir, Kind: warm.Fork,
			Env: common(baseEnvironment(), account, temporary(), passed(op.PassEnv), env),
		},
		Words: line.Words, Isolation: isolation, Limits: limits(op.Limits), Stdin: op.Channel == config.ChannelStdin,
		Running: l.service.Running,
	}
	if op.Running != nil {
		d.warm.Running = min(d.warm.Running, *op.Running)
	}
	return d.warm
}

// checkDrivers asks each PHP what it can do, and warns where that is not what was
// wanted. Operations that would ask the same ask once.
func (l *loaded) checkDrivers() {
	for _, op := range l.service.Operations {
		d := l.drivers[op]
		if d == nil {
			continue
		}
		if d.warm != nil {
			d.why = l.controller.Probe(d.warm)
		}
		if d.why != nil {
			l.warnings = append(l.warnings, l.service.FaultAt(op.Path, op.Method, "driver", "driver: "+d.String()))
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
		d := l.drivers[op]
		if d == nil {
			continue
		}
		name := op.Method + " " + op.Path
		p.log.Info("driver of an operation", "operation", name, "driver", d.String())
		if d.warm != nil && d.warm.Kind != warm.Spawn {
			d.warm.Log = func(text string) { p.log.Warn(text, "operation", name) }
			list = append(list, d.warm)
		}
	}
	if err := p.controller.KeepWarm(list); err != nil {
		p.log.Warn("nothing can be kept warm, so that every call starts a process", "error", err)
	}
}
