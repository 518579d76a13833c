package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tree makes a folder with a program, a file that is none, and a folder.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"bin/tool": 0o755, "bin/data": 0o644, "late/data": 0o755} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "bin/folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLookup(t *testing.T) {
	dir := tree(t)
	for _, c := range []struct {
		name, env, search string
		want              string // below dir
		err               error
	}{
		{name: "tool", search: dir + "/bin", want: "/bin/tool"},
		{name: "tool", search: "/nowhere:" + dir + "/bin", want: "/bin/tool"},
		{name: "tool", search: "/nowhere", env: "PATH=" + dir + "/bin", want: "/bin/tool"},
		{name: "tool", search: "bin", want: "/bin/tool"},
		{name: "bin/tool", search: "/nowhere", want: "/bin/tool"},
		{name: "./bin/../bin/tool", want: "/bin/tool"},
		{name: dir + "/bin/tool", want: "/bin/tool"},
		{name: "data", search: dir + "/bin:" + dir + "/late", want: "/late/data"},
		{name: "data", search: dir + "/bin:/nowhere", err: fs.ErrPermission},
		{name: "bin/data", err: fs.ErrPermission},
		{name: "folder", search: dir + "/bin", err: syscall.EISDIR},
		{name: "./bin", err: syscall.EISDIR},
		{name: "tool", search: dir + "/bin", env: "PATH=/nowhere", err: fs.ErrNotExist},
		{name: "tool", search: dir + "/bin/tool", err: fs.ErrNotExist},
		{name: "bin/none", err: fs.ErrNotExist},
		{name: "bin/tool/none", err: syscall.ENOTDIR},
	} {
		in := Input{Words: []string{c.name}, Dir: dir, SearchPath: c.search}
		if c.env != "" {
			in.Env = []string{c.env}
		}
		cmd, faults := Compile(in)
		if c.err != nil {
			if len(faults) != 1 {
				t.Errorf("compile %+v: faults %+v, want one", in, faults)
			}
			if _, err := lookup(c.name, dir, (&Command{env: nil, searchPath: c.search}).path()); c.env == "" && !errors.Is(err, c.err) {
				t.Errorf("look up %+v: error %v, want %v", in, err, c.err)
			}
			continue
		}
		if len(faults) > 0 {
			t.Errorf("compile %+v: %+v", in, faults)
			continue
		}
		if got, err := cmd.Lookup(); err != nil || got != dir+c.want {
			t.Errorf("look up %+v: %q, %v, want %q", in, got, err, dir+c.want)
		}
	}
}

// TestLookupIsNow: a program that goes away after the start is missed at once.
func TestLookupIsNow(t *testing.T) {
	dir := tree(t)
	c := mustCompile(t, Input{Line: "tool", Dir: dir, SearchPath: dir + "/bin"})
	if err := os.Remove(dir + "/bin/tool"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lookup(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestLookupWithoutPath(t *testing.T) {
	c := mustCompile(t, Input{Line: "sh", Dir: "/"})
	if file, err := c.Lookup(); err != nil || !filepath.IsAbs(file) {
		t.Errorf("sh is found at %q, %v", file, err)
	}
}

// Each fault says what would be right, and none the whole of PATH.
func TestProgramFaults(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/plain", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"./plain": dir + "/plain: permission denied: it is not executable: chmod +x it",
		"plain":   "it is not executable: chmod +x it",
		"./none":  dir + "/none: there is no such file; a relative path is relative to wd",
		"none":    "write its path, or set PATH",
		"/":       "no such program can be run",
		// Words that only a shell knows.
		"cd /tmp":       "write wd: FOLDER",
		"FOO=1 sh x":    `write env: ["FOO=1"], and in cmd what is behind it`,
		"*/5 * * * * x": "leave that out",
		"@daily x":      "leave that out",
		"~/bin/x":       "write the path out",
		"HOME=/root x":  `write env: ["HOME=/root"]`,
		"(cd /tmp":      "what a shell runs",
		"umask 027":     "beside cmd",
		"export A=1":    `write ["sh", "-c", "…"]`,
	} {
		_, faults := Compile(Input{Line: line, Dir: dir, SearchPath: "/nowhere:" + dir})
		if len(faults) != 1 || !strings.Contains(faults[0].Message, want) || strings.Contains(faults[0].Message, "/nowhere") {
			t.Errorf("%s: %+v, want %q", line, faults, want)
		}
	}
}
