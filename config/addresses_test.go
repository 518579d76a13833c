package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The addresses can be read from a file that could not be served.
func TestReadAddresses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, text string
		want       Addresses
		fault      string
	}{
		{"both", "socketpath: /tmp/a.sock\nlisten: 127.0.0.1:81\n", Addresses{"/tmp/a.sock", "127.0.0.1:81"}, ""},
		{"a relative socket, a port", "socketpath: a.sock\nport: 81\n", Addresses{dir + "/a.sock", ":81"}, ""},
		{"the default", "socketpath: /tmp/a.sock\n", Addresses{"/tmp/a.sock", ":8080"}, ""},
		{"faults elsewhere", "socketpath: /tmp/a.sock\nnonsense: [1]\nuser: x\nopenapi: gone.yaml\npaths: 3\nsocketgroup: nobody-of-this-name\n", Addresses{"/tmp/a.sock", ":8080"}, ""},
		{"no socket", "listen: 127.0.0.1:81\n", Addresses{}, "c.yaml:1: socketpath is missing"},
		{"a socket that is none", "socketpath: [a]\n", Addresses{}, "c.yaml:1: socketpath wants a path"},
		{"no YAML", "socketpath: {\n", Addresses{}, "c.yaml:1: not valid YAML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(dir, "c.yaml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadAddresses(file)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("%v, want %q", err, c.fault)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
	if _, err := ReadAddresses(filepath.Join(dir, "absent.yaml")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("an absent file: %v", err)
	}
}
