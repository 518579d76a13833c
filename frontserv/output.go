package frontserv

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/urocket/urocket/processctl"
	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/visor"
)

// maxCGIHead is how long the headers of a CGI answer may be, in bytes.
const maxCGIHead = 64 << 10

// answerOutput answers with what the process writes to its stdout.
func (x *exchange) answerOutput(run *visor.Run) {
	out := &output{run: run, Output: run.Stdout()}
	head := x.stdoutHead()
	if x.route.Mode == visor.ReplyCGI {
		var err error
		if head, err = readCGIHead(out); err != nil {
			x.failOutput(run, out, newProblem(http.StatusBadGateway, "bad-reply", "the command's CGI headers cannot be used: "+err.Error()))
			return
		}
	}
	if err := out.peek(); err != nil {
		x.finishEmpty(run, head)
		return
	}
	switch {
	case x.route.ValidateOut && x.doc != nil:
		x.answerHeld(run, out, head)
	case x.r.Method == http.MethodHead || bodyless(head.Status):
		x.answerHead(run, out, head)
	case !run.Claim():
		x.failEnd(run, run.Wait())
	default:
		x.stream(run, out, head)
	}
}

// stdoutHead is the head of an answer that has none of its own.
func (x *exchange) stdoutHead() *visor.Reply {
	kind := x.route.ContentType
	if kind == "" && x.doc != nil {
		kind = x.doc.ResponseType()
	}
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	return &visor.Reply{Status: http.StatusOK, ContentType: kind}
}

// The buffer that output is read into: small while little comes, for thousands
// may wait with one; four times as large whenever it was filled.
const (
	firstOutput = 512
	mostOutput  = 32 << 10
)

// output is a process's stdout with what was read ahead of it.
type output struct {
	processctl.Output
	run   *visor.Run
	ahead []byte
	err   error // behind ahead
	size  int   // of the buffer for the next read
}

// buffer is what the next read goes to; buf is what the last one went to.
func (o *output) buffer(buf []byte) []byte {
	o.size = max(o.size, firstOutput)
	if len(buf) == o.size {
		return buf
	}
	return make([]byte, o.size)
}

// filled tells how much of a buffer was needed.
func (o *output) filled(n int) {
	if n == o.size {
		o.size = min(4*o.size, mostOutput)
	}
}

func (o *output) Read(b []byte) (int, error) {
	if len(o.ahead) > 0 {
		n := copy(b, o.ahead)
		o.ahead = o.ahead[n:]
		return n, nil
	}
	if o.err != nil {
		return 0, o.err
	}
	return o.Output.Read(b)
}

// more reads ahead once.
func (o *output) more() error {
	if o.err != nil {
		return o.err
	}
	buf := o.buffer(nil)
	n, err := o.Output.Read(buf)
	o.filled(n)
	o.ahead, o.err = append(o.ahead, buf[:n]...), err
	return err
}

// peek waits for the first byte; io.EOF when there is none.
func (o *output) peek() error {
	for len(o.ahead) == 0 {
		if err := o.more(); err != nil {
			return err
		}
	}
	return nil
}

// finishEmpty answers for a process that has written nothing.
func (x *exchange) finishEmpty(run *visor.Run, head *visor.Reply) {
	a := run.ClaimExit()
	if a.End != visor.EndReply {
		x.failEnd(run, a)
		return
	}
	head.Body = spool.FromBytes(nil)
	if x.route.ValidateOut && x.doc != nil {
		if err := x.checkReply(head); err != nil {
			x.badReply(run, err)
			return
		}
	}
	x.addStats(run, 0)
	x.writeReply(head)
}

// failOutput answers for output that is no answer: the process's own bad end
// explains it better, if it has one.
func (x *exchange) failOutput(run *visor.Run, out *output, p *problem) {
	if errors.Is(out.err, io.EOF) {
		if a := run.ClaimExit(); a.End != visor.EndReply {
			x.failEnd(run, a)
			return
		}
	} else if !run.Claim() {
		x.failEnd(run, run.Wait())
		return
	}
	x.addStats(run, 0)
	x.fail(p)
}

