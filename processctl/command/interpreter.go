package command

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// headSize is as much of a file as execve(2) looks at: BINPRM_BUF_SIZE.
const headSize = 256

// CheckProgram says why execve(2) cannot run a file that may be executed, as far as
// its beginning tells: it is a script without a "#!" line, or names an interpreter
// that is not there. Unlike a shell, urocket does not guess. Nil: nothing is wrong,
// or the file cannot be read.
func CheckProgram(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, headSize)
	n, _ := f.Read(head)
	head = head[:n]
	line, _, whole := bytes.Cut(head, []byte("\n"))
	named, isScript := bytes.CutPrefix(line, []byte("#!"))
	switch {
	case !isScript && isText(head):
		return fmt.Errorf("%s has no #! line: begin it with one (#!/bin/sh), or write its interpreter in front of it (sh %[1]s)", filepath.Base(file))
	case !isScript:
		return nil
	case bytes.HasSuffix(line, []byte("\r")):
		return fmt.Errorf("the #! line of %s ends in a carriage return, which is taken for a part of the interpreter's name: write the file with LF line ends", filepath.Base(file))
	case !whole && n == headSize:
		return nil // the kernel cuts it where it likes
	}
	interpreter, _, _ := strings.Cut(strings.Trim(string(named), " \t"), " ")
	interpreter, _, _ = strings.Cut(interpreter, "\t")
	if info, err := os.Stat(interpreter); filepath.IsAbs(interpreter) && (err != nil || info.Mode()&fs.ModeType != 0) {
		return fmt.Errorf("the #! line of %s names %q, which is not there", filepath.Base(file), interpreter)
	}
	return nil
}

// isText says that a file cannot be a program of the machine's: those hold zero
// bytes early on. An empty file is text too.
func isText(head []byte) bool { return bytes.IndexByte(head, 0) < 0 }
