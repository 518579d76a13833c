package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/urocket/urocket/config"
)

// complain prints why a configuration cannot be used, and gives the exit code.
func complain(stderr io.Writer, err error) int {
	var faults config.Faults
	if errors.As(err, &faults) {
		fmt.Fprintln(stderr, faults)
		return exitUsage
	}
	fmt.Fprintln(stderr, "urocket:", err)
	return exitFailure
}

func parseCommand(o options, stdout, stderr io.Writer) int {
	service, err := config.Load(o.config)
	var faults config.Faults
	if errors.As(err, &faults) {
		err = named(o.config, faults)
	}
	if err != nil {
		return complain(stderr, err)
	}
	if err := service.WriteYAML(stdout); err != nil {
		return complain(stderr, err)
	}
	return exitOK
}

// dryCommand checks what run would check and shows what it would serve.
func dryCommand(o options, stdout, stderr io.Writer) int {
	l, err := load(o.config, slog.New(slog.DiscardHandler))
	if err != nil {
		return complain(stderr, err)
	}
	defer l.close()
	told := append(l.warnings, l.service.Hints()...)
	slices.SortStableFunc(told, func(a, b config.Fault) int { return a.Line - b.Line })
	for _, w := range told {
		fmt.Fprintf(stderr, "%v (warning)\n", w)
	}
	_, level := l.controller.Level()
	fmt.Fprintf(stdout, "%s on %s, replies on %s\n%s\n\n", l.service.Name, l.service.Listen, l.service.SocketPath, level)
	for _, op := range l.service.Operations {
		fmt.Fprintf(stdout, "%-7s %s\n        %s, payload by %s: %s\n", op.Method, op.Path, op.Reply, op.Channel, strings.Join(quoted(op.Command.Argv()), " "))
		if who := l.edition.Security(op.Path, op.Method); who != "" {
			fmt.Fprintf(stdout, "        security: %s\n", who)
		}
		for _, note := range op.Command.Notes() {
			fmt.Fprintf(stdout, "        note: %s\n", note)
		}
	}
	return exitOK
}

// quoted writes arguments so that one can be told from two.
func quoted(argv []string) []string {
	list := make([]string, len(argv))
	for i, arg := range argv {
		if list[i] = arg; arg == "" || strings.ContainsAny(arg, " \t\n'\"\\") {
			list[i] = fmt.Sprintf("%q", arg)
		}
	}
	return list
}