// answerHeld holds the answer back until it is whole and fits the document.
func (x *exchange) answerHeld(run *visor.Run, out *output, head *visor.Reply) {
	body, err := spool.Read(out, 0, x.o.MaxBody)
	if err != nil {
		x.failHeld(run, err)
		return
	}
	defer body.Close()
	if a := run.ClaimExit(); a.End != visor.EndReply {
		x.failEnd(run, a)
		return
	}
	head.Body = body
	if err := x.checkReply(head); err != nil {
		x.badReply(run, err)
		return
	}
	x.addStats(run, 0)
	x.writeReply(head)
}

func (x *exchange) failHeld(run *visor.Run, err error) {
	if !run.Claim() {
		x.failEnd(run, run.Wait())
		return
	}
	x.addStats(run, 0)
	if errors.Is(err, spool.ErrTooLarge) {
		x.fail(newProblem(http.StatusBadGateway, "bad-reply", "the command's output is larger than an answer may be"))
		return
	}
	x.fail(newProblem(http.StatusInternalServerError, "internal", "the gateway could not keep the answer").because(err))
}

// badReply answers for an answer that does not fit the document. What is wrong
// with it is for the log: it may hold what the script has sent.
func (x *exchange) badReply(run *visor.Run, err error) {
	x.addStats(run, 0)
	x.say(slog.LevelWarn, "reply refused", append(x.attrs(), slog.Any("error", err))...)
	x.fail(newProblem(http.StatusBadGateway, "bad-reply", "the command's answer does not fit the API document"))
}

// answerHead answers with a head alone. The output is read and dropped first: how
// the process ends decides, and the figures are final.
func (x *exchange) answerHead(run *visor.Run, out *output, head *visor.Reply) {
	_, _ = io.Copy(io.Discard, out) // an error is the call's end, which is asked for next
	if a := run.ClaimExit(); a.End != visor.EndReply {
		x.failEnd(run, a)
		return
	}
	x.addStats(run, 0)
	x.setHead(head)
	if bodyless(head.Status) {
		delete(x.w.Header(), "Content-Type")
	}
	x.w.WriteHeader(head.Status)
}

// setHead sets the headers of a streamed answer.
func (x *exchange) setHead(head *visor.Reply) {
	h := x.w.Header()
	h["Content-Type"] = nil
	if head.ContentType != "" {
		h.Set("Content-Type", head.ContentType)
	}
	addFields(h, head.Header)
	x.keepOwn()
	x.reply(head.Status)
	x.setWriteDeadline()
}

// stream sends the output as it comes. A caller who reads slowly slows the
// script; what ends badly does not end cleanly.
func (x *exchange) stream(run *visor.Run, out *output, head *visor.Reply) {
	x.setHead(head)
	if x.route.Stats && x.r.ProtoAtLeast(1, 1) {
		x.w.Header().Set("Trailer", "urocket-stats, Server-Timing")
	}
	x.w.WriteHeader(head.Status)
	if err := x.copyStream(out); err != nil {
		x.breakOff()
	}
	result, ok := run.Outcome()
	if !ok || result.Exit != 0 || result.Signal != 0 {
		x.breakOff()
	}
	if x.r.ProtoAtLeast(1, 1) {
		x.addTrailers(run)
	}
	x.setWriteDeadline() // for the end of the body, which the server writes
}

// copyStream sends each piece as soon as it is there.
func (x *exchange) copyStream(out *output) error {
	var buf []byte
	for {
		buf = out.buffer(buf)
		n, rerr := out.Read(buf)
		out.filled(n)
		if n > 0 {
			x.setWriteDeadline()
			if _, err := x.w.Write(buf[:n]); err != nil {
				return err
			}
			if err := x.rc.Flush(); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(rerr, io.EOF):
			return nil
		case rerr != nil:
			return rerr
		}
	}
}

// breakOff ends the connection so that the caller sees that the answer is not
// whole: without the last chunk in HTTP/1.1. In HTTP/1.0 the end of the
// connection is the end of the body, so it has to be a reset.
func (x *exchange) breakOff() {
	x.broken = true
	if conn, ok := x.r.Context().Value(connKey{}).(*placedConn); ok && !x.r.ProtoAtLeast(1, 1) {
		_ = conn.SetLinger(0)
		if x.r.TLS != nil { // whose own end would come before the reset, and look clean
			_ = conn.Close()
		}
	}
	panic(http.ErrAbortHandler)
}
