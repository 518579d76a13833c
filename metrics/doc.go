// Package metrics counts what happens to calls and shows it to Prometheus.
//
//	set := metrics.New(metrics.Options{…})
//	set.Adopt(operations)     // a configuration is in force
//	set.Count(metrics.Call{…})
//	http.Handle("/metrics", set.Handler())
//
// # What it promises
//
// A series is named by what the operator has written, never by what a caller has
// sent: path and method are those of the operations that were adopted, and every
// request that matches none of them counts under one value, [Unmatched]. The other
// labels have few values. So whatever is asked for, there are about a hundred series
// for each operation (docs/metrics.md), and some more for the statuses with which its
// scripts reply.
//
// All series that an alert may ask for are there, with zero, from the moment at
// which their operation is adopted: the first failure is seen as an increase. None
// goes away: an operation that a reload has taken out keeps its counts, and counts
// on when it comes back.
//
// A request is counted once, when it is over: when nothing is left of its process,
// and where none was started when it is answered.
//
// # What it costs
//
// A call finds its operation and adds to a dozen numbers, without a lock that
// others could hold: well below a microsecond (go test -bench . ./metrics). What is
// known elsewhere, such as who holds places, is asked for when Prometheus comes.
//
// Names and units follow https://prometheus.io/docs/practices/naming: seconds and
// bytes, _total for what only grows. The registry is the package's own, so nothing
// that a library counts for itself is in it.
package metrics
