package e2e

import (
	"testing"
)

// working are operations that have their processes by another driver than spawn, with
// their scripts.
func working(t *testing.T) (ops, map[string]string) {
	t.Helper()
	return ops{
		"get /work":   {"cmd": []string{"php", "@DIR@/work.php"}, "driver": "worker", "worker": keys{"min": 1, "max": 2}, "timeout": "10s"},
		"get /warm":   {"cmd": []string{"php", "@DIR@/warm.php"}, "driver": "fork", "reply": "stdout"},
		"get /spawns": says("hello"),
	}, map[string]string{
		"worker.php": string(readFile("../scripts/php/worker.php")),
		"work.php": `<?php require __DIR__ . '/worker.php';
				Urocket\serve(function (Urocket\Request $r) { if ($r->param('t') === 'die') exit(1); return ['hello' => $r->param('t')]; });`,
		"warm.php": `<?php echo "hello\n";`,
	}
}

// Workers are told as they are now and by what became of them; calls, by how their
// process came to be.
func TestMetricsOfDrivers(t *testing.T) {
	t.Parallel()
	operations, files := working(t)
	g := start(t, setup{ops: operations, files: files})
	pool := func(name string, more ...string) string {
		return series(name, labelsOf("GET /work", append(more, "driver=worker")...)...)
	}
	g.awaitMetrics(t, exposed{
		pool("urocket_pool_processes", "state=idle"): 1, pool("urocket_pool_processes", "state=busy"): 0,
		pool("urocket_pool_processes_max"): 2, pool("urocket_pool_failing"): 0, pool("urocket_pool_requests_total", "outcome=answered"): 0,
	})
	for range 3 {
		g.get(t, "/work?t=x").want(t, 200)
		g.get(t, "/spawns").want(t, 200, "hello\n")
	}
	g.get(t, "/warm").want(t, 200, "hello\n")
	g.get(t, "/work?t=die").wantProblem(t, 502, "no-answer")
	g.awaitMetrics(t, exposed{
		calls("GET /work", "200", "reply"): 3, calls("GET /work", "502", "exit"): 1,
		series("urocket_processes_total", labelsOf("GET /work", "driver=worker")...):  4,
		series("urocket_processes_total", labelsOf("GET /spawns", "driver=spawn")...): 3,
		series("urocket_processes_total", labelsOf("GET /work", "driver=spawn")...):   0,
		pool("urocket_pool_requests_total", "outcome=answered"):                       3,
		pool("urocket_pool_requests_total", "outcome=crash"):                          1,
		pool("urocket_pool_processes_ended_total", "reason=crash"):                    1,
		pool("urocket_pool_processes", "state=idle"):                                  1, // another one has taken its place
	})
	e := g.metrics(t)
	warm := func(driver string) float64 {
		return e[series("urocket_processes_total", labelsOf("GET /warm", "driver="+driver)...)]
	}
	fell := e[series("urocket_fallbacks_total", labelsOf("GET /warm")...)]
	if warm("fork") == 1 && fell == 0 || warm("spawn")+warm("spare") == 1 && fell == 1 {
		return
	}
	t.Errorf("%v came by fork, %v by spare, %v by spawn; %v in another way than was wanted", warm("fork"), warm("spare"), warm("spawn"), fell)
}
