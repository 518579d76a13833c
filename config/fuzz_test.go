package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
)

// FuzzLoad: whatever the text, Load returns faults with a line of the file or a
// service that survives being written and read again.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{good, original, full, "a: &a [*a]\n", "x: {<<: [{y: 1}, *z]}\n", "--- !!map\n? [a]\n: b\n"} {
		f.Add([]byte(text))
	}
	dir := folder(f)
	file := filepath.Join(dir, "svc.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ReplaceAll(text, []byte("DIR"), []byte(dir))
		s, err := load(file, text)
		if err != nil {
			checkFaults(t, err, linesOf(text))
			return
		}
		var out bytes.Buffer
		if err := s.WriteYAML(&out); err != nil {
			t.Fatal(err)
		}
		again, err := load(file, out.Bytes())
		if err != nil {
			t.Fatalf("what was written is refused:\n%v\n%s", err, out.Bytes())
		}
		if diff := differ(s, again); diff != "" {
			t.Errorf("%s\n%s", diff, out.Bytes())
		}
	})
}

// linesOf counts line ends as YAML 1.1 does.
func linesOf(text []byte) int {
	n := 1
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		n += bytes.Count(text, []byte(end))
	}
	return n
}

func checkFaults(t *testing.T, err error, lines int) {
	var faults Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("an error without faults: %v", err)
	}
	for i, f := range faults {
		if f.Line < 1 || f.Line > lines || f.Message == "" || (i > 0 && faults[i-1].Line > f.Line) {
			t.Errorf("fault %d of %d lines: %v", i, lines, f)
		}
	}
}
