// Package visor decides how a call ends. It keeps one entry for each call that
// waits or runs, hands out places to start a process, matches replies to the
// callers that wait for them, and remembers for a while how calls ended.
//
// A call is begun with [Visor.Begin], which waits for a place and starts the
// process. From then on terminal events race: a reply, the end of the process,
// the timeout, the caller leaving, the service stopping. The first one wins and
// is the call's [End]; every later one is told that it is late. So each call has
// exactly one answer, whatever happens in whichever order.
//
// Who runs the service may end a call ([Visor.Terminate]): its process is ended, and
// that decides.
//
//	Begin ── queued ── running ──┬── reply ── replied ──┐
//	                             └── anything else ── ending ──┴── ended
//
// # Places
//
// A place is held until the call has its answer ([Run.Close]) and nothing is
// left of its process. The service has a number of them, and so may an operation
// have ([Limits]). A caller who comes while there is none waits, for a time, in
// the queue of his operation. No place is free while somebody waits who could
// use it; a caller who leaves his queue never starts a process; and a place is
// counted under the operation's path and method, so that running 1 is a lock
// whatever happens to the configuration meanwhile.
//
// Within an operation the first to come is the first to be served. Between
// operations, a free place goes to the one that holds the fewest places, and
// among equals to the one that was given its last place the longest ago. So of
// two operations that both want more than there is, each holds half, whatever
// the length of their queues, and whatever the length of their calls: taking
// turns alone, with no regard to what is held, would soon leave all places to the
// slower of the two. What it comes to for one caller at the head of his queue: no
// other operation that holds as many places as his own, or more, is given more
// than one before him. Nothing is held back for operations that nobody has asked
// for: one with long calls can hold every place until the first of them ends.
// Where that is too long, it wants a limit of its own.
//
// The queue of the service takes callers until it is full, whoever they are; then
// the next one is refused, and nobody who was let in is sent away again. An
// operation that could fill it wants a queue of its own.
//
// Of those that have a place, a few for each processor are started at a time: who
// comes then starts when one of these has ended or is 10 ms old. A crowd of short
// calls so ends in the order in which it came.
//
// Everything about places takes a time logarithmic in the number of operations.
//
// # What it does not know
//
// The visor knows no HTTP and no configuration: a stage that takes its messages
// from a broker uses it unchanged.
package visor
