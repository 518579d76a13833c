package notrun

import (
	"os"
	"path/filepath"
	"testing"
)

func TestHere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes")
	t.Setenv(File, file)
	ran := false
	t.Run("skipped", func(t *testing.T) {
		Here(t, "there is no moon")
		ran = true
	})
	text, err := os.ReadFile(file)
	if want := "not run here: TestHere/skipped: there is no moon\n"; ran || err != nil || string(text) != want {
		t.Errorf("ran on: %v; noted %q (%v), want %q", ran, text, err, want)
	}
}
