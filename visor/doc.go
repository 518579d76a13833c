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
//	Begin ── queued ── running ──┬── reply ── replied ──┐
//	                             └── anything else ── ending ──┴── ended
//
// A place is held until the call has its answer ([Run.Close]) and nothing is
// left of its process.
//
// The visor knows no HTTP and no configuration: a stage that takes its messages
// from a broker uses it unchanged.
package visor
