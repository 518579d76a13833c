// Command urocket turns scripts that exist into HTTP endpoints: it serves an
// OpenAPI document by starting a process for each request, as
// urocket-service.yaml says, and answers with what the process replies.
//
// This package is wiring only: it reads the command line, hands the
// configuration to the packages that do the work, and starts and stops them in
// order. What the commands are called and take is package cli's to read and to
// describe; those that speak to a urocket which runs are package client's. Exit
// codes: 0 for a clean stop, 1 for a failure while running or a second signal, 2 for
// bad usage or a bad configuration.
package main

import (
	"fmt"
	"os"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/processctl"
)

// Exit codes.
const (
	exitOK      = cli.OK
	exitFailure = cli.Failed
	exitUsage   = cli.Misused
)

// defaultConfig is read where no other is named.
const defaultConfig = config.DefaultFile

func main() {
	if err := processctl.Inheritable(); err != nil {
		fmt.Fprintln(os.Stderr, "urocket:", err)
		os.Exit(exitFailure)
	}
	os.Exit(commandLine().Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
