package vm

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// keys are keys of the configuration.
type keys map[string]any

// write makes a configuration with operations, by path; all are GET. JSON is
// YAML too. Anybody may read it, and replace its socket.
func write(t *testing.T, top keys, ops map[string]keys) string {
	t.Helper()
	dir := folder(t)
	paths, doc := keys{}, keys{}
	for path, op := range ops {
		paths[path] = keys{"get": op}
		doc[path] = keys{"get": keys{"responses": keys{"200": keys{"description": "x"}}}}
	}
	conf := keys{
		"servicename": "vm", "listen": freeAddress(t), "socketpath": filepath.Join(dir, "u.sock"), "openapi": "api.json", "paths": paths,
		"defaults": keys{"stats": true, "timeout": "60s", "grace": "1s"},
	}
	maps.Copy(conf, top)
	save(t, filepath.Join(dir, "api.json"), keys{"openapi": "3.0.3", "info": keys{"title": "t", "version": "1"}, "paths": doc})
	file := filepath.Join(dir, "service.yaml")
	save(t, file, conf)
	return file
}

// folder makes a directory in which anybody may write.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "vm-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o777))
	return dir
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func save(t *testing.T, file string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	must(t, err)
	must(t, os.WriteFile(file, data, 0o644))
}

// beside puts a file into the folder of a configuration, which is the working
// directory of its scripts.
func beside(t *testing.T, file, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(filepath.Dir(file), name), []byte(text), 0o755))
}

// call is an operation that runs a command and answers with the report. Keys of
// inject stand under "inject", as in the file.
func call(cmd []string, more keys) keys {
	op := keys{"reply": "report"}
	maps.Copy(op, more)
	inject := keys{"cmd": cmd}
	if given, ok := op["inject"].(keys); ok {
		maps.Copy(inject, given)
	}
	op["inject"] = inject
	return op
}

// script is a command for the shell.
func script(text string, more keys) keys { return call([]string{"/bin/sh", "-c", text}, more) }

// task is this binary as a script.
func task(name string, more keys) keys { return call([]string{"/t/vm.test", name}, more) }

// limits are those of an operation.
func limits(l keys) keys { return keys{"limits": l} }
