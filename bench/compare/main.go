// Compare tries what urocket and tools like it do when a script misbehaves, and writes
// docs/comparison.md of what it saw:
//
//	make compare
//
// Each tool is started with a configuration as its documentation has it, with a time
// limit of 2 s where it knows one, and is called over loopback. The scripts are those of
// situations.go. What a cell says was seen in this run; a tool that is not installed has
// no column. It needs no quiet machine: nothing here is a matter of speed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	urocket := flag.String("urocket", "bin/urocket", "the `program`")
	peers := flag.String("peers", "bin/peers", "`directory` of tools that are not Debian's")
	out := flag.String("o", "docs/comparison.md", "the `file` that is written")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *urocket, *peers, *out); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, urocket, peers, out string) error {
	// Daemons that scripts leave behind fall to us, so that they can be found.
	if err := becomeSubreaper(); err != nil {
		return err
	}
	var tried []column
	for _, t := range tools(urocket, peers) {
		c := column{tool: t}
		for _, s := range situations {
			seen, err := try(ctx, t, s)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", t.name, s.name, err)
			}
			fmt.Fprintf(os.Stderr, "%-12s %-12s %s\n", t.name, s.name, seen)
			c.cells = append(c.cells, seen)
		}
		tried = append(tried, c)
	}
	return os.WriteFile(out, []byte(page(tried)), 0o644)
}
