package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A watch measures whose processor time passes.
type watch struct {
	g     *ground
	row   string
	begin reading
}

type reading struct {
	at           time.Time
	busy, stolen time.Duration // of the machine, all processors
	ours, row    time.Duration
}

// watch begins to look at a row.
func (g *ground) watch(row string) watch { return watch{g, row, g.read(row)} }

func (g *ground) read(row string) reading {
	busy, stolen := machineTime()
	return reading{time.Now(), busy, stolen, g.used(""), g.used(row)}
}

// end says how much processor time the row has used, and which share of all there
// was went to others or to the host: 0 to 1.
func (w watch) end() (row time.Duration, foreign float64) {
	now := w.g.read(w.row)
	all := now.at.Sub(w.begin.at) * time.Duration(runtime.NumCPU())
	others := now.stolen - w.begin.stolen
	if w.g.dir != "" {
		others += now.busy - w.begin.busy - (now.ours - w.begin.ours)
	}
	return now.row - w.begin.row, min(1, max(0, float64(others)/float64(all)))
}

// machineTime reads /proc/stat: user, nice, system, (idle, iowait,) irq, softirq, steal
// in ticks of 10 ms.
func machineTime() (busy, stolen time.Duration) {
	text, _ := os.ReadFile("/proc/stat")
	words := strings.Fields(field(string(text), "cpu "))
	for i, w := range words {
		n, _ := strconv.ParseInt(w, 10, 64)
		t := time.Duration(n) * 10 * time.Millisecond
		switch i {
		case 0, 1, 2, 5, 6:
			busy += t
		case 7:
			stolen += t
		}
	}
	return busy, stolen
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// resident is the memory that processes have in RAM, pages that they share counted
// in each, MiB.
func resident(pids []int) float64 {
	kib := 0
	for _, pid := range pids {
		status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		n, _, _ := strings.Cut(field(string(status), "VmRSS:"), " ")
		v, _ := strconv.Atoi(n)
		kib += v
	}
	return float64(kib) / 1024
}
