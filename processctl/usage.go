package processctl

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"github.com/urocket/urocket/processctl/warm"
)

// tick is the unit of times in /proc/PID/stat: USER_HZ is 100 on every Linux
// that Go runs on (time(7)).
const tick = time.Second / 100

// peakRSS reads VmHWM of a living process in bytes; 0 when it has ended.
func peakRSS(pid int) int64 {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0
	}
	status, err := proc.NewStatus()
	if err != nil {
		return 0
	}
	return int64(status.VmHWM)
}

// residentSize reads the resident set of a living process in bytes; 0 when it has ended.
func residentSize(pid int) int64 {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0
	}
	stat, err := proc.Stat()
	if err != nil {
		return 0
	}
	return int64(stat.ResidentMemory())
}

// rssSlack is how far the kernel's resident set counters may be off: they are
// summed up from batches per processor.
const rssSlack = 4 << 20

// ownPeak is the last peak of this program that was read, in bytes. It only grows.
var ownPeak atomic.Int64

// honestMaxRSS judges ru_maxrss of a reaped child. At exec the kernel carries
// the peak of the program that forked over into the child's, so only a figure
// above our own peak is the child's; any other gives 0.
func honestMaxRSS(ru *syscall.Rusage) int64 {
	rss := ru.Maxrss << 10 // KiB
	if rss <= ownPeak.Load()+rssSlack {
		return 0
	}
	own := peakRSS(os.Getpid())
	if own == 0 { // cannot be read now, for want of a descriptor perhaps
		return 0
	}
	ownPeak.Store(own)
	if rss <= own+rssSlack {
		return 0
	}
	return rss
}

// maxRSS is the peak of the process itself in bytes, 0 if it is not known. One that was
// forked and has executed nothing has no other in its figure.
func (p *Process) maxRSS(ru *syscall.Rusage) int64 {
	if p.driver == string(warm.Fork) {
		return ru.Maxrss << 10
	}
	return honestMaxRSS(ru)
}

// cpuTimes reads user and system time of a living process.
func cpuTimes(pid int) (user, system time.Duration) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0, 0
	}
	stat, err := proc.Stat()
	if err != nil {
		return 0, 0
	}
	return time.Duration(stat.UTime) * tick, time.Duration(stat.STime) * tick
}
