// Package worker keeps processes that serve one request after another: a pool of them
// for each operation, and the protocol that they speak on descriptor 3. It knows nothing
// of HTTP or of configuration files; what it hands over and gets back are frames.
//
// # What it promises
//
//   - Each request that is handed over ([Lease.Begin]) has exactly one outcome: an
//     answer, the worker's end, or the timeout ([Events]). It is never handed to a second
//     worker: who has it may have begun.
//   - An answer reaches nobody but the one who has asked. It carries the id of its
//     request; and a worker that was late, or has sent anything else, is never asked
//     again, so that nothing that comes from it later is read.
//   - A worker that ends is noticed at once, whether it works or waits: its caller is
//     told, and another one is started.
//   - A worker that does not read, write or end holds up nobody but its own caller, and
//     him for the timeout.
//   - Nothing is left of a pool that was closed ([Pool.Close]): each worker is a
//     [processctl.Process] like any other, with its own group, limits and user, and ends
//     with all that it has started.
//
// # The life of a worker
//
//	booting ── ready ──┬── idle ── leased ──┐
//	   │               └────────────────────┘
//	   │                        │
//	   └──────── parting ───────┴── gone
//
// One goroutine owns a worker from its start to its end (worker.live), and does nothing
// but read from it: so it sees at once when a worker ends, or sends what nobody has asked
// for. Whoever wants something of it, or has something to tell (its process has ended, the
// caller has left, the pool wants it to go), sets that down and wakes it (link). The
// pool itself is a set of lists under one lock, and has no goroutine: each change looks
// what follows from it (Pool.settle).
//
// A request is written by who brings it, which never takes long: the socket of a worker
// that waits is empty, and holds what is written at once; anything larger is written by
// a goroutine of its own. So a request costs one write, one read, and one waking of each
// of two goroutines. If nothing could be written because the worker has just ended, the
// request was not handed over ([ErrGone]), and another worker may have it.
//
// # How many there are
//
// As many as have requests or are waited for, and at least Min, at most Max; those that
// are to be replaced do not count, so that the next one is started while they serve on.
// With those that part there are never more than twice Max. Who is idle for long, beyond
// Min, goes.
//
// A start that comes to nothing is followed by a wait, which doubles each time. After
// five in a row, if no other worker is alive, callers are refused ([FailingError])
// until one of the starts, which go on, succeeds. A worker that ends while it has a request is
// replaced at once: else one caller with a request that kills workers could have all
// others wait.
package worker
