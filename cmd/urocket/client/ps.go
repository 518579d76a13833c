package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urocket/urocket/cmd/urocket/cli"
)

// psOptions are what ps was given.
type psOptions struct {
	finder
	all, json, quiet, watch, wide bool
}

func psCommand() *cli.Command {
	o := &psOptions{}
	c := &cli.Command{
		Name: "ps", Summary: "the processes now, and what they use",
		Text: `AGE counts from the start of the process, or from the arrival of a call that waits for its place. CPU is
the processor time of the process and its descendants, MEMORY the most they had at once: as a whole where
cgroups tell, else of the process alone. With --all AGE is, of a call that has ended, how long it was, and END
how it ended, with its exit code or signal.

On a terminal ids are cut to what tells them apart, which is enough for kill and logs, and lines to its
width; --wide leaves them whole.`,
	}
	o.flags(c)
	c.Flags.Switch(&o.all, "a,all", "those that ended in the last minute too")
	c.Flags.Switch(&o.watch, "watch", "show it again each second, until ^C")
	c.Flags.Switch(&o.json, "json", "as JSON, with all that is known of them")
	c.Flags.Switch(&o.quiet, "q,quiet", "their ids alone")
	c.Flags.Switch(&o.wide, "w,wide", "whole ids and lines on a terminal too")
	c.Run = func(call *cli.Call) int { return ps(call, o) }
	return c
}

func ps(call *cli.Call, o *psOptions) int {
	s, err := o.find()
	if err != nil {
		return call.Misuse("%v", err)
	}
	on := screenOf(call.Out)
	for {
		if err := o.show(call.Out, s, on); err != nil {
			return call.Fail(err)
		}
		if !o.watch {
			return cli.OK
		}
		time.Sleep(time.Second)
	}
}

// show prints what runs now, on a terminal or, with nil, anywhere else.
func (o *psOptions) show(out io.Writer, s *socket, on *screen) error {
	list, err := s.processes()
	if err != nil {
		return err
	}
	if !o.all {
		list = slices.DeleteFunc(list, func(p process) bool { return p.ended() })
	}
	var text bytes.Buffer
	switch {
	case o.json:
		err = writeJSON(&text, list)
	case o.quiet:
		for _, p := range list {
			fmt.Fprintln(&text, p.ID)
		}
	default:
		writeTable(&text, list, tableStyle{ended: o.all, shortIDs: on != nil && !o.wide})
	}
	if err != nil {
		return err
	}
	if on != nil && !o.json {
		on.arrange(&text, o.watch, o.wide)
	}
	_, err = out.Write(text.Bytes())
	return err
}

// writeJSON writes the calls as the socket does.
func writeJSON(out io.Writer, list []process) error {
	raw := make([]json.RawMessage, len(list))
	for i, p := range list {
		raw[i] = p.raw
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"processes": raw})
}
