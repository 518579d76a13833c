package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// hostileLine is what a script may print to whoever looks at it.
const hostileLine = `</pre><script>document.title="owned"</script><img src=x onerror=alert(1)>`

// lookedAt are operations that the page shows.
func lookedAt() ops {
	return ops{
		"get /stays":   living(keys{"running": 2, "queued": 3}),
		"get /fails":   {"cmd": sh(`printf '%s\n' '` + hostileLine + `'; printf 'Error: \033[31mno <b>table</b>\n' >&2; exit 3`), "reply": "report"},
		"get /fine":    {"cmd": "/bin/echo fine", "reply": "stdout", "timeout": "1h30m"},
		"get /inside":  {"cmd": sh(`curl -s -w ' %{http_code}' http://$ADMIN/`), "reply": "stdout"},
		"get /a<b>{x}": {"cmd": "/bin/echo {{path.x}} </code>", "reply": "stdout"},
	}
}

// paged is a gateway with a page, and the address of that.
func paged(t *testing.T) (*gateway, string) {
	t.Helper()
	admin := freeAddress(t)
	all := lookedAt()
	all["get /inside"]["env"] = []string{"ADMIN=" + admin}
	return start(t, setup{top: keys{"admin": admin, "running": 8}, ops: all}), "http://" + admin
}

// visit asks for a path of the page as who has no browser does.
func visit(t *testing.T, method, target, form string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(form))
	check(t, err)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	check(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	return answer{status: resp.StatusCode, header: resp.Header, body: body}
}

var (
	tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)
	endedRow   = regexp.MustCompile(`<tbody role="rowgroup" id="e-[0-9a-f]`)
)

// pageToken is the token of the forms.
func pageToken(t *testing.T, page string) string {
	t.Helper()
	m := tokenField.FindSubmatch(visit(t, "GET", page, "").want(t, 200).body)
	if m == nil {
		t.Fatal("the page has no token")
	}
	return string(m[1])
}

// All that there is to know can be read where no script runs.
func TestPageIsReadable(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	g.get(t, "/fine").want(t, 200)
	g.get(t, "/fails").want(t, 500)
	g.get(t, "/a%3Cb%3E1").want(t, 200)
	h := g.hold(t, "GET", "/stays")
	var text string
	eventually(t, "the ended calls are shown", func() bool {
		text = string(visit(t, "GET", page+"/", "").want(t, 200).body)
		return len(endedRow.FindAllString(text, -1)) == 3
	})
	for _, want := range []string{
		`id="c-` + h.id + `"`, "running</span>", "1 of 8 places taken", "running 2, queued 3", "timeout 1h30m",
		"exit, code 3", "Error: ␛[31mno &lt;b&gt;table&lt;/b&gt;", "GET /a&lt;b&gt;{x}", "&lt;/code&gt;", "{{path.x}}", `<button name="how"`,
		"&lt;script&gt;document.title", "<title>" + g.name, "<td role=\"cell\" data-label=\"Answer\" data-f=\"status\">500</td>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, bad := range []string{"<script>", "<img", "<b>", "\x1b", secret} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	policy := visit(t, "GET", page+"/", "").header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for path, kind := range map[string]string{"/page/style.css": "text/css", "/page/script.js": "text/javascript"} {
		if a := visit(t, "GET", page+path, "").want(t, 200); !strings.HasPrefix(a.header.Get("Content-Type"), kind) {
			t.Errorf("%s is %s", path, a.header.Get("Content-Type"))
		}
	}
	visit(t, "GET", page+"/nothing", "").want(t, 404)
	visit(t, "GET", page+"/urprocs", "").want(t, 404)
	g.release(t, h.token)
	h.answer(t)
}

// What ends a call comes from the page itself, and from nowhere else.
func TestPageEndsCalls(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	h := g.hold(t, "GET", "/stays")
	form := func(token string) string { return url.Values{"token": {token}, "id": {h.id}, "how": {"term"}}.Encode() }
	token := pageToken(t, page)
	for what, status := range map[string]int{
		"no token":          visit(t, "POST", page+"/page/end", form("")).status,
		"a wrong token":     visit(t, "POST", page+"/page/end", form("A"+token)).status,
		"a foreign origin":  visit(t, "POST", page+"/page/end", form(token), "Origin: http://evil.example").status,
		"a cross-site post": visit(t, "POST", page+"/page/end", form(token), "Sec-Fetch-Site: cross-site").status,
		"by GET":            visit(t, "GET", page+"/page/end?"+form(token), "").status,
		"a foreign host":    visit(t, "POST", page+"/page/end", form(token), "Host: evil.example", "Origin: http://evil.example").status,
	} {
		if status != 403 && status != 405 && status != 421 {
			t.Errorf("%s: %d", what, status)
		}
	}
	visit(t, "GET", page+"/", "", "Host: evil.example").want(t, 421)
	if p := g.proc(t, h.id); p.State != "running" {
		t.Fatalf("the call is %s", p.State)
	}
	visit(t, "POST", page+"/page/end", form(token), "Origin: "+page, "Sec-Fetch-Site: same-origin").want(t, 303)
	if p := h.answer(t).wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGTERM" {
		t.Errorf("signal %v", p.Signal)
	}
	g.awaitState(t, h.id, "ended")
	visit(t, "POST", page+"/page/end", form(token)).want(t, 410)
	if len(g.logLines("an operator ends a call", h.id, "page")) != 1 {
		t.Error("the log does not say who has ended it")
	}
}

