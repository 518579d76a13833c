package e2e

import "testing"

// The caller of a worker that an operator ends gets what its death gives, and the place
// is free for the next.
func TestKillOfWorkersCall(t *testing.T) {
	t.Parallel()
	for signal, flags := range map[string][]string{"SIGTERM": nil, "SIGKILL": {"--now"}} {
		g := startOdd(t, keys{"min": 1, "max": 1}, keys{"timeout": "60s"}, nil)
		late := make(chan answer, 1)
		go func() {
			a, err := g.try(request{path: "/sleep?ms=60000"})
			if err != nil {
				a.broken = err
			}
			late <- a
		}()
		id := g.callOf(t, "/{what}")
		g.cli(t, append([]string{"kill", id}, flags...)...).want(t, 0, id)
		p := (<-late).wantProblem(t, 502, "no-answer")
		if p.Signal == nil || *p.Signal != signal {
			t.Errorf("%v: signal %v", flags, p.Signal)
		}
		g.awaitEnd(t, id, "exit")
		g.cli(t, "kill", id).want(t, 1, "410", "ended already (exit)")
		g.get(t, "/mine?x=next").want(t, 200, "next")
	}
}
