package main

import (
	"fmt"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Args: "SHELL", Takes: [2]int{1, 1}, Kind: cli.Word, Words: cli.Shells,
		Summary: "print a script with which a shell completes command lines: bash, zsh or fish",
		Text: `For this session, or in the shell's start-up file:

    source <(urocket completion bash)
    source <(urocket completion zsh)
    urocket completion fish | source`,
		Run: func(call *cli.Call) int {
			script, err := call.Program.Completion(call.Args[0])
			if err != nil {
				return call.Misuse("%v", err)
			}
			if _, err := fmt.Fprint(call.Out, script); err != nil {
				return call.Fail(err)
			}
			return cli.OK
		},
	}
}