// The page is for those who may see /urprocs, and for whom they let in.
func TestPageWho(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	t.Run("a process of a request", func(t *testing.T) {
		t.Parallel()
		if a := g.get(t, "/inside").want(t, 200); !strings.HasSuffix(string(a.body), " 403") || !strings.Contains(string(a.body), "serves a request") {
			t.Errorf("told %s", short(a.body))
		}
	})
	link := strings.TrimSpace(g.cli(t, "page", "--socket", g.sock).want(t, 0, page+"/?key=").stdout)
	t.Run("another user", func(t *testing.T) {
		t.Parallel()
		if os.Getuid() != 0 {
			notrun.Here(t, "only root can become another user")
		}
		as := func(args ...string) string {
			cmd := exec.Command("curl", append([]string{"-s", "-o", "/dev/null", "-w", "%{http_code}"}, args...)...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			out, err := cmd.Output()
			check(t, err)
			return string(out)
		}
		if got := as(page + "/"); got != "403" {
			t.Errorf("without a link: %s", got)
		}
		if got := as(page + "/?key=guess"); got != "403" {
			t.Errorf("with a wrong one: %s", got)
		}
		if got := as("-L", "-c", "/dev/null", link); got != "200" {
			t.Errorf("with a link: %s", got)
		}
	})
	t.Run("probes are for everybody", func(t *testing.T) {
		t.Parallel()
		visit(t, "GET", page+"/healthz", "", "Host: pod.example").want(t, 200)
		visit(t, "GET", page+"/metrics", "", "Host: pod.example").want(t, 200)
	})
}

func TestNoPageWithoutAdmin(t *testing.T) {
	t.Parallel()
	g := start(t, setup{})
	g.cli(t, "page", "--socket", g.sock).want(t, 1, "404", "admin")
}

// pageEvent is a server-sent event.
type pageEvent struct{ kind, data string }

// watchPage opens a stream; what it says comes until the stream ends.
func watchPage(t *testing.T, page string) <-chan pageEvent {
	t.Helper()
	resp, err := http.Get(page + "/page/events")
	check(t, err)
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%s, %s", resp.Status, kind)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	events := make(chan pageEvent, 1000)
	go func() {
		defer close(events)
		in, kind := bufio.NewReader(resp.Body), ""
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch name {
			case "event":
				kind = value
			case "data":
				events <- pageEvent{kind, value}
			}
		}
	}()
	return events
}

// awaitEvent reads until an event of a kind says something.
func awaitEvent(t *testing.T, events <-chan pageEvent, kind, text string) string {
	t.Helper()
	for late := time.After(patience); ; {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the stream ended before %s %s", kind, text)
			}
			if e.kind == kind && strings.Contains(e.data, text) {
				return e.data
			}
		case <-late:
			t.Fatalf("nothing said %s %s", kind, text)
		}
	}
}

// Who watches sees calls come and go, and other configurations; a stop ends the stream.
func TestPageEvents(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	events := watchPage(t, page)
	awaitEvent(t, events, "now", `"running":[]`)
	h := g.hold(t, "GET", "/stays")
	awaitEvent(t, events, "now", `"id":"`+h.id+`"`)
	g.release(t, h.token)
	h.answer(t)
	var row struct{ How, Status, PID string }
	check(t, json.Unmarshal([]byte(awaitEvent(t, events, "ended", `"id":"`+h.id+`"`)), &row))
	if row.How != "exit, code 0" || row.Status != "502" || row.PID == "" {
		t.Errorf("%+v", row)
	}
	awaitEvent(t, events, "now", `"running":[]`)
	g.signal(syscall.SIGHUP)
	awaitEvent(t, events, "now", `"generation":2`)

	// While it stops, what still runs can be watched; then all streams end.
	last := g.hold(t, "GET", "/stays")
	g.signal(syscall.SIGTERM)
	awaitEvent(t, events, "now", "urocket is stopping")
	g.release(t, last.token)
	last.answer(t)
	for range events {
	}
	if code := g.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if lines := g.logLines("not everything stopped cleanly"); len(lines) > 0 {
		t.Errorf("the streams held up the stop: %s", lines)
	}
}
