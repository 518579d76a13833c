package main

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/cmd/urocket/client"
)

// commandLine is everything that can be written behind the program's name.
func commandLine() *cli.Program {
	return &cli.Program{
		Name: "urocket", About: "urocket turns scripts into HTTP endpoints.", Default: "run",
		Commands: slices.Concat(
			[]*cli.Command{runCommand(), dryCommand(), parseCommand(), initCommand(), schemaCommand()},
			client.Commands(),
			[]*cli.Command{completionCommand(), manualCommand(), versionCommand()},
		),
	}
}

func runCommand() *cli.Command {
	return reading(run, &cli.Command{
		Name: "run", Summary: "serve the configuration (-c FILE)",
		Text: `SIGTERM and SIGINT drain: no new calls, and running ones may end within the configuration's drain; a
second signal stops at once. SIGHUP reads the configuration again, and takes it as a whole or not at all.

Exit codes: 0 stopped cleanly; 1 a failure while running, an address or a socket that is taken, or a
second signal; 2 wrong usage or configuration.`,
	})
}

func dryCommand() *cli.Command {
	return reading(dry, &cli.Command{
		Name: "dry", Summary: "check everything that run would, print the routes, and run nothing",
		Text: `Faults and warnings are on standard error, as FILE:LINE: what is wrong and what would be right.`,
	})
}

func parseCommand() *cli.Command {
	return reading(parse, &cli.Command{Name: "parse", Summary: "print the configuration as it is understood, with every default"})
}

func versionCommand() *cli.Command {
	return &cli.Command{Name: "version", Summary: "print the version", Run: printVersion}
}

// options are the flags of what reads a configuration.
type options struct {
	config    string
	logLevel  string
	logFormat string
}

// reading gives a command the flags of what reads a configuration.
func reading(do func(options, *cli.Call) int, c *cli.Command) *cli.Command {
	o := options{config: defaultConfig, logLevel: "info"}
	c.Flags.String(&o.config, "c,config", "FILE", "the configuration (default "+defaultConfig+")").Is(cli.File)
	c.Flags.Func(o.setLevel, "log-level", "LEVEL", "debug, info, warn or error (default info)").Is(cli.Word, "debug", "info", "warn", "error")
	c.Flags.Func(o.setFormat, "log-format", "FORMAT", "text or json (default: text on a terminal, else json)").Is(cli.Word, "text", "json")
	c.Run = func(call *cli.Call) int { return do(o, call) }
	return c
}

func (o *options) setLevel(text string) error {
	o.logLevel = text
	var level slog.Level
	if level.UnmarshalText([]byte(text)) != nil {
		return fmt.Errorf("%q is not debug, info, warn or error", text)
	}
	return nil
}

func (o *options) setFormat(text string) error {
	o.logFormat = text
	if text != "text" && text != "json" {
		return fmt.Errorf("%q is neither text nor json", text)
	}
	return nil
}
