package frontserv

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/visor"
)

// answer gives the caller what the call comes to.
func (x *exchange) answer(run *visor.Run) {
	if x.route.Mode.Streamed() {
		x.answerOutput(run)
		return
	}
	a := run.Wait()
	switch {
	case a.End == visor.EndReply && x.route.Mode == visor.ReplyWorker:
		x.answerFrame(run, a.Reply)
	case a.End == visor.EndReply:
		defer a.Reply.Body.Close()
		x.addStats(run, x.route.StatsWait)
		x.writeReply(a.Reply)
	case a.Result != nil && (x.route.Mode == visor.ReplyReport || x.route.OnExit == visor.ExitReport):
		x.writeReport(run, a.Result)
	default:
		x.failEnd(run, a)
	}
}

// failEnd answers a call that ended without an answer of its own.
func (x *exchange) failEnd(run *visor.Run, a visor.Answer) {
	x.addStats(run, 0)
	x.fail(endProblem(a))
}

func endProblem(a visor.Answer) *problem {
	switch a.End {
	case visor.EndTimeout:
		return newProblem(http.StatusGatewayTimeout, "timeout", "the command did not answer within its timeout")
	case visor.EndCallerGone:
		return newProblem(statusCallerGone, "caller-gone", "the caller closed its side of the connection")
	case visor.EndDraining:
		return drainingProblem()
	}
	p := newProblem(http.StatusBadGateway, "no-answer", "the command ended without an answer")
	if a.Result != nil {
		p.death = newDeath(a.Result)
		p.Detail = "the command " + describe(a.Result)
	}
	return p
}

func describe(r *processctl.Result) string {
	text := "exited with code " + strconv.Itoa(r.Exit)
	if r.Signal != 0 {
		text = "was ended by " + visor.SignalName(r.Signal)
	}
	if r.Usage.Group != nil && r.Usage.Group.OOM {
		text += " (out of memory)"
	}
	return text + " without an answer"
}

// addStats sets the figures as headers.
func (x *exchange) addStats(run *visor.Run, wait time.Duration) {
	if !x.route.Stats {
		return
	}
	stats := run.Stats(wait)
	h := x.w.Header()
	h["urocket-stats"] = []string{stats.Dictionary()}
	h["Server-Timing"] = []string{stats.Timing()}
}

// addTrailers sets the figures as trailers, which an answer of HTTP/1.1 without
// a length can have.
func (x *exchange) addTrailers(run *visor.Run) {
	if !x.route.Stats {
		return
	}
	stats := run.Stats(x.route.StatsWait)
	h := x.w.Header()
	h[http.TrailerPrefix+"urocket-stats"] = []string{stats.Dictionary()}
	h[http.TrailerPrefix+"Server-Timing"] = []string{stats.Timing()}
}

// bodyless are the statuses whose answers have no body.
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// writeReply sends what a script has posted, or what was held back of its stdout.
func (x *exchange) writeReply(reply *visor.Reply) {
	h := x.w.Header()
	h["Content-Type"] = nil // never guessed
	if reply.ContentType != "" {
		h.Set("Content-Type", reply.ContentType)
	}
	addFields(h, reply.Header)
	x.keepOwn()
	x.reply(reply.Status)
	if bodyless(reply.Status) {
		delete(h, "Content-Type")
		if reply.Status == http.StatusResetContent {
			h.Set("Content-Length", "0")
		}
		x.w.WriteHeader(reply.Status)
		return
	}
	h.Set("Content-Length", strconv.FormatInt(reply.Body.Size(), 10))
	x.setWriteDeadline()
	x.w.WriteHeader(reply.Status)
	if x.r.Method == http.MethodHead {
		return
	}
	if err := x.sendBody(reply.Body); err != nil {
		x.breakOff() // half an answer must not look like a whole one
	}
}

// addFields adds a script's headers; of Content-Type there is only one.
func addFields(h http.Header, fields []visor.Field) {
	for _, f := range fields {
		if strings.EqualFold(f.Name, "Content-Type") {
			h.Set(f.Name, f.Value)
			continue
		}
		h.Add(f.Name, f.Value)
	}
}

// nosniff is shared by all answers; whoever adds to it makes a copy.
var nosniff = slices.Clip([]string{"nosniff"})

// keepOwn sets the headers that every answer has; again behind a script's, which
// may have replaced or doubled them.
func (x *exchange) keepOwn() {
	h := x.w.Header()
	h["X-Content-Type-Options"] = nosniff
	if x.theirID != "" {
		h["X-Request-Id"] = []string{x.theirID}
	}
}

// sendBody sends a body; what is one piece and in memory leaves together with the head.
func (x *exchange) sendBody(body *spool.Body) error {
	if body.Size() > onePiece {
		return x.copyOut(body.NewReader())
	}
	data, err := body.Bytes()
	if err == nil {
		_, err = x.w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("send body: %w", err)
	}
	return nil
}

// onePiece is how much of an answer must be taken in one time, in bytes.
const onePiece = 64 << 10

// copyOut sends a body piece by piece; each must be taken in time.
func (x *exchange) copyOut(body io.Reader) error {
	for {
		x.setWriteDeadline()
		_, err := io.CopyN(x.w, body, onePiece)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("send body: %w", err)
		}
	}
}

// report is the automatic answer.
type report struct {
	RequestID string  `json:"request_id"`
	ExitCode  *int    `json:"exitcode"`
	Signal    *string `json:"signal"`
	Stdout    string  `json:"stdout"`
	Stderr    string  `json:"stderr"`

	StdoutTruncated bool        `json:"stdout_truncated"`
	StderrTruncated bool        `json:"stderr_truncated"`
	Stats           visor.Stats `json:"stats"`
}

// writeReport answers with how the process ended: 200 after exit code 0.
func (x *exchange) writeReport(run *visor.Run, result *processctl.Result) {
	d := newDeath(result)
	out, outTotal := run.Tail(processctl.Stdout, reportTail)
	errs, errTotal := run.Tail(processctl.Stderr, reportTail)
	rep := report{
		RequestID: x.id, ExitCode: d.ExitCode, Signal: d.Signal,
		Stdout: string(out), StdoutTruncated: outTotal > int64(len(out)),
		Stderr: string(errs), StderrTruncated: errTotal > int64(len(errs)),
		Stats: run.Stats(0),
	}
	x.addStats(run, 0)
	body, err := json.Marshal(rep) // invalid UTF-8 becomes U+FFFD
	if err != nil {
		x.fail(newProblem(http.StatusInternalServerError, "internal", "the report could not be written").because(err))
		return
	}
	status := http.StatusInternalServerError
	if result.Exit == 0 && result.Signal == 0 {
		status = http.StatusOK
	}
	x.writeReply(&visor.Reply{Status: status, ContentType: "application/json", Body: spool.FromBytes(append(body, '\n'))})
}

// checkReply holds a reply against the document; the error says where it does not fit.
func (x *exchange) checkReply(reply *visor.Reply) error {
	h := http.Header{}
	if reply.ContentType != "" {
		h.Set("Content-Type", reply.ContentType)
	}
	addFields(h, reply.Header)
	data, err := reply.Body.Bytes()
	if err != nil {
		return fmt.Errorf("read the reply back: %w", err)
	}
	err = x.doc.ValidateResponse(reply.Status, h, data)
	var invalid *apidoc.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	faults := make([]string, len(invalid.Errors))
	for i, e := range invalid.Errors {
		faults[i] = strings.TrimSuffix(e.In+" "+e.Pointer, " ") + ": " + e.Detail
	}
	return errors.New(strings.Join(faults, "; "))
}
