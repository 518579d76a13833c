package backserv

import "github.com/urocket/urocket/processctl/worker"

// Pool is the workers of an operation as /urprocs shows them. Times are milliseconds.
type Pool struct {
	Path     string           `json:"path"`
	Method   string           `json:"method"`
	Min      int              `json:"min"`
	Max      int              `json:"max"`
	Alive    int              `json:"alive"`
	Busy     int              `json:"busy"`
	Booting  int              `json:"booting"`
	Ending   int              `json:"ending"`
	Failing  *string          `json:"failing"` // why no worker can be started
	Queued   int              `json:"queued"`  // callers who wait for a place, or with one for a worker
	Requests map[string]int64 `json:"requests"`
	Ends     map[string]int64 `json:"ends"`
	Executed executed         `json:"executed"`
}

// executed is how long requests took that were answered, failed or ran into their timeout.
type executed struct {
	Count   int64   `json:"count"`
	TotalMS float64 `json:"total_ms"`
	MeanMS  float64 `json:"mean_ms"`
	Under   []under `json:"under"`
}

// under counts those that took no longer than so long and longer than the one before.
type under struct {
	MS    *int64 `json:"ms"` // null: however long
	Count int64  `json:"count"`
}

// NewPool is how a pool is shown; waiting are the callers who have no place yet.
func NewPool(path, method string, waiting int, s worker.Stats) Pool {
	p := Pool{
		Path: path, Method: method, Min: s.Min, Max: s.Max, Alive: s.Alive, Busy: s.Busy, Booting: s.Booting, Ending: s.Ending,
		Queued: waiting + s.Waiting, Requests: map[string]int64{}, Ends: map[string]int64{},
		Executed: executed{Count: s.Executed, TotalMS: float64(s.Time.Microseconds()) / 1000},
	}
	if s.Failing != nil {
		p.Failing = orNull(s.Failing.Error())
	}
	for outcome, n := range s.Outcomes {
		p.Requests[outcome.String()] = n
	}
	for reason, n := range s.Ends {
		p.Ends[reason.String()] = n
	}
	if s.Executed > 0 {
		p.Executed.MeanMS = p.Executed.TotalMS / float64(s.Executed)
	}
	for i, n := range s.Under {
		u := under{Count: n}
		if i < len(worker.Bounds) {
			ms := worker.Bounds[i].Milliseconds()
			u.MS = &ms
		}
		p.Executed.Under = append(p.Executed.Under, u)
	}
	return p
}
