package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/urocket/urocket/bench/measure"
)

// A peer is a server of others that starts a process per request. Its child does
// the same work: prints 20 bytes, with a CGI header where that is asked for.
type peer struct {
	name, note string
	programs   []string // all of them are needed
	source     string   // how to come by it
	start      func(p peer, s *site, tools string) (url string, err error)
}

func peers() []peer {
	return []peer{
		{"lighttpd mod_cgi", "one process, one event loop, fork and exec", []string{"lighttpd"}, "apt-get install lighttpd", startLighttpd},
		{"nginx + fcgiwrap", "nginx, FastCGI, 16 processes of fcgiwrap, each with one child at a time", []string{"nginx", "fcgiwrap"}, "apt-get install nginx-light fcgiwrap", startFcgiwrap},
		{"Go net/http/cgi", "the standard library's, a server of four lines", nil, "", startGoCGI},
		{"shell2http", "without its shell", []string{"shell2http"}, "go install github.com/msoap/shell2http", startShell2http},
		{"webhook", "include-command-output-in-response", []string{"webhook"}, "go install github.com/adnanh/webhook", startWebhook},
		{"of-watchdog", "mode=streaming", []string{"of-watchdog"}, "go install github.com/openfaas/of-watchdog", startWatchdog},
		{"Apache mod_cgid", "event MPM, a daemon that forks", []string{"apache2"}, "apt-get install apache2-bin; not installed by make bench", startApache},
	}
}

// peerRows are those of the peers, and what a server could do here that starts nothing.
func (b *bench) peerRows() (rows []contender) {
	for _, p := range peers() {
		row := measure.Row{Name: p.name, Group: "peer", Limit: limitPrint, Note: p.note}
		missing := p.find(b.peers)
		if missing != "" {
			row.Gone = fmt.Sprintf("%s is not installed (%s)", missing, p.source)
		}
		rows = append(rows, contender{row: row, ways: []way{{start: func(s *site) (string, error) { return p.start(p, s, b.work) }}}})
	}
	return append(rows, contender{
		row: measure.Row{Name: "Go net/http hello", Group: "hello", Note: "starts no process"},
		ways: []way{{start: func(s *site) (string, error) {
			return "http://" + s.addr() + "/", s.startSelf("hello", s.addr())
		}}},
	})
}

// find replaces the names of the programs by their paths, and says which is missing.
func (p peer) find(dir string) (missing string) {
	for i, name := range p.programs {
		path, err := lookup(name, dir)
		if err != nil {
			return name
		}
		p.programs[i] = path
	}
	return ""
}

// lookup finds a program: in a directory of ours first, and where daemons are kept,
// which is not in everybody's PATH.
func lookup(name, dir string) (string, error) {
	for _, d := range []string{dir, "", "/usr/sbin", "/sbin"} {
		path, err := exec.LookPath(filepath.Join(d, name))
		if err == nil {
			return filepath.Abs(path)
		}
	}
	return "", exec.ErrNotFound
}

// startSelf starts a server that is part of the benchmark.
func (s *site) startSelf(args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return s.start(self, append([]string{"serve"}, args...)...)
}
