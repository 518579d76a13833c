package metrics

import (
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/visor"
)

// summary is one of an ordinary call.
func summary(end visor.End) *visor.Summary {
	user, system, cpu, memory := 3*time.Millisecond, time.Millisecond, 5*time.Millisecond, int64(9<<20)
	return &visor.Summary{End: end, Driver: "spawn", Stats: visor.Stats{
		Wall: 12 * time.Millisecond, Queue: 20 * time.Microsecond, Spawn: 600 * time.Microsecond,
		UTime: &user, STime: &system, CPU: &cpu, Memory: &memory,
	}}
}

// manyOperations is a document of a hundred.
func manyOperations() (list []visor.Operation) {
	for i := range 100 {
		list = append(list, visor.Operation{Path: "/pets/{petId}/" + strconv.Itoa(i), Method: "GET", Running: visor.NoLimit, Queued: visor.NoLimit})
	}
	return list
}

// cpuUsed is the processor time of this process, which does not depend on what else
// the machine is doing.
func cpuUsed(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCall is all that a call costs here: itself, and its reply on the socket.
// Run it with -cpu 1 for what it takes, and with more for who waits for whom.
func BenchmarkCall(b *testing.B) {
	operations := manyOperations()
	s := New(Options{Service: "bench"})
	s.Adopt(operations)
	call := Call{Operation: &operations[42], Status: 200, Answered: 13 * time.Millisecond, Summary: summary(visor.EndReply)}
	refused := Call{Operation: &operations[42], Status: 429, Problem: "busy"}
	for name, count := range map[string]func(i int64){
		"one operation": func(int64) { s.Count(call); s.CountReply(200) },
		"many operations": func(i int64) {
			c := call
			c.Operation = &operations[i%int64(len(operations))]
			s.Count(c)
			s.CountReply(200)
		},
		"refused": func(int64) { s.Count(refused) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var next atomic.Int64
			before := cpuUsed(b)
			b.RunParallel(func(pb *testing.PB) {
				for i := next.Add(7); pb.Next(); i++ {
					count(i)
				}
			})
			b.ReportMetric(float64(cpuUsed(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkScrape is what Prometheus costs when it comes, with a hundred operations.
func BenchmarkScrape(b *testing.B) {
	s := New(Options{Service: "bench"})
	s.Adopt(manyOperations())
	h := s.Handler()
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkAdopt is what a hundred operations cost at the start; its B/op is about
// what they hold from then on.
func BenchmarkAdopt(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(Options{Service: "bench"}).Adopt(manyOperations())
	}
}
