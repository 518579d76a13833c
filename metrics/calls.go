package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/urocket/urocket/visor"
)

// What is counted of calls, over all operations.
type calls struct {
	total, refused, processes *prometheus.CounterVec // by answer; by problem; by driver

	answer, queue, spawn, run, memory *prometheus.HistogramVec

	cpu, kills, oom, strays, pids, leftovers, brokenOff, fallbacks *prometheus.CounterVec
}

// Buckets, in seconds and bytes. A short script takes a millisecond, a job minutes.
var (
	runBuckets    = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900}
	queueBuckets  = []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60}
	spawnBuckets  = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1}
	memoryBuckets = prometheus.ExponentialBuckets(4<<20, 2, 11) // 4 MiB to 4 GiB
)

// newCalls makes and registers them.
func newCalls(r prometheus.Registerer) *calls {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "urocket_" + name, Help: help}, append([]string{"path", "method"}, labels...))
		r.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "urocket_" + name, Help: help, Buckets: buckets}, []string{"path", "method"})
		r.MustRegister(v)
		return v
	}
	return &calls{
		total:     counter("calls_total", "Requests that are over, by the status of the answer and by how the call ended; end is none where no process was started.", "status", "end"),
		refused:   counter("calls_refused_total", "Requests that no process was started for, by the type of the problem that they were answered with.", "type"),
		processes: counter("processes_total", "Calls that were given a process, by how that came to be: spawn, fork, spare or worker.", "driver"),
		fallbacks: counter("fallbacks_total", "Calls whose process came to be in another way than the driver of the operation says; the log says why."),

		answer: histogram("answer_duration_seconds", "From the arrival of a request to the end of its answer, where a process was started.", runBuckets),
		queue:  histogram("queue_duration_seconds", "How long calls waited for their place, where a process was started.", queueBuckets),
		spawn:  histogram("spawn_duration_seconds", "How long it took to start the process.", spawnBuckets),
		run:    histogram("run_duration_seconds", "How long the process lived, answered or not.", runBuckets),
		memory: histogram("process_memory_peak_bytes", "The most memory that the process of a call and its descendants used at once; without the memory controller that of the process alone, where it is known.", memoryBuckets),

		cpu:       counter("process_cpu_seconds_total", "Processor time, user and system, of the calls' processes and all their descendants; without cgroups, of those that were waited for."),
		kills:     counter("kills_total", "Processes that were made to end: by their timeout, because the caller was gone (ondisconnect: kill), or because urocket stopped.", "reason"),
		oom:       counter("oom_total", "Calls of which the kernel killed a process for the memory limit."),
		strays:    counter("strays_total", "Calls that left processes behind: SIGTERM has ended these, or they had to be killed.", "fate"),
		pids:      counter("pids_refused_total", "How often calls were refused another process or thread by limits.pids."),
		leftovers: counter("leftovers_total", "Calls of which something could not be ended or removed; the log says what."),
		brokenOff: counter("answers_broken_off_total", "Answers that had begun and could not be completed, so that the connection was broken off."),
	}
}

// noEnd is the end of a request that no process was started for.
const noEnd = "none"

func endText(e visor.End) string {
	if e == visor.EndNone {
		return noEnd
	}
	return e.String()
}

// maxStatus is the highest status of HTTP (RFC 9110 section 15).
const maxStatus = 599

// statusOf is the status, or 0 for what is none: all of that is one value.
func statusOf(status int) int {
	if status < 100 || status > maxStatus {
		return 0
	}
	return status
}

func statusText(status int) string {
	if statusOf(status) == 0 {
		return "none"
	}
	return strconv.Itoa(status)
}
