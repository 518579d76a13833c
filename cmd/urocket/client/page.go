package client

import (
	"net/http"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

func pageCommand() *cli.Command {
	var where finder
	c := &cli.Command{
		Name: "page", Summary: "a link to the page that shows what runs and what has ended",
		Text: `The page is on the listener that the configuration's admin names. Root and urocket's own user see it without a
link; with one, which is good until urocket ends, everybody does who can connect from the same machine.`,
	}
	where.flags(c)
	c.Run = func(call *cli.Call) int {
		s, err := where.find()
		if err != nil {
			return call.Misuse("%v", err)
		}
		text, err := s.ask(s.request(http.MethodGet, "/urpage"), mostText)
		if err != nil {
			return call.Fail(err)
		}
		if _, err := call.Out.Write(text); err != nil {
			return call.Fail(err)
		}
		return cli.OK
	}
	return c
}
