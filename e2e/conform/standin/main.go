// Command standin is what the suite's operations start in place of PHP, and
// what PHP's process is before it becomes PHP:
//
//	standin note FILE ARGV…           writes to FILE, as JSON, what it was given
//	standin become WORDS PATH ARGV…   sets umask and rlimits, and becomes PATH
//
// It is a program of its own because it is started hundreds of times.
package main

import (
	"fmt"
	"os"
)

func main() {
	var err error
	switch word := os.Args[1]; word {
	case "note":
		err = note(os.Args[2], os.Args[3:])
	case "become":
		err = become(os.Args[2], os.Args[3:])
	default:
		err = fmt.Errorf("no such word: %s", word)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(97)
	}
}
