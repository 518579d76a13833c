package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/internal/display"
	"github.com/urocket/urocket/tracing"
)

// complain prints why a configuration cannot be used, and gives the exit code.
func complain(stderr io.Writer, err error) int {
	var faults config.Faults
	if errors.As(err, &faults) {
		fmt.Fprintln(stderr, faults)
		return exitUsage
	}
	fmt.Fprintln(stderr, "urocket:", err)
	var setting *tracing.SettingError
	if errors.As(err, &setting) {
		return exitUsage
	}
	return exitFailure
}

func parse(o options, call *cli.Call) int {
	service, err := config.Load(o.config)
	var faults config.Faults
	if errors.As(err, &faults) {
		err = named(o.config, faults)
	}
	if err != nil {
		return complain(call.Err, err)
	}
	if err := service.WriteYAML(call.Out); err != nil {
		return complain(call.Err, err)
	}
	return exitOK
}

// dry checks what run would check and shows what it would serve.
func dry(o options, call *cli.Call) int {
	l, err := load(o.config, slog.New(slog.DiscardHandler))
	if err != nil {
		return complain(call.Err, err)
	}
	defer l.close()
	if err := l.checkTraces(); err != nil {
		return complain(call.Err, err)
	}
	told := append(l.warnings, l.service.Hints()...)
	for _, op := range l.service.Operations {
		if body, _ := l.edition.Sends(op.Path, op.Method); body && op.Lost() != nil {
			told = append(told, *op.Lost())
		}
	}
	slices.SortStableFunc(told, func(a, b config.Fault) int { return a.Line - b.Line })
	for _, w := range told {
		fmt.Fprintf(call.Err, "%v (warning)\n", w)
	}
	_, level := l.controller.Level()
	fmt.Fprintf(call.Out, "%s on %s, replies on %s\n%s\n\n", l.service.Name, l.service.Listen, l.service.SocketPath, level)
	for _, op := range l.service.Operations {
		how := fmt.Sprintf("%s, payload by %s", op.Reply, op.Channel)
		if op.Driver == config.DriverWorker {
			how = fmt.Sprintf("%d to %d workers, each for one request at a time", op.Worker.Min, op.Worker.Max)
		}
		if op.Timeout > 0 {
			how += ", for " + display.Duration(op.Timeout) + " at most"
		}
		fmt.Fprintf(call.Out, "%-7s %s\n        %s: %s\n", op.Method, op.Path, how, display.Command(op.Command.Argv()))
		if op.Driver != config.DriverSpawn {
			fmt.Fprintf(call.Out, "        driver: %s\n", l.driverOf(op))
		}
		if who := l.edition.Security(op.Path, op.Method); who != "" {
			fmt.Fprintf(call.Out, "        security: %s\n", who)
		}
		for _, note := range l.notes(op) {
			fmt.Fprintf(call.Out, "        note: %s\n", note)
		}
	}
	if rest := l.edition.Unmapped(); len(rest) > 0 {
		fmt.Fprintf(call.Out, "\nwithout a command, answered with 501: %s\n", firstOf(rest))
	}
	return exitOK
}

// firstOf lists some and counts the rest.
func firstOf(list []string) string {
	const some = 10
	if len(list) <= some {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:some], ", "), len(list)-some)
}

// notes says what the operator should know of a command that is otherwise in order. That
// the body of a POST does not reach its command is a warning; of parameters, which are the
// payload where there is no body, it is worth no more than a note.
func (l *loaded) notes(op *config.Operation) []string {
	list := op.Command.Notes()
	body, parameters := l.edition.Sends(op.Path, op.Method)
	lost := parameters && op.Driver != config.DriverWorker && op.Channel == config.ChannelCmdline && len(op.Command.Placeholders()) == 0
	if lost && (op.Lost() == nil || !body) {
		list = append(list, "the payload is not passed: with channel cmdline a placeholder has to take it, such as {{jsonpayload}}")
	}
	return list
}
