package main

import (
	"cmp"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed c/*.c
var sources embed.FS

// buildChildren compiles the limit, and the scripts that everybody starts. Those are
// static: a dynamic linker would be most of what they do.
func buildChildren(dir string) error {
	for name, flags := range map[string][]string{
		"limit":       {"-pthread"},
		"child-post":  {"-static"},
		"child-print": {"-static"},
		"child-cgi":   {"-static"},
		"child-read":  {"-static"},
	} {
		text, err := sources.ReadFile("c/" + name + ".c")
		if err != nil {
			return err
		}
		source := filepath.Join(dir, name+".c")
		if err := os.WriteFile(source, text, 0o644); err != nil {
			return err
		}
		args := append(flags, "-O2", "-o", filepath.Join(dir, name), source)
		if out, err := exec.Command(cmp.Or(os.Getenv("CC"), "gcc"), args...).CombinedOutput(); err != nil {
			return fmt.Errorf("compile %s.c (it takes gcc and libc6-dev): %w: %s", name, err, out)
		}
	}
	return nil
}
