package escape

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// injectKeys and limitKeys are the keys that stand below an operation.
var (
	injectKeys = strings.Fields("env grace timeout tmpdir user group umask")
	limitKeys  = strings.Fields("memory swap pids cpus iomax nofile fsize core mode")
)

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
		paths["/"+row.Slug] = Keys{"get": p.operation(t, row.Slug, "main", row.Operation, strict)}
		for name, op := range row.Also {
			paths["/"+row.Slug+"/"+name] = Keys{"get": p.operation(t, row.Slug, name, op, strict)}
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

// operation writes an operation's script and returns its keys in their places.
func (p *place) operation(t *testing.T, slug, name string, o Operation, strict bool) Keys {
	t.Helper()
	file := filepath.Join(p.here(slug), name+".php")
	must(t, os.WriteFile(file, []byte(p.expand(slug, "<?php require '@DIR@/lib.php';\n"+o.Script)), 0o644))
	flat, err := json.Marshal(o.Keys)
	must(t, err)
	var given Keys
	must(t, json.Unmarshal([]byte(p.expand(slug, string(flat))), &given))

	op, limits := Keys{"reply": "stdout"}, Keys{}
	inject := Keys{"cmd": []string{"php", file}, "wd": p.here(slug), "env": []string{"ABOUT={{query.about}}"}}
	for k, v := range given {
		switch {
		case slices.Contains(injectKeys, k):
			inject[k] = v
		case slices.Contains(limitKeys, k):
			limits[k] = v
		default:
			op[k] = v
		}
	}
	if p.level != Full && !strict {
		limits["mode"] = "besteffort"
	}
	if p.level == None && !strict {
		delete(op, "replyfrom")
	}
	op["inject"], op["limits"] = inject, limits
	return op
}
