package metrics

import "github.com/prometheus/client_golang/prometheus"

// Pool is the processes that a driver keeps for one operation, as they are now, and
// what has become of others since urocket was started. The numbers of an operation
// that a reload has taken out must go on or end, but never fall.
type Pool struct {
	Path, Method string
	Driver       string // worker, fork

	Starting, Idle, Busy int
	Max                  int // -1: any number

	Started uint64            // processes
	Ended   map[string]uint64 // processes, by why: a few words of the driver's
}

// pools are a [prometheus.Collector].
type pools struct {
	ask func() []Pool

	processes, most, started, ended described
}

func newPools(ask func() []Pool) *pools {
	of := []string{"path", "method", "driver"}
	return &pools{
		ask:       ask,
		processes: gauge("pool_processes", "Processes that a driver keeps for an operation: starting, idle or busy.", append(of[:3:3], "state")...),
		most:      gauge("pool_processes_max", "Processes that a driver may keep for an operation.", of...),
		started:   counter("pool_processes_started_total", "Processes that a driver has started for an operation.", of...),
		ended:     counter("pool_processes_ended_total", "Processes of a driver that have ended, by why.", append(of[:3:3], "reason")...),
	}
}

// Describe implements [prometheus.Collector].
func (p *pools) Describe(to chan<- *prometheus.Desc) {
	describe(to, p.processes, p.most, p.started, p.ended)
}

// Collect implements [prometheus.Collector].
func (p *pools) Collect(to chan<- prometheus.Metric) {
	for _, pool := range p.ask() {
		of := []string{pool.Path, pool.Method, pool.Driver}
		for state, n := range map[string]int{"starting": pool.Starting, "idle": pool.Idle, "busy": pool.Busy} {
			p.processes.send(to, float64(n), append(of[:3:3], state)...)
		}
		p.most.sendKnown(to, int64(pool.Max), of...)
		p.started.send(to, float64(pool.Started), of...)
		for reason, n := range pool.Ended {
			p.ended.send(to, float64(n), append(of[:3:3], reason)...)
		}
	}
}
