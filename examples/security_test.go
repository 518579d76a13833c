package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecurityPage does what docs/security.md says, in its order, in a folder of its own: files are
// written, commands run, services started and answers compared.
func TestSecurityPage(t *testing.T) {
	dir := t.TempDir()
	plain := &shop{dir: dir, tmp: t.TempDir(), public: freeAddress(t), socket: filepath.Join(dir, "u.sock"), log: &log{}}
	secure := &shop{dir: dir, tmp: plain.tmp, socket: filepath.Join(dir, "s.sock"), log: &log{}}
	other := strings.NewReplacer("127.0.0.1:8443", freeAddress(t), "/tmp/urocket-tls.sock", secure.socket)
	done := map[string]int{}
	var last string
	for _, b := range blocksOf(t, "../docs/security.md") {
		b.text = other.Replace(b.text)
		use, name, _ := strings.Cut(b.use, " ")
		done[use]++
		switch {
		case use == "file":
			check(t, os.WriteFile(filepath.Join(dir, name), []byte(plain.here(b.text)), 0o600))
		case use == "run":
			last = plain.sh(t, b.text)
		case use == "serve" && name == "tls.yaml":
			secure.serve(t, filepath.Join(dir, name))
		case use == "serve":
			plain.serve(t, filepath.Join(dir, name))
		case use == "answer":
			wantAnswer(t, b, last)
		default:
			t.Errorf("line %d: a block that nobody tries: %q", b.line, b.use)
		}
	}
	if done["run"] < 7 || done["answer"] < 3 || done["serve"] != 2 {
		t.Errorf("%v: is the page still marked?", done)
	}
}
