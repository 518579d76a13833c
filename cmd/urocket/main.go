// Command urocket turns scripts that exist into HTTP endpoints: it serves an
// OpenAPI document by starting a process for each request, as
// urocket-service.yaml says, and answers with what the process replies.
//
// This package is wiring only: it reads the command line, hands the
// configuration to the packages that do the work, and starts and stops them in
// order. Exit codes: 0 for a clean stop, 1 for a failure while running or a
// second signal, 2 for bad usage or a bad configuration.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urocket/urocket/processctl"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// defaultConfig is read where no other is named.
const defaultConfig = "urocket-service.yaml"

const usage = `urocket turns scripts into HTTP endpoints.

    urocket [run] -c urocket-service.yaml    serve; SIGTERM drains, a second one stops now,
                                             SIGHUP reads the configuration again
    urocket parse -c FILE                    print the configuration with every default
    urocket dry   -c FILE                    check everything, print the routes, run nothing
    urocket version

Flags:
    -c, --config FILE     the configuration (default urocket-service.yaml)
    --log-level LEVEL     debug, info, warn or error (default info)
    --log-format FORMAT   text or json (default: text on a terminal, else json)
`

// options are the command line.
type options struct {
	config    string
	logLevel  string
	logFormat string
}

func main() {
	if err := processctl.Inheritable(); err != nil {
		fmt.Fprintln(os.Stderr, "urocket:", err)
		os.Exit(exitFailure)
	}
	os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
}

// command runs one subcommand and returns the exit code.
func command(args []string, stdout, stderr io.Writer) int {
	name := "run"
	if len(args) == 1 && (args[0] == "--version" || args[0] == "-version") {
		args = []string{"version"}
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	commands := map[string]func(options, io.Writer, io.Writer) int{
		"run": runCommand, "parse": parseCommand, "dry": dryCommand, "version": versionCommand,
	}
	run, ok := commands[name]
	if name == "help" {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	if !ok {
		fmt.Fprintf(stderr, "urocket: there is no command %q; the commands are run, parse, dry and version\n", name)
		return exitUsage
	}
	o, err := parseFlags(name, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "urocket %s: %v\n\n%s", name, err, usage)
		return exitUsage
	}
	return run(o, stdout, stderr)
}

func parseFlags(name string, args []string) (options, error) {
	var o options
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.config, "c", defaultConfig, "")
	f.StringVar(&o.config, "config", defaultConfig, "")
	f.StringVar(&o.logLevel, "log-level", "info", "")
	f.StringVar(&o.logFormat, "log-format", "", "")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: write -c FILE to name the configuration", f.Arg(0))
	}
	if !validLogging(o) {
		return o, fmt.Errorf("--log-level is debug, info, warn or error, and --log-format text or json; got %q and %q", o.logLevel, o.logFormat)
	}
	return o, nil
}
