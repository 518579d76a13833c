package frontserv

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/urocket/urocket/frontserv/payload"
	"github.com/urocket/urocket/internal/reply"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/processctl/worker"
	"github.com/urocket/urocket/visor"
)

// WorkerSpec makes what the workers of a route are started with. Their command and
// environment have no placeholders: there is no request yet.
func (o *Options) WorkerSpec(r *Route) func() processctl.Spec {
	return func() processctl.Spec {
		scratch := processctl.NewScratch(o.TmpDir, r.OwnTmp, false)
		argv, filled, err := r.Command.Expand(noValues{})
		program, lerr := r.Command.Lookup()
		if err != nil || lerr != nil {
			program = r.Command.Argv()[0] // which cannot be started either, and the log says why
		}
		e := &environment{}
		e.set("UROCKET_SOCKET", o.SocketPath)
		e.set("UROCKET_WORKER", "3") // its descriptor
		e.add(o.Env)
		e.add(r.Account)
		e.setTmp(scratch, o.TmpDir)
		e.add(r.PassEnv)
		e.add(filled)
		return processctl.Spec{
			Path: program, Argv: argv, Env: e.list, Dir: r.Dir, Scratch: scratch, Tail: visor.TailSize,
			Limits: r.Limits, Isolation: r.Isolation, Grace: r.Grace,
		}
	}
}

// UsePool gives a route its workers, before the edition is served.
func (e *Edition) UsePool(path, method string, p *worker.Pool) {
	for i := range e.o.Routes {
		if r := &e.o.Routes[i]; r.Path == path && r.Method == method {
			r.Pool = p
		}
	}
}

// makeRequest prepares the call for a worker.
func (x *exchange) makeRequest() (*visor.Call, *problem) {
	params, err := x.parameterObject()
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "bad-request", "a parameter cannot be passed on").because(err)
	}
	path, query := rawPath(x.r), x.openRequest().URL.RawQuery
	request, err := worker.NewRequest(worker.Head{
		ID: x.id, Method: x.r.Method, Path: path, Query: query, Route: x.route.Path,
		ContentType: x.payloadType, Params: params, Headers: x.headersFor(), Env: x.workerEnv(path, query),
	}, x.payload, x.route.Timeout)
	if err != nil {
		return nil, newProblem(http.StatusRequestHeaderFieldsTooLarge, "too-large", "the headers are too large to be passed on")
	}
	request.MaxAnswer = x.o.MaxBody
	request.Measure = x.route.Stats
	if x.route.LogOutput {
		request.Line = x.logLine
	}
	call := x.newCall()
	call.Pool, call.Request = x.route.Pool, request
	return call, nil
}

// noParameters is the object of a request without any.
var noParameters = []byte("{}")

// parameterObject is the parameters as the payload of a request without a body has them.
func (x *exchange) parameterObject() ([]byte, error) {
	switch {
	case x.body == nil && !x.route.Raw:
		return x.payload.Bytes()
	case len(x.path) == 0 && x.r.URL.RawQuery == "":
		return noParameters, nil
	}
	object, _, err := payload.JSON("", nil, x.parameters())
	return object, err
}

// handOver leaves the payload to the worker, which may not have it yet.
func (x *exchange) handOver() {
	if x.body == x.payload {
		x.body = nil
	}
	x.payload = nil
}

// workerEnv is what the environment of a process for this request would be told of it,
// but for the deadline, which begins with the worker.
func (x *exchange) workerEnv(path, query string) []worker.Named[string] {
	env := make([]worker.Named[string], 0, 8)
	env = append(env, worker.Named[string]{Name: "REQUEST_ID", Value: x.id},
		worker.Named[string]{Name: "URIPATH", Value: path}, worker.Named[string]{Name: "REQUEST_METHOD", Value: x.r.Method},
		worker.Named[string]{Name: "QUERY_STRING", Value: query}, worker.Named[string]{Name: "CONTENT_TYPE", Value: x.payloadType})
	x.traceVariables(func(name, value string) { env = append(env, worker.Named[string]{Name: name, Value: value}) })
	if user := x.user(); user != "" {
		env = append(env, worker.Named[string]{Name: "UROCKET_USER", Value: user})
	}
	return env
}

