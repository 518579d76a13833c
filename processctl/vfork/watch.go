package vfork

import "sync/atomic"

// watcher is told of the threads that wait for a program.
type watcher struct{ starting, started func() }

var watching atomic.Pointer[watcher]

// Watch has starting called before a thread of this program is to wait until another
// program was executed, and started when it has waited, whatever has come of it. Both are
// called from any goroutine, and each start waits for them. It is to be called before the
// first start.
func Watch(starting, started func()) { watching.Store(&watcher{starting, started}) }

// Waiting tells who watches that the caller is about to start a program by itself
// ([syscall.ForkExec]), as [Start] does, or to have another process do so; over is to be
// called when it has.
func Waiting() (over func()) {
	w := watching.Load()
	if w == nil {
		return func() {}
	}
	w.starting()
	return w.started
}
