package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urocket/urocket/bench/measure"
)

// The rows of `make bench-php`: three scripts, each by PHP in a loop, by urocket with each
// of its drivers, and by php-fpm and php-cgi. The limit of each is the script started by
// c/limit.c: `php SCRIPT` in a loop.

//go:embed php/*.php
var phpSources embed.FS

// pool is how many processes those have that keep some.
const pool = 4

// A phpScript is one that is measured.
type phpScript struct {
	name, note string
	reply      string // how urocket takes its answer
	worker     string // the same work as a handler; "": none
	web        bool   // php-fpm and php-cgi can run it
}

var phpScripts = []phpScript{
	{"trivial", "one line that prints 20 bytes", "stdout", "trivial-worker.php", true},
	{"large", "2,000 lines and more: 60 classes in files of their own, each made and called", "stdout", "large-worker.php", true},
	{"curl", "replies by curl on the socket, 8 lines", "socket", "", false},
}

func (s phpScript) limit() string { return "php in a loop: " + s.name }

// buildPHP writes the scripts into the benchmark's directory.
func (b *bench) buildPHP() error {
	worker, err := filepath.Abs("scripts/php/worker.php")
	if err != nil {
		return err
	}
	names, err := phpSources.ReadDir("php")
	if err != nil {
		return err
	}
	for _, n := range names {
		text, err := phpSources.ReadFile("php/" + n.Name())
		if err != nil {
			return err
		}
		text = []byte(strings.ReplaceAll(string(text), "WORKER", worker))
		if err := os.WriteFile(filepath.Join(b.work, n.Name()), text, 0o644); err != nil {
			return err
		}
	}
	if out, err := exec.Command("php", filepath.Join(b.work, "make-large.php"), b.work).CombinedOutput(); err != nil {
		return fmt.Errorf("make large.php: %w: %s", err, out)
	}
	return nil
}

// phpBounds are `php SCRIPT` in a loop.
func (b *bench) phpBounds() (of []bound) {
	php, err := exec.LookPath("php")
	for _, s := range phpScripts {
		row := measure.Row{Name: s.limit(), Group: "limit", Note: "vfork, exec, the script's answer, wait4; no server"}
		if err != nil {
			row.Gone = err.Error()
		}
		of = append(of, bound{row: row, argv: []string{php, filepath.Join(b.work, s.name+".php")}, post: s.reply == "socket"})
	}
	return of
}

// phpRows are the servers.
func (b *bench) phpRows(urocket binary) (rows []contender) {
	program, err := filepath.Abs(urocket.path)
	add := func(s phpScript, name, group, note string, gone error, start func(*site) (string, error), after func(*site, int64, int64) error) {
		row := measure.Row{Name: name + ": " + s.name, Group: group, Limit: s.limit(), Note: note}
		if gone != nil {
			row.Gone = gone.Error()
		}
		rows = append(rows, contender{row: row, ways: []way{{start: start}}, after: after})
	}
	for _, s := range phpScripts {
		for _, d := range b.phpDrivers() {
			if cmd := d.command(filepath.Join(b.work, s.name+".php")); err == nil {
				add(s, urocket.name+" "+d.name, "urocket", d.note, d.gone, startPHP(program, s.reply, cmd, d.driver), accounted)
			}
		}
		if s.worker != "" {
			add(s, urocket.name+" worker", "urocket", "a pool of processes, the script's work as a handler", nil, startWorkers(program, filepath.Join(b.work, s.worker)), accounted)
		}
		if s.web {
			script := filepath.Join(b.work, s.name+".php")
			fpm, err := versioned("/usr/sbin/php-fpm*")
			nginx, nerr := lookup("nginx", "")
			add(s, "nginx + php-fpm", "peer", "a pool of processes", errors.Join(err, nerr), startFPM(nginx, fpm, script), nil)
			cgi, err := versioned("/usr/bin/php-cgi*")
			wrap, werr := lookup("fcgiwrap", "")
			add(s, "nginx + fcgiwrap + php-cgi", "peer", "a process per request", errors.Join(err, werr, nerr), startPHPCGI(nginx, wrap, cgi, script), nil)
		}
	}
	return rows
}

// A phpDriver is a way of urocket to come to a process.
type phpDriver struct {
	name, driver, note string
	options            string // of php
	gone               error
}

func (d phpDriver) command(script string) string {
	return strings.Join(strings.Fields("php "+d.options+" "+script), " ")
}

func (b *bench) phpDrivers() []phpDriver {
	fast := phpDriver{name: "fork + extension", driver: "fork", note: "with contrib/fastexit, which leaves out PHP's own shutdown"}
	if b.fastexit == "" {
		fast.gone = errors.New("the extension is not built (make -C contrib/fastexit; it takes php-dev)")
	} else {
		fast.options = "-d extension=" + b.fastexit
	}
	return []phpDriver{
		{name: "spawn", driver: "spawn", note: "a new php for each request"},
		{name: "spare", driver: "fork", options: "-d ffi.enable=0", note: "a php started ahead for each request"},
		{name: "fork", driver: "fork", note: "forked from a warm php"},
		fast,
	}
}

func startPHP(program, reply, cmd, driver string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		return startConfigured(s, program, fmt.Sprintf(service, s.addr(), s.file("sock"), "auto", reply, cmd+"\n        driver: "+driver+"\n        timeout: 10s"))
	}
}

// workers is a configuration whose calls are had by workers.
const workers = `servicename: bench
listen: %s
socketpath: %s
openapi: openapi.yaml
paths:
  /call:
    post:
      inject:
        cmd: php %s
        driver: worker
        timeout: 10s
        worker: {min: %d, max: %[4]d}
`

func startWorkers(program, script string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		return startConfigured(s, program, fmt.Sprintf(workers, s.addr(), s.file("sock"), script, pool))
	}
}

func startConfigured(s *site, program, conf string) (string, error) {
	if err := errors.Join(s.write("openapi.yaml", document), s.write("urocket-service.yaml", conf)); err != nil {
		return "", err
	}
	return "http://" + s.addr() + "/call", s.start(program, "run", "-c", "urocket-service.yaml")
}

func startFPM(nginx, fpm, script string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		conf := fmt.Sprintf("[global]\nerror_log = %s\ndaemonize = no\n[www]\nuser = root\nlisten = %s\npm = static\npm.max_children = %d\n", s.file("fpm.log"), s.file("sock"), pool)
		err := errors.Join(s.write("fpm.conf", conf), writeNginx(s, script), s.start(fpm, "-R", "-F", "-y", s.file("fpm.conf")))
		return "http://" + s.addr() + "/", errors.Join(err, s.start(nginx, "-p", s.dir, "-c", "nginx.conf", "-e", s.file("error.log")))
	}
}

func startPHPCGI(nginx, wrap, cgi, script string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		// fcgiwrap starts what SCRIPT_FILENAME names.
		text, err := os.ReadFile(script)
		if err != nil {
			return "", err
		}
		own := strings.TrimSuffix(script, ".php") + ".cgi"
		if err := os.WriteFile(own, append([]byte("#!"+cgi+"\n"), text...), 0o755); err != nil {
			return "", err
		}
		err = errors.Join(writeNginx(s, own), s.start(wrap, "-c", fmt.Sprint(pool), "-s", "unix:"+s.file("sock")))
		return "http://" + s.addr() + "/", errors.Join(err, s.start(nginx, "-p", s.dir, "-c", "nginx.conf", "-e", s.file("error.log")))
	}
}

// versioned finds a program that has its version in its name.
func versioned(pattern string) (string, error) {
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s is not installed", pattern)
	}
	return found[len(found)-1], nil
}