// hop are the headers that belong to the connection (RFC 9110 section 7.6.1), in small
// letters; those that begin with proxy- do too.
var hop = []string{"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}

// headersFor are the request's headers for a worker, their names in small letters, but
// for credentials that were checked here.
func (x *exchange) headersFor() []worker.Named[[]string] {
	headers := make([]worker.Named[[]string], 1, len(x.r.Header)+1)
	headers[0] = worker.Named[[]string]{Name: "host", Value: []string{x.r.Host}}
	for name, values := range x.r.Header {
		lower := lowerName(name)
		switch {
		case slices.Contains(hop, lower), strings.HasPrefix(lower, "proxy-"), x.hides("header", name):
			continue
		case lower == "authorization" && x.rule != nil:
			continue
		case lower == "cookie":
			if values = x.openCookies(values); len(values) == 0 {
				continue
			}
		}
		headers = append(headers, worker.Named[[]string]{Name: lower, Value: values})
	}
	return headers
}

// usualNames are headers that most requests have, with their names in small letters.
var usualNames = func() map[string]string {
	names := map[string]string{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection", "Content-Length", "Content-Type", "Cookie",
		"Forwarded", "Origin", "Referer", "Traceparent", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id",
	} {
		names[name] = strings.ToLower(name)
	}
	return names
}()

func lowerName(name string) string {
	if lower, ok := usualNames[name]; ok {
		return lower
	}
	return strings.ToLower(name)
}

// answerFrame answers with a worker's frame.
func (x *exchange) answerFrame(run *visor.Run, r *visor.Reply) {
	if r.Fault != nil {
		x.addStats(run, 0)
		x.fail(frameProblem(r.Fault))
		return
	}
	defer r.Body.Close()
	if err := settleFrame(r); err != nil {
		x.refuseFrame(run, "the worker's answer cannot be used", err)
		return
	}
	if x.route.ValidateOut && x.doc != nil {
		if err := x.checkReply(r); err != nil {
			x.badReply(run, err)
			return
		}
	}
	x.addStats(run, 0)
	x.writeReply(r)
}

// settleFrame holds a worker's status and headers against the rules for replies, and
// gives the answer its content type. The error is for the log.
func settleFrame(r *visor.Reply) error {
	if err := reply.CheckStatus(r.Status); err != nil {
		return err
	}
	fields, kinds := r.Header[:0], []string(nil)
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, "Content-Type") {
			kinds = append(kinds, f.Value)
			continue
		}
		if err := reply.CheckField(f.Name, f.Value); err != nil {
			return err
		}
		fields = append(fields, f)
	}
	r.Header = fields
	kind := strings.Join(kinds, ", ")
	if err := reply.CheckType(kind); err != nil || len(kinds) > 1 {
		return errors.Join(err, errors.New("more than one Content-Type"))
	}
	if !reply.HasBody(r.Status) && r.Body.Size() > 0 {
		_ = r.Body.Close()
		r.Body = spool.FromBytes(nil)
	}
	var err error
	r.ContentType, err = reply.ContentType(kind, r.Body)
	return err
}

// refuseFrame answers for a frame that is no answer. What is wrong with it is for the log.
func (x *exchange) refuseFrame(run *visor.Run, detail string, err error) {
	x.addStats(run, 0)
	x.say(slog.LevelWarn, "reply refused", append(x.attrs(), slog.Any("error", err))...)
	x.fail(newProblem(http.StatusBadGateway, "bad-reply", detail))
}

// frameProblem answers for what a worker has sent in place of an answer.
func frameProblem(err error) *problem {
	var failed *worker.FailedError
	var broken *worker.BrokenError
	switch {
	case errors.As(err, &failed):
		return newProblem(http.StatusInternalServerError, "failed", "the command reported an error; the log says which").because(err)
	case errors.As(err, &broken):
		return newProblem(http.StatusBadGateway, "bad-reply", "the worker did not answer as a worker does; the log says how").because(err)
	}
	return newProblem(http.StatusInternalServerError, "internal", "the gateway could not keep the answer").because(err)
}

// failingProblem answers while no worker can be started.
func failingProblem(err *worker.FailingError) *problem {
	return newProblem(http.StatusServiceUnavailable, "start-failed", "no worker of this operation can be started; the log says why").
		retryAfter(time.Second).because(err)
}

// noValues are for commands without placeholders.
type noValues struct{}

func (noValues) Value(command.Placeholder) string { return "" }
func (noValues) Numeric(command.Placeholder) bool { return false }
