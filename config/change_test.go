package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// loader loads one text after the other from the same file.
func loader(t *testing.T) func(text string) *Service {
	dir := folder(t)
	return func(text string) *Service {
		t.Helper()
		s, err := load(filepath.Join(dir, "svc.yaml"), []byte(strings.ReplaceAll(text, "DIR", dir)))
		if err != nil {
			t.Fatalf("refused:\n%v\n%s", err, text)
		}
		return s
	}
}

func TestSince(t *testing.T) {
	const other = "  /other:\n    get:\n      inject: {cmd: [\"/bin/echo\"]}\n"
	load := loader(t)
	old := load(good + other)
	for _, c := range []struct {
		name                    string
		text                    string
		added, removed, changed int
		keys                    []string
	}{
		{"nothing", good + other, 0, 0, 0, nil},
		{"a spelling", edit(t, good, "validatein: true", "validate-in: true", "timeout: 1000", "timeout: 1s") + other, 0, 0, 0, nil},
		{"a default that comes to the same", edit(t, good, topLine, topLine+"defaults: {onexit: fail}\n") + other, 0, 0, 0, nil},
		{"a default", edit(t, good, topLine, topLine+"defaults: {grace: 1s}\n") + other, 0, 0, 2, nil},
		{"the command", edit(t, good, theCmd, `cmd: ["/bin/echo", "x"]`) + other, 0, 0, 1, nil},
		{"one added, one removed", good + strings.ReplaceAll(other, "get:", "put:"), 1, 1, 0, nil},
		{"the service", edit(t, good, topLine, "running: 9\nmaxbody: 1MiB\nbasepath: /v1\n") + other, 0, 0, 0, []string{"basepath", "maxbody", "running"}},
		{"security", edit(t, good, topLine, topLine+"security: {a: upstream}\n") + other, 0, 0, 0, []string{"security"}},
		{"all of security", edit(t, good, topLine, topLine+"security: upstream\n") + other, 0, 0, 0, []string{"security"}},
		{"tls", edit(t, good, topLine, topLine+"tls: {cert: page.php, key: page.php}\n") + other, 0, 0, 0, []string{"tls"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := load(c.text).Since(old)
			if got.Added != c.added || got.Removed != c.removed || got.Changed != c.changed || !slices.Equal(got.Keys, c.keys) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestNeedsRestart(t *testing.T) {
	load := loader(t)
	old := load(good)
	same := load(edit(t, good, topLine, "cgroup: {mode: auto}\nsocketmode: \"0660\"\n"))
	if faults := same.NeedsRestart(old); len(faults) != 0 {
		t.Errorf("the same, written differently: %v", faults)
	}
	text := edit(t, good, topLine, "cgroup: {mode: off, parent: /sys/fs/cgroup/x}\nsocketmode: \"0600\"\nsocketgroup: 7\nadmin: 127.0.0.1:9\ntls: {cert: page.php, key: page.php}\n")
	faults := load(text).NeedsRestart(old)
	for i, key := range []string{"admin", "socketmode", "socketgroup", "cgroup", "tls"} {
		if i >= len(faults) || !strings.HasPrefix(faults[i].Message, key+" was ") {
			t.Fatalf("no %s in %v", key, faults)
		}
		before, _, _ := strings.Cut(text, key+":")
		if want := strings.Count(before, "\n") + 1; faults[i].Line != want {
			t.Errorf("%v, want line %d", faults[i], want)
		}
	}
}
