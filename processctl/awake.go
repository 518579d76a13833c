package processctl

import (
	"sync"
	"syscall"
	"time"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/shim"
)

// unbornTime is how long a child that somebody has stopped may hold up its shim
// before it is made to go on, and as long again before it is killed.
const unbornTime = time.Second

// vigil watches over a start by a shim.
type vigil struct {
	controller *Controller
	worker     *worker

	mu    sync.Mutex // held while it looks
	timer *time.Timer
	over  bool
	looks int
	held  []family.Member // stopped until the shim has told of them
}

// keepAwake has a shim go on until the function that it returns is called: a script
// may stop it before it could tell that the script was started, and again whenever it goes
// on; then the script is stopped itself, until the shim has told. So may a script stop
// the shim's child when that has become the script's user and has not executed its
// program: vfork(2) holds the shim until it does.
func (c *Controller) keepAwake(w *worker) (enough func()) {
	v := &vigil{controller: c, worker: w}
	v.mu.Lock()
	v.timer = time.AfterFunc(lastLook, v.look)
	v.mu.Unlock()
	return v.end
}

func (v *vigil) look() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return
	}
	v.looks++
	if v.looks*int(lastLook) >= int(unbornTime) {
		v.hold()
	}
	v.controller.reaper.signal(v.worker.pid, v.worker.exit, syscall.SIGCONT)
	if every := int(unbornTime / lastLook); v.looks%every == 0 {
		sig := syscall.SIGCONT
		if v.looks > every {
			sig = syscall.SIGKILL
		}
		for _, m := range unborn(v.worker.pid) {
			m.Signal(sig)
		}
	}
	v.timer.Reset(lastLook)
}

// hold stops what the shim has started, and has not told of.
func (v *vigil) hold() {
	for _, m := range family.Below(v.worker.pid) {
		if !m.Stopped && family.Name(m.PID) != shim.Name {
			m.Signal(syscall.SIGSTOP)
			v.held = append(v.held, m)
		}
	}
}

func (v *vigil) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = true
	v.timer.Stop()
	for _, m := range v.held {
		m.Signal(syscall.SIGCONT)
	}
}

// unborn lists the stopped children of a shim that have not executed a program:
// they still have its name.
func unborn(pid int) (list []family.Member) {
	for _, m := range family.Below(pid) {
		if m.Near && m.Stopped && family.Name(m.PID) == shim.Name {
			list = append(list, m)
		}
	}
	return list
}
