package main

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

//go:embed c/*.c c/*.h
var sources embed.FS

// children are the limit, the ceiling, and the scripts that everybody starts, with the
// flags to compile them. Scripts are static: a dynamic linker would be most of what they do.
var children = map[string]string{
	"limit":       "-pthread",
	"front":       "-pthread",
	"child-post":  "-static",
	"child-print": "-static",
	"child-cgi":   "-static",
	"child-read":  "-static",
}

// buildChildren compiles them into a directory.
func buildChildren(dir string) error {
	header, err := sources.ReadFile("c/born.h")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "born.h"), header, 0o644); err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(children))
	for name, flag := range children {
		wg.Go(func() { errs <- compile(dir, name, flag) })
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func compile(dir, name, flag string) error {
	text, err := sources.ReadFile("c/" + name + ".c")
	if err != nil {
		return err
	}
	source := filepath.Join(dir, name+".c")
	if err := os.WriteFile(source, text, 0o644); err != nil {
		return err
	}
	out, err := exec.Command(cmp.Or(os.Getenv("CC"), "gcc"), flag, "-O2", "-o", filepath.Join(dir, name), source).CombinedOutput()
	if err != nil {
		return fmt.Errorf("compile %s.c (it takes gcc and libc6-dev): %w: %s", name, err, out)
	}
	return nil
}
