package frontserv

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/visor"
)

// reportTail is how much of the end of each stream a report shows, in bytes.
const reportTail = 64 << 10

// makeCall prepares the process. Whatever the kernel would refuse is refused here, before
// anything is started; but for a program that is not there, where nobody has to wait.
func (x *exchange) makeCall() (*visor.Call, *problem) {
	if x.route.Mode == visor.ReplyWorker {
		return x.makeRequest()
	}
	spec, p := x.makeSpec()
	if p != nil {
		return nil, p
	}
	call := x.newCall()
	call.Spec = func() (processctl.Spec, error) { return *spec, nil }
	return call, nil
}

// makeSpec says what process is to be started.
func (x *exchange) makeSpec() (*processctl.Spec, *problem) {
	route := x.route
	scratch := processctl.NewScratch(x.o.TmpDir, route.OwnTmp, route.Channel == File)
	values, p := x.newValues(scratch.File)
	if p != nil {
		return nil, p
	}
	argv, filled, err := route.Command.Expand(values)
	if err != nil {
		return nil, expandProblem(err)
	}
	program, err := x.program()
	if err != nil {
		return nil, startProblem(&processctl.StartError{Err: err})
	}
	spec := &processctl.Spec{
		Path: program, Argv: argv, Env: x.environment(scratch, filled), Dir: route.Dir,
		Scratch: scratch, Tail: visor.TailSize,
		Limits: route.Limits, Isolation: route.Isolation, Warm: route.Warm, Timeout: route.Timeout, Grace: route.Grace, DeadlineEnv: "UROCKET_DEADLINE",
	}
	switch route.Channel {
	case Stdin:
		spec.Stdin = x.payload
	case File:
		spec.ScratchBody = x.payload
	}
	if route.Mode == visor.ReplyReport || route.OnExit == visor.ExitReport {
		spec.Tail = reportTail
	}
	if route.LogOutput {
		spec.Line = x.logLine
	}
	if err := processctl.CheckArgs(program, argv, append(spec.Env, "UROCKET_DEADLINE="+strings.Repeat("0", 20))); err != nil {
		return nil, expandProblem(err)
	}
	return spec, nil
}

// program is the file to be executed. A process that is PHP already is not, so that it is
// looked for.
func (x *exchange) program() (string, error) {
	if x.route.Warm != nil {
		return x.route.Command.Lookup()
	}
	return x.route.Command.Program()
}

// putOff drops the spec of a call that has to wait: it has been looked at, and is made
// again when the process is started. Nobody waits for a program that is not there.
func (x *exchange) putOff(call *visor.Call) *problem {
	if call.Pool != nil {
		return nil
	}
	if _, err := x.route.Command.Lookup(); err != nil {
		return startProblem(&processctl.StartError{Err: err})
	}
	call.Spec = func() (processctl.Spec, error) {
		spec, p := x.makeSpec()
		if p != nil {
			return processctl.Spec{}, p
		}
		return *spec, nil
	}
	return nil
}

func (x *exchange) newCall() *visor.Call {
	call := &visor.Call{
		ID: x.id, Operation: x.places, Mode: x.route.Mode, OnExit: x.route.OnExit,
		OnDisconnect: x.route.OnDisconnect, Argv: x.route.Command.Argv(),
		Stats: x.route.Stats, OwnOnly: x.route.OwnOnly, MaxReply: x.o.MaxBody, Done: x.done,
	}
	if x.route.ValidateOut && x.doc != nil && x.route.Mode == visor.ReplySocket {
		call.Check = x.checkReply
	}
	return call
}

// newValues makes what placeholders stand for.
func (x *exchange) newValues(file string) (*values, *problem) {
	v := &values{exchange: x, file: file}
	if !x.route.Command.UsesPayload() || x.route.Channel == File {
		return v, nil
	}
	if x.payload.Size() > processctl.MaxArg {
		return nil, expandProblem(processctl.ErrTooLong)
	}
	data, err := x.payload.Bytes()
	if err != nil {
		return nil, newProblem(http.StatusInternalServerError, "internal", "the gateway could not read the body back").because(err)
	}
	v.payload = string(data)
	return v, nil
}

// values are the request's, for placeholders.
type values struct {
	*exchange
	payload, file string
}

