package vm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tasks are what the test binary does as a script, named by VM_TASK.
var tasks = map[string]func(){
	"memory": func() { // touches 64 MiB
		b := make([]byte, 64<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		fmt.Print("survived")
	},
	"cpu": func() { // burns until it is told to stop
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		}
	},
}

// gateway is a running urocket.
type gateway struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	sock string
	log  *os.File
	http *http.Client

	crashed bool // killed by the test; nothing is expected of it
}

// operation is an entry of the map: JSON is YAML too.
type operation map[string]any

// write makes a configuration with the operations, by path; all are GET.
func write(t *testing.T, top map[string]any, ops map[string]operation) string {
	t.Helper()
	dir := t.TempDir()
	paths, doc := map[string]any{}, map[string]any{}
	for path, op := range ops {
		paths[path] = map[string]any{"get": op}
		doc[path] = map[string]any{"get": map[string]any{"responses": map[string]any{"200": map[string]any{"description": "x"}}}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	conf := map[string]any{
		"servicename": "vm", "listen": address, "socketpath": filepath.Join(dir, "u.sock"), "openapi": "api.json", "paths": paths,
		"defaults": map[string]any{"stats": true, "timeout": "60s", "grace": "1s"},
	}
	for k, v := range top {
		conf[k] = v
	}
	save(t, filepath.Join(dir, "api.json"), map[string]any{"openapi": "3.0.3", "info": map[string]any{"title": "t", "version": "1"}, "paths": doc})
	file := filepath.Join(dir, "service.yaml")
	save(t, file, conf)
	return file
}

func save(t *testing.T, file string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// start runs urocket and waits until it serves. At the end of the test it must
// stop cleanly and leave no group and no process.
func start(t *testing.T, file string, wrap ...string) *gateway {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var conf struct{ Listen, Socketpath string }
	if err := json.Unmarshal(text, &conf); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(filepath.Dir(file), "log"))
	if err != nil {
		t.Fatal(err)
	}
	argv := append(wrap, "/t/urocket", "run", "-c", file)
	g := &gateway{t: t, cmd: exec.Command(argv[0], argv[1:]...), url: "http://" + conf.Listen, sock: conf.Socketpath, log: log}
	g.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	g.cmd.Stdout, g.cmd.Stderr = log, log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.stop)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", conf.Listen); err == nil {
			c.Close()
			return g
		}
		if time.Now().After(deadline) {
			t.Fatalf("urocket does not serve: %s", g.logText())
		}
	}
}

func (g *gateway) logText() string {
	text, _ := os.ReadFile(g.log.Name())
	return string(text)
}

func (g *gateway) stop() {
	if g.crashed {
		return
	}
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	if err := g.cmd.Wait(); err != nil {
		g.t.Errorf("urocket ended with %v: %s", err, g.logText())
	}
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, _ os.DirEntry, _ error) error {
		if strings.Contains(path, "urocket-vm.") {
			g.t.Errorf("left: %s", path)
			return filepath.SkipDir
		}
		return nil
	})
	if strings.Contains(g.logText(), "panic:") {
		g.t.Error(g.logText())
	}
}

// answer is what a caller gets.
type answer struct {
	status int
	body   string
	stats  string
}

func (g *gateway) get(path string) answer {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", g.url+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	res, err := g.http.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	stats := res.Header.Get("Urocket-Stats")
	if stats == "" {
		stats = res.Trailer.Get("Urocket-Stats")
	}
	return answer{res.StatusCode, string(body), stats}
}

// figure reads one number of the stats; -1: not there.
func (a answer) figure(name string) float64 {
	for _, part := range strings.Split(a.stats, ", ") {
		var f float64
		if n, _ := fmt.Sscanf(part, name+"=%g", &f); n == 1 {
			return f
		}
	}
	return -1
}

// script is a command for the shell.
func script(text string, more operation) operation {
	op := operation{"reply": "report", "inject": map[string]any{"cmd": []string{"/bin/sh", "-c", text}}}
	for k, v := range more {
		op[k] = v
	}
	return op
}

// task is this binary as a script.
func task(name string, more operation) operation {
	op := operation{"reply": "report", "inject": map[string]any{"cmd": []string{"/t/vm.test"}, "env": []string{"VM_TASK=" + name}}}
	for k, v := range more {
		op[k] = v
	}
	return op
}
