package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/urocket/urocket/processctl/cgroup"
	"github.com/urocket/urocket/visor"
)

// What others know is asked for at each scrape, all of one kind at once, so that
// the numbers fit together.

// described is a metric that is made anew for each scrape.
type described struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) described {
	return described{prometheus.NewDesc("urocket_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) described {
	return described{prometheus.NewDesc("urocket_"+name, help, labels, nil), prometheus.CounterValue}
}

func (d described) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d.Desc, d.kind, value, labels...)
}

// sendKnown leaves out what is below zero: unknown, or without a limit.
func (d described) sendKnown(to chan<- prometheus.Metric, value int64, labels ...string) {
	if value >= 0 {
		d.send(to, float64(value), labels...)
	}
}

func describe(to chan<- *prometheus.Desc, all ...described) {
	for _, d := range all {
		to <- d.Desc
	}
}

// places are a [prometheus.Collector].
type places struct {
	ask func() visor.Occupancy

	used, most, mostQueued           described
	inFlight, queued                 described
	mostOfOperation, queuedOperation described
}

func newPlaces(ask func() visor.Occupancy) *places {
	return &places{
		ask:             ask,
		used:            gauge("places_used", "Places that are held, all operations together."),
		most:            gauge("places_max", "Places that there are (running); absent: any number."),
		mostQueued:      gauge("queue_max", "Callers who may wait for a place (queued), all operations together; absent: any number."),
		inFlight:        gauge("calls_in_flight", "Calls that hold a place: their process is about to start, or runs, or something is left of it.", "path", "method"),
		queued:          gauge("calls_queued", "Callers who wait for a place.", "path", "method"),
		mostOfOperation: gauge("operation_places_max", "Places of an operation that has a running of its own.", "path", "method"),
		queuedOperation: gauge("operation_queue_max", "Callers who may wait for a place of an operation that has a queued of its own.", "path", "method"),
	}
}

// Describe implements [prometheus.Collector].
func (p *places) Describe(to chan<- *prometheus.Desc) {
	describe(to, p.used, p.most, p.mostQueued, p.inFlight, p.queued, p.mostOfOperation, p.queuedOperation)
}

// Collect implements [prometheus.Collector].
func (p *places) Collect(to chan<- prometheus.Metric) {
	o := p.ask()
	p.used.send(to, float64(o.Running))
	p.most.sendKnown(to, int64(o.MaxRunning))
	p.mostQueued.sendKnown(to, int64(o.MaxQueued))
	for _, op := range o.Operations {
		p.inFlight.send(to, float64(op.Holding), op.Path, op.Method)
		p.queued.send(to, float64(op.Waiting), op.Path, op.Method)
		p.mostOfOperation.sendKnown(to, int64(op.Running), op.Path, op.Method)
		p.queuedOperation.sendKnown(to, int64(op.Queued), op.Path, op.Method)
	}
}

// usage is a [prometheus.Collector] of the cgroup above those of all calls.
type usage struct {
	ask func() (cgroup.Total, error)

	cpu, memory, tasks, groups described
}

func newUsage(ask func() (cgroup.Total, error)) *usage {
	return &usage{
		ask:    ask,
		cpu:    counter("cgroup_cpu_seconds_total", "Processor time of the processes of all calls, from the cgroup above theirs; those that run now included."),
		memory: gauge("cgroup_memory_bytes", "Memory that the processes of all calls use now, with files in memory; absent without the memory controller."),
		tasks:  gauge("cgroup_tasks", "Processes and threads of all calls that live now; absent without the pids controller."),
		groups: gauge("cgroup_groups", "Cgroups of calls: live, ready ones included, and removed ones that the kernel still keeps (dying).", "state"),
	}
}

// Describe implements [prometheus.Collector].
func (u *usage) Describe(to chan<- *prometheus.Desc) {
	describe(to, u.cpu, u.memory, u.tasks, u.groups)
}

// Collect implements [prometheus.Collector]. Without cgroups, or while somebody has
// removed ours, there is nothing to tell.
func (u *usage) Collect(to chan<- prometheus.Metric) {
	now, err := u.ask()
	if err != nil {
		return
	}
	u.cpu.send(to, now.CPU.Seconds())
	u.memory.sendKnown(to, now.Memory)
	u.tasks.sendKnown(to, now.Tasks)
	u.groups.sendKnown(to, now.Groups, "live")
	u.groups.sendKnown(to, now.Dying, "dying")
}
