package visor

// Mode says where the answer of a call comes from.
type Mode int

// Modes: a reply posted on the socket; stdout as it comes; stdout with CGI
// headers; a report of how the process ended; what a worker answers ([Call.Pool]).
const (
	ReplySocket Mode = iota
	ReplyStdout
	ReplyCGI
	ReplyReport
	ReplyWorker
)

func (m Mode) String() string { return [...]string{"socket", "stdout", "cgi", "report", "worker"}[m] }

// Streamed says that the answer is the process's stdout.
func (m Mode) Streamed() bool { return m == ReplyStdout || m == ReplyCGI }

// OnExit says what follows when the process of a [ReplySocket] call ends and
// nobody has replied.
type OnExit int

// ExitFail and ExitReport answer at once; ExitWait goes on waiting for a reply
// from somebody else, until the timeout.
const (
	ExitFail OnExit = iota
	ExitReport
	ExitWait
)

func (o OnExit) String() string { return [...]string{"fail", "report", "wait"}[o] }

// OnDisconnect says what becomes of a process whose caller has left.
type OnDisconnect int

// The process goes on to its end or timeout, or is ended.
const (
	DisconnectContinue OnDisconnect = iota
	DisconnectKill
)

func (o OnDisconnect) String() string { return [...]string{"continue", "kill"}[o] }

// End is how a call ended.
type End int

// Ends, in no order. EndOOM is an exit for which the memory limit is to blame.
const (
	EndNone End = iota
	EndReply
	EndExit
	EndTimeout
	EndOOM
	EndCallerGone
	EndDraining
)

func (e End) String() string {
	return [...]string{"", "reply", "exit", "timeout", "oom", "caller-gone", "draining"}[e]
}
