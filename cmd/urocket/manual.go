package main

import (
	"fmt"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

func manualCommand() *cli.Command {
	return &cli.Command{
		Name: "manual", Summary: "print the manual page, of all commands and flags, as man reads it",
		Text: `To read it:

    urocket manual | man -l -`,
		Run: func(call *cli.Call) int {
			if _, err := fmt.Fprint(call.Out, call.Program.Manual(manualSections)); err != nil {
				return call.Fail(err)
			}
			return cli.OK
		},
	}
}

// manualSections are what the manual page says beside the commands.
var manualSections = []cli.Section{
	{Title: "Files", Text: `urocket-service.yaml - The configuration, where no other is named: which command answers which operation of an OpenAPI document. ` +
		`urocket parse shows every key; docs/configuration.md describes them.

The socketpath of the configuration - The unix socket on which scripts reply, and on which ps, logs and kill ask.`},
	{Title: "Environment", Text: `REQUEST_ID - In a process that urocket has started: the request that it is for.

UROCKET_SOCKET - In such a process: where it replies. Elsewhere ps, logs and kill use it, if neither -c nor --socket is given.

TMPDIR - Where large bodies and the files of calls are put; else /tmp.

GOMEMLIMIT, GOGC - How urocket collects its garbage; see docs/operations.md.`},
	{Title: "Exit status", Text: `0 - Done; of run: stopped cleanly.

1 - It could not be done; of run: a failure while running, or a second signal.

2 - Wrong usage or configuration.

75 - Of call: the service is busy or stopping.`},
	{Title: "Signals", Text: `SIGTERM, SIGINT - Stop: running calls may end within drain. A second one stops at once.

SIGHUP - Read the configuration again.`},
	{Title: "Examples", Text: `From a document to answers:

    urocket init openapi.yaml --stubs scripts
    urocket dry
    urocket

From a crontab, sharing the operation's places with callers over HTTP:

    */5 * * * *  urocket call -c /srv/shop/urocket-service.yaml post /job/mail-queue >/dev/null`},
	{Title: "See also", Text: `curl(1), crontab(5), systemd.service(5), cgroups(7)`},
}
