package soak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// How a call can end, seen from its caller. A problem ends as its status and
// word, such as "502 no-answer".
const (
	answered   = "answer"     // what the script had to say, whole
	brokenOff  = "broken off" // a beginning of it, and a connection that broke
	shortened  = "short"      // a beginning of it, and a clean end: its script was disturbed
	disturbed  = "disturbed"  // a report that tells of a disturbance
	noResponse = "nothing"    // the connection broke before an answer
	callerLeft = "left"       // the caller went away
	notReached = "behind"     // pipelined behind an answer that closed the connection
	hung       = "hung"       // nothing for minutes
	wrong      = "WRONG"      // an answer that is not of this call, or is none

	noAnswer  = "502 no-answer"
	badReply  = "502 bad-reply"
	timedOut  = "504 timeout"
	gone      = "499 caller-gone"
	busy      = "429 busy"
	allBusy   = "503 busy"
	draining  = "503 draining"
	tooLarge  = "413 too-large"
	noStart   = "500 start-failed"
	internal  = "500 internal"
	failed    = "500 failed"
	noWorker  = "503 start-failed"
	notValid  = "400 validation"
	notFound  = "404 not-found"
	notVerb   = "405 method-not-allowed"
	notMapped = "501 no-callback"
)

// refusals are the ends of calls for which nothing is started.
var refusals = []string{busy, allBusy, tooLarge, noStart, noWorker, notValid, notFound, notVerb, notMapped, notReached}

// keys are keys of the configuration.
type keys map[string]any

// operation is one entry of the map, with what its callers send and may get.
type operation struct {
	verb, path         string
	weight             int // how often it is called, against the others
	op, inject, limits keys
	driver             string // "": spawn
	what               string // the script gets it as W, if there are several operations of an entry

	// entry is what it is at a generation of the configuration, if that is not always the same.
	entry func(generation int64) (op, inject keys, driver string)

	body func(r *rand.Rand) int // size of the payload; nil: none is sent
	n    func(r *rand.Rand) int // the number that the script gets as N
	at   func(c *call) string   // what is asked for; nil: path

	// How its calls end when nobody interferes.
	ends   []string
	status int                             // of an answer; 0: 200
	whole  func(c *call) []byte            // the body of an answer
	check  func(c *call, a response) error // what else is demanded of a whole one
	spoilt func(c *call) []byte            // what it may say instead when its script is disturbed, or a beginning of that

	silent bool  // its process makes no notes
	told   []int // what a script may be told on the socket, beside 200
	loose  bool  // a script that was told 200 may not live to note it
}

func (o *operation) name() string { return strings.TrimSpace(o.verb + " " + o.path + " " + o.what) }

// onSocket tells whether the operation's answer is posted on the socket.
func (o *operation) onSocket() bool {
	return o.op["reply"] == nil && !o.silent && o.driver != workers && o.driver != shifts
}

// streamed tells whether its answer goes out as it is printed.
func (o *operation) streamed() bool {
	return o.op["reply"] == "stdout" || o.op["reply"] == "cgi" || o.driver == shifts
}

// queues tells whether a call may be refused because it would have to wait for too long.
func (o *operation) queues() bool {
	return o.op["running"] != nil || o.op["queued"] != nil || o.driver == workers || o.driver == shifts
}

// may tells whether a call can end so when nobody interferes.
func (o *operation) may(end string) bool {
	return slices.Contains(o.ends, end) || end == allBusy || end == busy && o.queues()
}

// sh runs a script of this folder with words of its own.
func sh(script string, args ...string) keys {
	return keys{"cmd": append([]string{"/bin/sh", script + ".sh"}, args...)}
}

func php(script string) keys { return keys{"cmd": []string{"php", script + ".php"}} }

// and adds a key.
func (k keys) and(key string, value any) keys {
	k[key] = value
	return k
}

func (k keys) stdin() keys { return k.and("channel", "stdin").and("encoding", "raw") }

// env adds variables for the script.
func (k keys) env(vars ...string) keys {
	list, _ := k["env"].([]string)
	k["env"] = append(list, vars...)
	return k
}

// says is an answer made of the call's token.
func says(format string) func(c *call) []byte {
	return func(c *call) []byte { return fmt.Appendf(nil, format, c.token) }
}

// echoes is an answer that is the payload.
func echoes(c *call) []byte { return c.body }

// zeros is what a reply that was too large is cut to.
func zeros(*call) []byte { return make([]byte, maxBody) }

// repeats is what yes prints of the token, N bytes of it.
func repeats(c *call) []byte {
	line := c.token + "\n"
	return []byte(strings.Repeat(line, c.n/len(line)+1)[:c.n])
}

func hasToken(c *call, a response) error {
	if got := a.header.Get("X-Token"); got != c.token {
		return fmt.Errorf("X-Token %q", got)
	}
	return nil
}

// oneOf picks from sizes or numbers.
func oneOf(list ...int) func(r *rand.Rand) int {
	return func(r *rand.Rand) int { return list[r.IntN(len(list))] }
}

// bodies are the sizes of payloads: none, both sides of every border that the
// program has, and a few large ones.
var bodies = oneOf(0, 1, 100, 100, 5000, 65535, 65536, 65537, 256<<10, 256<<10+1, 1<<20, 3<<20)

// nested is the shape of the file: paths, verbs, keys. If it is bare, nothing is kept for
// the next call: no workers, no driver.
func nested(all []*operation, generation int64, bare bool) map[string]map[string]keys {
	paths := map[string]map[string]keys{}
	for _, o := range all {
		op, inject := o.op, o.inject
		if o.entry != nil {
			op, inject, _ = o.entry(generation)
		}
		if inject == nil || bare && inject["driver"] == "worker" {
			continue
		}
		inject = maps.Clone(inject)
		if bare {
			delete(inject, "driver")
		}
		entry := keys{"inject": inject}
		if o.limits != nil {
			entry["limits"] = o.limits
		}
		maps.Copy(entry, op)
		if paths[o.path] == nil {
			paths[o.path] = map[string]keys{}
		}
		paths[o.path][o.verb] = entry
	}
	return paths
}

// document describes the operations that are validated; the others are served
// without it.
const document = `{"openapi": "3.0.3", "info": {"title": "soak", "version": "1"}, "paths": {
  "/checked": {"get": {
    "parameters": [{"name": "t", "in": "query", "schema": {"type": "string"}}, {"name": "n", "in": "query", "schema": {"type": "integer"}}],
    "responses": {"200": {"description": "x", "content": {"application/json": {"schema":
    {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}}}}}}},
  "/number/{n}": {"get": {"parameters": [{"name": "n", "in": "path", "required": true, "schema": {"type": "integer"}}],
    "responses": {"200": {"description": "x"}}}},
  "/unmapped": {"get": {"responses": {"200": {"description": "x"}}}}}}`

// report is the body of an automatic answer.
type report struct {
	RequestID       string `json:"request_id"`
	ExitCode        *int
	Signal          *string
	Stdout, Stderr  string
	StdoutTruncated bool `json:"stdout_truncated"`
}

func reportOf(a response) (r report, err error) {
	d := json.NewDecoder(bytes.NewReader(a.body))
	err = d.Decode(&r)
	if err == nil && r.RequestID == "" {
		err = fmt.Errorf("a report without its id")
	}
	return r, err
}
