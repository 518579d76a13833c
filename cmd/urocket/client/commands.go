package client

import "github.com/urocket/urocket/cmd/urocket/cli"

// Commands are those that need a urocket which runs.
func Commands() []*cli.Command {
	return []*cli.Command{replyCommand(), psCommand(), logsCommand(), killCommand(), pageCommand(), callCommand()}
}
