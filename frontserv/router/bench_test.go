package router

import (
	"fmt"
	"testing"
)

func BenchmarkMatch(b *testing.B) {
	var templates []string
	for i := range 300 {
		base := fmt.Sprintf("/orgs/{org}/things%d", i)
		templates = append(templates, base, base+"/{thing_id}", base+"/latest/file.{ext}")
	}
	r := build(b, append(templates, "/rate/limit")...)
	for _, path := range []string{"/rate/limit", "/orgs/acme/things42/7", "/orgs/acme/things42/latest/file.json", "/orgs/a%20b/things42/7", "/no/such/path"} {
		b.Run(path[1:5]+path[len(path)-4:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m, ok := r.Match(path); ok {
					m.Verb("GET")
				}
			}
		})
	}
}

func TestStaticPathsAllocateNothing(t *testing.T) {
	r := build(t, "/pets/mine", "/pets/{id}")
	n := testing.AllocsPerRun(100, func() {
		m, _ := r.Match("/pets/mine")
		m.Verb("GET")
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
