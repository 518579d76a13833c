// Package backserv serves the unix socket on which scripts reply and operators
// look in.
//
// A script that was started for a request posts its answer here:
//
//	curl --unix-socket "$UROCKET_SOCKET" -d '{"hello":true}' http://internal/urhttp/$REQUEST_ID
//
// # What it promises
//
// At the socket's path only a socket is ever replaced, and only one that no live
// process serves ([ErrNotSocket], [*InUseError]). The new one appears there
// listening, with its mode and group, in one step; what was there before stays
// until then. [Listener.Close] removes the socket only if it is still ours.
//
// A reply counts once it has arrived whole and the visor has taken it. Each
// delivery is announced to the visor before its body is read, and ended
// whatever happens to it; a POST that breaks off is no reply. Whoever posts is
// told what became of the reply with a status and one or two lines of text,
// also if the body was not wanted: it is read and dropped within reason, because
// a script that is still sending would see a broken pipe in place of the answer.
//
// Nobody waits for somebody else's delivery: a
// sender without progress for 30 s is cut off.
//
// Nor for a place: when as many connections are open as may be, a new one takes
// that of one that waits for a request, or whose request is no reply. Each call
// keeps the connection on which its reply comes. New ones wait only if there are
// no others than these.
//
// The peer of each connection is looked up when it is accepted, as a descriptor
// of its process (pidfd), so that a reused pid is nobody else. Whose process
// cannot be proved is not shown what runs.
//
// Most replies are short and come whole in one piece. Such a one (plain.go) is read
// and answered without net/http, which would cost more than the reply itself: only
// what can be understood in one way, and in the same way by net/http. All else is
// net/http's from its first byte.
//
// # What it does not promise
//
// Whoever may connect may answer any call whose id it knows: the id and the mode
// of the socket are the protection. Request ids are opaque here; they are never
// part of a log line, a header or a file name unless the visor knows them.
//
// # Routes
//
//	POST, PUT /urhttp/<id>, /<id>    a reply
//	GET /urprocs, /urprocs/<id>      the processes, for root and urocket's own user
//	DELETE /urprocs/<id>             ends a call, for the same: SIGTERM, grace, SIGKILL;
//	                                 with ?now SIGKILL
//	GET /urpage                      a link to the page of the admin listener, for the same
//	GET /healthz, /readyz, /metrics  as on the admin listener, see [Server.AdminHandler];
//	                                 /metrics is 404 unless [Options] has Metrics
package backserv
