package main

import (
	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/config"
)

func schemaCommand() *cli.Command {
	return &cli.Command{
		Name: "schema", Summary: "print a JSON Schema of the configuration, with which editors complete and check it",
		Text: `Save it beside the configuration, whose first line is to be

    # yaml-language-server: $schema=urocket-service.schema.json`,
		Run: func(call *cli.Call) int {
			text, err := config.Schema()
			if err != nil {
				return call.Fail(err)
			}
			if _, err := call.Out.Write(text); err != nil {
				return call.Fail(err)
			}
			return cli.OK
		},
	}
}
