// Package notrun is for tests that cannot run on a machine: go test says nothing of a
// skipped test unless it is asked, so each is noted where `make test` prints it.
package notrun

import (
	"fmt"
	"os"
	"testing"
)

// File is the environment variable that names the file for the notes; without it there
// are none.
const File = "UROCKET_NOT_RUN"

// Here skips the test, and notes which one and why.
func Here(t *testing.T, why string) {
	t.Helper()
	if name := os.Getenv(File); name != "" {
		note(t, name, why)
	}
	t.Skip("CANNOT RUN HERE: " + why)
}

// note appends a line in one write, so that packages that run side by side do not mix.
func note(t *testing.T, name, why string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "not run here: %s: %s\n", t.Name(), why); err != nil {
		t.Fatal(err)
	}
}