// Value implements [command.Values]. What is absent is empty; of a repeated
// value the first counts.
func (v *values) Value(p command.Placeholder) string {
	switch p.Source {
	case command.Payload:
		return v.payload
	case command.PayloadFile:
		return v.file
	case command.RequestID:
		return v.id
	case command.Method:
		return v.r.Method
	case command.URIPath:
		return rawPath(v.r)
	case command.Path:
		for _, param := range v.path {
			if param.Name == p.Name {
				return param.Value
			}
		}
	case command.Query:
		return v.query.Get(p.Name)
	case command.Header:
		if strings.EqualFold(p.Name, "Host") {
			return v.r.Host
		}
		return v.r.Header.Get(p.Name)
	}
	return ""
}

// Numeric implements [command.Values].
func (v *values) Numeric(p command.Placeholder) bool {
	in := parameterPlace(p)
	if p.Source == command.Path {
		in = "path"
	}
	return in != "" && v.doc != nil && v.doc.Numeric(in, p.Name)
}

func expandProblem(err error) *problem {
	var value *command.ValueError
	switch {
	case errors.Is(err, processctl.ErrTooLong):
		return newProblem(http.StatusRequestEntityTooLarge, "too-large", "the payload is too long for an argument or variable; `channel: stdin` has no such limit")
	case errors.Is(err, processctl.ErrNUL):
		return newProblem(http.StatusBadRequest, "bad-request", "a value holds a NUL byte, which no argument or variable can")
	case errors.As(err, &value):
		return newProblem(http.StatusBadRequest, "bad-request", value.Error())
	}
	return newProblem(http.StatusInternalServerError, "internal", "the command could not be filled in").because(err)
}

// startProblem tells a command's own fault from the gateway's.
func startProblem(err error) *problem {
	var start *processctl.StartError
	switch {
	case errors.As(err, &start):
		return newProblem(http.StatusInternalServerError, "start-failed", "the command could not be started; the log says why").because(err)
	case errors.Is(err, processctl.ErrTooLong):
		return expandProblem(err)
	}
	return newProblem(http.StatusInternalServerError, "internal", "the gateway could not start a process; the log says why").because(err)
}

// environment is all that the process is given. A later source replaces an
// earlier one. The list is about as long as need be: thousands may wait with it.
func (x *exchange) environment(scratch processctl.Scratch, filled []string) []string {
	path := rawPath(x.r)
	e := &environment{list: make([]string, 0, 11+len(x.o.Env)+len(x.route.PassEnv)+len(filled))}
	e.set("REQUEST_ID", x.id)
	e.set("URIPATH", path)
	e.set("REQUEST_METHOD", x.r.Method)
	e.set("QUERY_STRING", x.openRequest().URL.RawQuery)
	e.set("CONTENT_TYPE", x.payloadType)
	e.set("UROCKET_SOCKET", x.o.SocketPath)
	if user := x.user(); user != "" {
		e.set("UROCKET_USER", user)
	}
	x.traceVariables(e.set)
	e.add(x.o.Env)
	e.add(x.route.Account)
	e.setTmp(scratch, x.o.TmpDir)
	if x.route.Mode == visor.ReplyCGI {
		e.add(x.cgiVariables())
	}
	e.add(x.route.PassEnv)
	e.add(filled)
	return e.list
}

// environment keeps one value for each name. There are a few dozen at most, which
// are found faster than a map would be made.
type environment struct{ list []string }

func (e *environment) set(name, value string) { e.put(name, name+"="+value) }

// setTmp sets TMPDIR to the call's own, or else to ours.
func (e *environment) setTmp(scratch processctl.Scratch, ours string) {
	switch {
	case scratch.Dir != "":
		e.set("TMPDIR", scratch.Dir)
	case ours != "":
		e.set("TMPDIR", ours)
	}
}

func (e *environment) add(list []string) {
	for _, entry := range list {
		name, _, _ := strings.Cut(entry, "=")
		e.put(name, entry)
	}
}

func (e *environment) put(name, entry string) {
	for i, have := range e.list {
		if len(have) > len(name) && have[len(name)] == '=' && have[:len(name)] == name {
			e.list[i] = entry
			return
		}
	}
	e.list = append(e.list, entry)
}

// port is the local port as text, for CGI.
func port(addr string) string {
	i := strings.LastIndexByte(addr, ':')
	if i < 0 {
		return ""
	}
	if _, err := strconv.Atoi(addr[i+1:]); err != nil {
		return ""
	}
	return addr[i+1:]
}
