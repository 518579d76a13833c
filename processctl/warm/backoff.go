package warm

import "time"

// How long is waited before PHP that has died is started again.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = time.Minute
	steady    = 10 * time.Second // what failed so long after the last wait was over begins anew
)

// Backoff makes each try wait longer than the last. The zero value is ready.
type Backoff struct {
	wait  time.Duration
	until time.Time
}

// Next is how long to wait after a failure.
func (b *Backoff) Next() time.Duration {
	now := time.Now()
	if b.wait == 0 || now.Sub(b.until) > steady {
		b.wait = firstWait
	} else {
		b.wait = min(2*b.wait, lastWait)
	}
	b.until = now.Add(b.wait)
	return b.wait
}
