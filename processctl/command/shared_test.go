package command

import (
	"os"
	"path/filepath"
	"testing"
)

// searchPath is a PATH in which every program that these tests name exists:
// Compile refuses what is not there, and most machines lack most of them. The
// files are never run.
var searchPath string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "urocket-command")
	if err != nil {
		panic(err)
	}
	searchPath = dir
	for _, name := range []string{
		"awk", "bash", "busybox", "echo", "env", "find", "fish", "flock", "gawk", "grep", "ksh", "lua", "lua5.4", "mksh",
		"mywrapper", "node", "nodejs", "perl", "php", "php8.2", "python3", "python3.11", "ruby", "script", "sed", "sh", "ssh",
		"su", "sudo", "timeout", "watch", "zsh",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/false\n"), 0o755); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}
