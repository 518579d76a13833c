package config

import (
	"runtime"
	"testing"
	"time"
)

// workerFile has operations of workers, with all keys and with none, below defaults that
// mean nothing for them.
const workerFile = `servicename: shop
listen: 127.0.0.1:8080
socketpath: DIR/u.sock
openapi: api.json
defaults: {reply: cgi, onexit: report, replyfrom: process, channel: stdin, options: allow, worker: {max: 3, boottimeout: 7s}}
paths:
  /all:
    get:
      running: 2
      queued: 3
      stats: true
      inject:
        cmd: [/bin/cat]
        driver: worker
        encoding: raw
        user: root
        worker: {min: 2, max: 4, maxrequests: 500, maxage: 1h, maxmemory: 128MiB, boottimeout: 3s}
  /none:
    post: {inject: {cmd: /bin/cat, driver: worker, worker: {}}}
  /inherited:
    put: {inject: {cmd: /bin/cat, driver: worker}}
  /more:
    get: {inject: {cmd: /bin/cat, driver: worker, worker: {min: 100}}}
  /spawned:
    get: {reply: stdout, inject: {cmd: "/bin/echo {{method}}"}}
`

func TestWorkers(t *testing.T) {
	s := mustLoad(t, workerFile)
	want := []Worker{
		{Min: 2, Max: 4, MaxRequests: 500, MaxAge: time.Hour, MaxMemory: 128 << 20, BootTimeout: 3 * time.Second},
		{Min: 1, Max: max(1, runtime.NumCPU()), BootTimeout: 5 * time.Second},
		{Min: 1, Max: 3, BootTimeout: 7 * time.Second},
		{Min: 100, Max: 100, BootTimeout: 5 * time.Second},
	}
	for i, w := range want {
		o := s.Operations[i]
		if o.Worker == nil || *o.Worker != w {
			t.Errorf("%s: %+v, want %+v", o.Path, o.Worker, w)
			continue
		}
		if o.Reply != ReplySocket || o.OnExit != ExitFail || o.ReplyFrom != FromAnyone || o.Channel != ChannelCmdline {
			t.Errorf("%s has a default that means nothing for it: %+v", o.Path, o)
		}
		if running := map[string]int{"/all": 2}[o.Path]; *o.Running != running && *o.Running != w.Max {
			t.Errorf("%s: running %d", o.Path, *o.Running)
		}
	}
	if spawned := s.Operations[4]; spawned.Worker != nil || spawned.Running != nil {
		t.Errorf("a spawned operation has %+v, running %v", spawned.Worker, spawned.Running)
	}
	if len(s.Warnings()) > 0 {
		t.Errorf("warnings: %v", s.Warnings())
	}
	if diff := differ(s, rewrite(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestSameWorkers(t *testing.T) {
	load := func(inject, more string) *Operation {
		return mustLoad(t, "servicename: shop\nsocketpath: DIR/u.sock\nopenapi: api.json\npaths:\n  /x:\n    get: {inject: {wd: /, cmd: /bin/cat, driver: worker"+inject+"}"+more+"}\n").Operations[0]
	}
	base := load("", "")
	for inject, same := range map[string]bool{
		"": true, ", timeout: 3s": true, ", encoding: raw": true,
		", worker: {max: 77}": false, `, env: ["A=b"]`: false, ", passenv: [X]": false, ", umask: '0077'": false, ", grace: 7s": false,
		", tmpdir: own": false, ", user: root": false,
	} {
		if got := load(inject, "").SameWorkers(base); got != same {
			t.Errorf("with %q: %v", inject, got)
		}
	}
	for more, same := range map[string]bool{", stats: true": true, ", running: 1": true, ", logstdout: true": false, ", limits: {nofile: 99}": false} {
		if got := load("", more).SameWorkers(base); got != same {
			t.Errorf("with %q: %v", more, got)
		}
	}
}
