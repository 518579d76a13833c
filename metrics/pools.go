package metrics

import "github.com/prometheus/client_golang/prometheus"

// Pool is the processes that a driver keeps for one operation: as they are now, and
// what has become of others and of their requests. There is one for each operation
// at most. The words are the driver's own, few, and always the same; each is there
// from the start. Where a reload has replaced the pool, its counts begin at zero.
type Pool struct {
	Path, Method string
	Driver       string // worker, fork

	States  map[string]int // how many processes are booting, idle, busy, ending
	Max     int            // processes; -1: any number
	Failing bool           // none can be started

	Ended    map[string]int64 // processes, by why
	Requests map[string]int64 // by what became of them
}

// pools are a [prometheus.Collector].
type pools struct {
	ask func() []Pool

	processes, most, failing, ended, requests described
}

func newPools(ask func() []Pool) *pools {
	of := func(more ...string) []string { return append([]string{"path", "method", "driver"}, more...) }
	return &pools{
		ask:       ask,
		processes: gauge("pool_processes", "Processes that a driver keeps for an operation, by what they do.", of("state")...),
		most:      gauge("pool_processes_max", "Processes that a driver may keep for an operation.", of()...),
		failing:   gauge("pool_failing", "1 while no process can be started for the operation, and callers are refused for it; else 0.", of()...),
		ended:     counter("pool_processes_ended_total", "Processes of a driver that have ended, by why.", of("reason")...),
		requests:  counter("pool_requests_total", "Requests to the processes of a driver, by what became of them.", of("outcome")...),
	}
}

// Describe implements [prometheus.Collector].
func (p *pools) Describe(to chan<- *prometheus.Desc) {
	describe(to, p.processes, p.most, p.failing, p.ended, p.requests)
}

// Collect implements [prometheus.Collector].
func (p *pools) Collect(to chan<- prometheus.Metric) {
	for _, pool := range p.ask() {
		of := func(more ...string) []string { return append([]string{pool.Path, pool.Method, pool.Driver}, more...) }
		for state, n := range pool.States {
			p.processes.send(to, float64(n), of(state)...)
		}
		p.most.sendKnown(to, int64(pool.Max), of()...)
		p.failing.send(to, float64(oneIf(pool.Failing)), of()...)
		for reason, n := range pool.Ended {
			p.ended.send(to, float64(n), of(reason)...)
		}
		for outcome, n := range pool.Requests {
			p.requests.send(to, float64(n), of(outcome)...)
		}
	}
}
