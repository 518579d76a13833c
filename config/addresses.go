package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// DefaultFile is what the configuration is called where nobody names it.
const DefaultFile = "urocket-service.yaml"

// Addresses are where a service is found that was started with a file.
type Addresses struct {
	SocketPath string // absolute
	Listen     string // host:port; the host may be empty
}

// ReadAddresses reads them and looks at nothing else: the file may be in the middle
// of a change, and what it names is not the reader's. The error is [Faults].
func ReadAddresses(file string) (Addresses, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Addresses{}, Faults{{File: file, Message: fmt.Sprintf("cannot read the configuration: %v", reason(err))}}
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return Addresses{}, Faults{{File: file, Message: fmt.Sprintf("cannot tell its folder: %v", err)}}
	}
	c := &collector{file: file}
	root := parse(text, c)
	if root == nil {
		return Addresses{}, c.sorted()
	}
	c = &collector{file: file} // what is wrong elsewhere in it does not matter
	b := &builder{c: c, folder: folder, service: &Service{File: file}}
	b.top = &scope{c: c, own: map[string]entry{}}
	for _, p := range root.pairs {
		if slices.Contains([]string{"socketpath", "port", "listen"}, p.key) {
			b.top.own[p.key] = entry{p.key, p.line, p.value}
		}
	}
	b.listeners()
	b.socket()
	if _, ok := b.top.find("socketpath"); !ok {
		c.fault(root.line, "socketpath is missing")
	}
	if len(c.faults) > 0 {
		return Addresses{}, c.sorted()
	}
	return Addresses{SocketPath: b.service.SocketPath, Listen: b.service.Listen}, nil
}
