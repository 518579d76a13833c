package escape

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// injectKeys and limitKeys are the keys that stand below an operation.
var (
	injectKeys = strings.Fields("wd env passenv cmd channel encoding timeout grace tmpdir user group umask script options driver worker")
	limitKeys  = strings.Fields("memory swap pids cpus cpuweight iomax ioweight nofile fsize core mode")
)

// Nested puts the flat keys of an operation where they stand in the file: beside each
// other, under inject and under limits.
func Nested(flat Keys) (op, inject, limits Keys) {
	op, inject, limits = Keys{}, Keys{}, Keys{}
	for k, v := range flat {
		switch {
		case slices.Contains(injectKeys, k):
			inject[k] = v
		case slices.Contains(limitKeys, k):
			limits[k] = v
		default:
			op[k] = v
		}
	}
	return op, inject, limits
}

// write makes the configuration of rows, and their scripts. Limits are meant as
// best effort where they cannot hold, so that one configuration has them all;
// strict, which is to be refused, means them as they are.
func (p *place) write(t *testing.T, rows []Row, strict bool) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(p.Dir, "lib.php"), []byte(library), 0o644))
	paths := Keys{}
	for _, row := range rows {
		must(t, os.MkdirAll(p.here(row.Slug), 0o755))
		must(t, os.Chmod(p.here(row.Slug), 0o777))
		for _, times := range tries {
			paths[row.path(times)] = Keys{"get": p.operation(t, row.Slug, "main", row.Operation, times, strict)}
		}
		for name, op := range row.Also {
			paths[row.path(once)+"/"+name] = Keys{"get": p.operation(t, row.Slug, name, op, once, strict)}
		}
	}
	conf := Keys{
		"servicename": p.Service, "listen": p.Address, "socketpath": p.Socket, "socketmode": "0666", "openapi": "api.json",
		"running": 200, "queuewait": "10m", "maxbody": "1MiB", "drain": "1s", "paths": paths,
		"defaults": Keys{"timeout": "5m", "grace": "300ms"},
	}
	if p.level == None {
		conf["cgroup"] = "off"
	}
	save(t, filepath.Join(p.Dir, "api.json"), Keys{"openapi": "3.0.3", "info": Keys{"title": "x", "version": "1"}, "paths": Keys{}})
	save(t, p.File, conf)
}

func save(t *testing.T, file string, v any) {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	must(t, err)
	must(t, os.WriteFile(file, text, 0o644))
}

// tries are how many times the timeout of a row's main operation is the shortest
// one: each is an operation of its own, for a machine that has too much to do for the
// script to come as far as it should (see [Attempt.begun]).
var tries = []int{once, middle, longest}

const once, middle, longest = 1, 3, 25

// path is where the main operation is called.
func (r Row) path(times int) string {
	if times == once {
		return "/" + r.Slug
	}
	return "/" + r.Slug + "/" + strconv.Itoa(times)
}

// operation writes an operation's script and returns its keys in their places.
func (p *place) operation(t *testing.T, slug, name string, o Operation, times int, strict bool) Keys {
	t.Helper()
	file := filepath.Join(p.here(slug), name+".php")
	must(t, os.WriteFile(file, []byte(p.expand(slug, "<?php require '@DIR@/lib.php';\n"+o.Script)), 0o644))
	flat, err := json.Marshal(o.Keys)
	must(t, err)
	var given Keys
	must(t, json.Unmarshal([]byte(strings.ReplaceAll(p.expand(slug, string(flat)), "@SHORT@", (time.Duration(times)*p.host.Short).String())), &given))

	whole := Keys{
		"reply": "stdout", "cmd": []string{"php", "-n", "-d", "display_errors=0", file}, "wd": p.here(slug), "env": []string{"ABOUT={{query.about}}"},
	}
	maps.Copy(whole, given)
	op, inject, limits := Nested(whole)
	if p.level != Full && !strict {
		limits["mode"] = "besteffort"
	}
	if p.level == None && !strict {
		delete(op, "replyfrom")
	}
	op["inject"], op["limits"] = inject, limits
	return op
}
