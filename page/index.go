package page

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/urocket/urocket/internal/proctcp"
	"github.com/urocket/urocket/visor"
)

//go:embed index.html
var indexText string

//go:embed style.css
var style []byte

//go:embed script.js
var script []byte

var index = template.Must(template.New("index").Parse(indexText))

// shownRunning is how many of the calls that wait or run are listed.
const shownRunning = 200

// view is what the page shows.
type view struct {
	Service, Version, Level string
	Boot                    string // differs with each start
	Generation              int
	Number                  uint64 // of the last ended call
	Places                  string
	Running                 []runningRow
	More                    string
	Ended                   []endedRow
	Operations              []operationRow
	NoRow                   runningRow // of which the script makes new ones
	NoEnd                   endedRow
	KeptCalls, KeptFaults   int
}

// view looks at what runs now.
func (p *Page) view() view {
	in, occupancy, current := p.operations.Load(), p.opt.Calls.Occupancy(), p.opt.Calls.Current()
	v := view{
		Service: p.opt.Service, Version: p.opt.Version, Level: p.opt.Level, Boot: p.guard.cookie,
		Generation: in.generation, KeptCalls: keptCalls, KeptFaults: keptFaults,
		Places: places(occupancy, p.opt.Calls.Draining()), Running: []runningRow{},
	}
	if more := len(current) - shownRunning; more > 0 {
		v.More = fmt.Sprintf("and %d more", more)
		current = current[:shownRunning]
	}
	for _, s := range current {
		row := newRunningRow(s)
		row.Token = p.guard.token
		v.Running = append(v.Running, row)
	}
	v.NoRow.Token = p.guard.token
	at := map[string]visor.OperationOccupancy{}
	for _, o := range occupancy.Operations {
		at[o.Method+" "+o.Path] = o
	}
	for i := range in.list {
		o := &in.list[i]
		v.Operations = append(v.Operations, newOperationRow(o, crowd(at[o.Method+" "+o.Path])))
	}
	return v
}

// places says how many places are taken, and how many callers wait.
func places(o visor.Occupancy, draining bool) string {
	text := fmt.Sprintf("%d running, %d waiting", o.Running, o.Queued)
	if o.MaxRunning != visor.NoLimit {
		text = fmt.Sprintf("%d of %d places taken, %d waiting", o.Running, o.MaxRunning, o.Queued)
	}
	if draining {
		text += "; urocket is stopping"
	}
	return text
}

func crowd(o visor.OperationOccupancy) string {
	switch {
	case o.Waiting > 0:
		return fmt.Sprintf("%d, %d waiting", o.Holding, o.Waiting)
	case o.Holding > 0:
		return fmt.Sprint(o.Holding)
	}
	return none
}

// serveIndex writes the page as it goes: with all that scripts wrote it may be long.
func (p *Page) serveIndex(w http.ResponseWriter, r *http.Request) {
	v := p.view()
	over, last := p.ended.after(0)
	v.Number = last
	for _, e := range slices.Backward(over) {
		v.Ended = append(v.Ended, newEndedRow(e))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method == http.MethodHead {
		return
	}
	out := bufio.NewWriterSize(w, 32<<10)
	if err := index.Execute(out, v); err != nil {
		return // the reader has gone: the template itself is tested
	}
	_ = out.Flush()
}

// formSize and formTime are what the form of the button may take.
const (
	formSize = 4 << 10
	formTime = 5 * time.Second
)

// serveEnd ends a call.
func (p *Page) serveEnd(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(formTime))
	r.Body = http.MaxBytesReader(w, r.Body, formSize)
	if err := r.ParseForm(); err != nil {
		say(w, http.StatusBadRequest, "this is not the form of the page")
		return
	}
	if !same(r.PostForm.Get("token"), p.guard.token) {
		say(w, http.StatusForbidden, "the token of the page is missing or old: load the page again")
		return
	}
	who, _ := r.Context().Value(peerKey{}).(proctcp.Socket)
	id, now := r.PostForm.Get("id"), r.PostForm.Get("how") == "kill"
	err := p.opt.Calls.Terminate(id, now)
	var gone *visor.GoneError
	switch {
	case errors.As(err, &gone):
		say(w, http.StatusGone, "the call has ended already ("+gone.End.String()+")")
	case err != nil:
		say(w, http.StatusNotFound, "there is no such call, or it ended more than a minute ago")
	default:
		p.opt.Logger.Info("an operator ends a call", "request_id", id, "now", now, "by", "page", "uid", who.UID)
		http.Redirect(w, r, pathIndex+"#c-"+strings.ToLower(id), http.StatusSeeOther)
	}
}
