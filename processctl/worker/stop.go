package worker

import (
	"context"
	"time"
)

// killTime is how long workers that were killed are waited for.
const killTime = 5 * time.Second

// Retire lets the pool run dry: who is idle goes, who is busy goes when he has answered,
// and callers who come all the same are served by as many as it takes.
func (p *Pool) Retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
	if p.trim != nil {
		p.trim.Stop()
		p.trim = nil
	}
	p.settle()
	if p.waiting.Len() > 0 {
		return
	}
	for w := range p.all {
		if w.state == booting && w.proc != nil {
			w.link.stop()
		}
	}
}

// Empty says that the pool has no worker and nobody waits for one.
func (p *Pool) Empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all) == 0 && p.waiting.Len() == 0
}

// Close retires the pool and waits until nothing is left of it; when ctx is done, what
// is left is killed. Nobody may ask the pool for a worker any more.
func (p *Pool) Close(ctx context.Context) {
	p.Retire()
	over := make(chan struct{})
	go func() { p.workers.Wait(); close(over) }()
	select {
	case <-over:
	case <-ctx.Done():
		p.kill()
		select {
		case <-over:
		case <-time.After(killTime): // the kernel holds a process
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retry != nil {
		p.retry.Stop()
	}
}

// kill ends all workers at once, whatever they do.
func (p *Pool) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	for w := range p.all {
		if w.proc != nil {
			w.proc.Kill()
		}
	}
}
