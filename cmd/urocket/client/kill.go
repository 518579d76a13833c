package client

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

func killCommand() *cli.Command {
	var where finder
	now := false
	c := &cli.Command{
		Name: "kill", Args: "ID", Takes: [2]int{1, 1}, Kind: cli.ID,
		Summary: "end a call: SIGTERM for all its processes, and SIGKILL after the operation's grace",
		Text: `Its caller gets what he would if the process had died by itself: 502, or the report of it. One that waits for
its place is ended before anything is started. ID may be as short as ps shows it on a terminal.`,
	}
	where.flags(c)
	c.Flags.Switch(&now, "now", "SIGKILL at once")
	c.Run = func(call *cli.Call) int {
		s, err := where.find()
		if err != nil {
			return call.Misuse("%v", err)
		}
		if err := s.end(call, now); err != nil {
			return call.Fail(err)
		}
		return cli.OK
	}
	return c
}

// end has a call ended and prints what is done about it.
func (s *socket) end(call *cli.Call, now bool) error {
	id, err := s.resolve(call.Args[0])
	if err != nil {
		return err
	}
	path := "/urprocs/" + url.PathEscape(id)
	if now {
		path += "?now"
	}
	text, err := s.ask(s.request(http.MethodDelete, path), mostText)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(call.Out, "%s: %s", id, text)
	return err
}
