package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"

	"github.com/urocket/urocket/cmd/urocket/cli"
	"github.com/urocket/urocket/cmd/urocket/scaffold"
	"github.com/urocket/urocket/config"
)

func initCommand() *cli.Command {
	o := scaffold.Options{Map: defaultConfig}
	c := &cli.Command{
		Name: "init", Args: "OPENAPI", Takes: [2]int{1, 1}, Kind: cli.File,
		Summary: "write a configuration for every operation of a document",
		Text: `It can be served at once: each operation answers with an example that the document gives, or one that is made
of its schemas. With --stubs a PHP script for each does that, for you to go on with; without, echo does.

Nothing is overwritten: a configuration that is there is an error, a script that is there is kept.

Exit codes: 0 written; 1 there is such a file already, or it cannot be written; 2 wrong usage, or a
document that cannot be served.`,
	}
	c.Flags.String(&o.Map, "o,output", "FILE", "what to write; - for standard output (default "+defaultConfig+")").Is(cli.File)
	c.Flags.String(&o.Stubs, "stubs", "FOLDER", "write a PHP script for each operation into this folder").Is(cli.Folder)
	c.Flags.Func(func(name string) error {
		if !regexp.MustCompile(`^[a-z0-9-]{1,100}$`).MatchString(name) {
			return fmt.Errorf("%q holds more than small letters, digits and -", name)
		}
		o.Name = name
		return nil
	}, "name", "NAME", "the servicename (default: made of the document's title)")
	c.Run = func(call *cli.Call) int {
		o.Document = call.Args[0]
		return initialize(call, o)
	}
	return c
}

func initialize(call *cli.Call, o scaffold.Options) int {
	printed := o.Map == "-"
	if printed {
		o.Map = defaultConfig // in this folder, as far as paths in it are concerned
	}
	p, err := scaffold.New(o)
	if err != nil {
		fmt.Fprintf(call.Err, "urocket init: %v%s\n", err, instead(o.Document))
		return cli.Misused
	}
	if _, err := os.Lstat(o.Map); !printed && !errors.Is(err, fs.ErrNotExist) {
		return call.Fail(fmt.Errorf("%s: %w", o.Map, scaffold.ErrExists))
	}
	if o.Stubs != "" {
		written, kept, err := p.WriteStubs()
		if err != nil {
			return call.Fail(err)
		}
		for _, name := range kept {
			fmt.Fprintf(call.Err, "kept %s, which was there\n", name)
		}
		fmt.Fprintf(call.Err, "wrote %s to %s\n", several(written, "script"), o.Stubs)
	}
	for _, line := range p.Refused() {
		fmt.Fprintf(call.Err, "left out: %s\n", line)
	}
	if printed {
		if _, err := call.Out.Write(p.Map()); err != nil {
			return call.Fail(err)
		}
		return cli.OK
	}
	if err := p.WriteMap(); err != nil {
		return call.Fail(err)
	}
	fmt.Fprintf(call.Err, "wrote %s with %s; serve it with: urocket -c %s\n", o.Map, several(p.Operations(), "operation"), o.Map)
	return cli.OK
}

// instead says that a file is a configuration, where it is named as the document.
func instead(file string) string {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return "" // it cannot be read once more
	}
	if s, _ := config.Load(file); s != nil && s.Name != "" {
		return "; it is a configuration of urocket, which this command writes: name the OpenAPI document"
	}
	return ""
}

// several counts in words: 1 script, 2 scripts.
func several(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
