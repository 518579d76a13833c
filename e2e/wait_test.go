package e2e

import (
	"testing"
	"time"
)

// patience bounds every wait of the suite. It detects a hang and nothing else.
const patience = 30 * time.Second

// eventually polls until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if !holds(cond) {
		t.Fatalf("did not happen within %v: %s", patience, what)
	}
}

// holds polls until cond is true; false when patience has run out.
func holds(cond func() bool) bool {
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if cond() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
