// Package soak runs the built program under a mixed load while everything goes
// wrong at once, and accounts for every request at the end.
//
//	make soak                  ten minutes
//	SOAK=2m make soak          shorter; SEED=7 repeats the choices of a run
//	go test ./e2e/soak         the short form, part of make test
//
// A run has two parts: with cgroups, as far as the machine has them, and with
// `cgroup: off`. Each is a row of lives of the program. In a life, callers send
// requests of every operation (see operations: the scripts of this folder, one
// for each way in which a script can misbehave) in every manner (see manners:
// callers that leave, stop reading, close their side, pipeline). Meanwhile the
// scripts' processes are killed and stopped, the socket is sent rubbish, and the
// program gets SIGHUP with good and bad configurations. A life ends at rest, by
// SIGTERM in the middle of the load, or by SIGKILL; the next one begins on the
// same configuration, address and socket.
//
// All drivers take part: processes that are spawned, forked, spares (what fork
// falls back to where PHP has no FFI, and where there are no cgroups) and workers,
// which are right and wrong in every way and are replaced all the time. What waits
// for calls - the warm PHPs, spares, workers - is killed and stopped as well (see
// rattle), a script is edited, replaced and released anew while it is called (see
// edit), and there is an operation that has another driver after each reload.
//
// # What is judged
//
// Each request carries a token, which is the caller's X-Request-Id, stands in
// the script's environment, and is part of its answer; so a wrong, a foreign or
// a second answer is seen as such. A script notes that it was started, and what
// it was told when it replied. When a life is over, or at rest, each call is
// held against those notes and the program's log (see judge): it has ended in a
// way that its operation allows, or in one that the disturbance explains; it was
// started once or, if it was refused, not at all; who was told 200 had the answer
// that the caller got; there is one line for it in the log. Then nothing may be
// left: no process, zombie, cgroup, file or descriptor but those that wait for
// calls, and after a reload that wants none of these nothing at all; and at the end
// of the run no goroutine more than the program has at its start. What /urprocs says
// of drivers and pools has to be what the configuration and the log say.
//
// Only accounts are judged, never times: a slow machine has fewer requests, not
// other results. The choices are those of the seed; what they meet is not.
package soak
