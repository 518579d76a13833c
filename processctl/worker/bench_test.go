package worker

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
)

// BenchmarkRequest is what a request costs, PHP's part of it included, with as many
// workers as there are callers.
func BenchmarkRequest(b *testing.B) {
	c, err := processctl.New(processctl.Options{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(context.Background())
	script := filepath.Join(b.TempDir(), "hello.php")
	helper, err := filepath.Abs("../../scripts/php/worker.php")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(script, []byte("<?php require '"+helper+"'; Urocket\\serve(fn ($r) => 'hello');"), 0o600); err != nil {
		b.Fatal(err)
	}
	g := New(Options{
		Start: c.Start, Min: 2, Max: 2, BootTimeout: patience, Notify: func(Event) {},
		Spec: func() processctl.Spec {
			return processctl.Spec{Path: "/usr/bin/php", Argv: []string{"php", script}, Dir: "/", Tail: 4096, Env: []string{"UROCKET_WORKER=3"}}
		},
	})
	defer g.Close(context.Background())
	if err := g.Await(context.Background()); err != nil {
		b.Fatal(err)
	}
	head := Head{ID: "id", Method: "GET", Path: "/mine", Query: "x=y", Headers: []Named[[]string]{{"host", []string{"x"}}, {"accept", []string{"*/*"}}}, Env: []Named[string]{{"REQUEST_ID", "id"}, {"URIPATH", "/mine"}}}
	b.SetParallelism(1)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			lease, err := g.Acquire(context.Background(), patience)
			if err != nil {
				b.Error(err)
				return
			}
			r, err := NewRequest(head, spool.FromBytes(nil), time.Minute)
			if err != nil {
				b.Error(err)
				return
			}
			r.MaxAnswer = 1 << 20
			done := make(chan struct{})
			_, _ = lease.Begin(r, Events{Answered: func(*Answer, error) {}, Exited: func(processctl.Result) {}, TimedOut: func() {}, Ended: func(processctl.Result) { close(done) }})
			<-done
		}
	})
	b.StopTimer()
	var php time.Duration
	g.mu.Lock()
	for w := range g.all {
		php += w.proc.Times().Group.CPU
	}
	g.mu.Unlock()
	b.ReportMetric(float64(php.Nanoseconds())/float64(b.N), "php-ns/op")
}
