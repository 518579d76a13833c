package software

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// TestSoftware makes the calls of each program under each driver. What they
// answer is looked at each time, and is the same each time.
func TestSoftware(t *testing.T) {
	if _, err := exec.LookPath("php"); err != nil {
		notrun.Here(t, "no php")
	}
	before := map[string]string{}
	for _, driver := range []string{"spawn", "fork"} {
		t.Run(driver, func(t *testing.T) {
			g := serve(t, driver)
			for _, p := range programs {
				t.Run(p.name, func(t *testing.T) {
					if _, err := os.Stat(p.file); err != nil {
						notrun.Here(t, p.file+" is not installed; scripts/setup.sh test installs it")
					}
					for _, c := range p.idle {
						g.awaitDriver(t, c)
					}
					for i, c := range p.calls {
						key := fmt.Sprintf("%s %d", p.name, i)
						before[key] = g.judge(t, c, before[key])
					}
				})
			}
		})
	}
}

// judge makes a call, demands what it should answer, and that it is what was
// answered under another driver, if it was asked. It returns the answer.
func (g *gateway) judge(t *testing.T, c call, before string) string {
	t.Helper()
	a := g.send(t, c)
	if a.status != c.status {
		t.Fatalf("%s %s: status %d, want %d: %s", c.method, c.path, a.status, c.status, a.body)
	}
	for _, want := range c.want {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s %s: the answer lacks %s:\n%s", c.method, c.path, want, a.body)
		}
	}
	for name, want := range c.files {
		text, err := os.ReadFile(g.path(name))
		if err != nil || string(text) != want {
			t.Errorf("%s %s: the file %s is %q (%v), want %q", c.method, c.path, name, text, err, want)
		}
	}
	got := g.normal(a)
	if before != "" && got != before {
		t.Errorf("%s %s; under another driver before:\n%s\nunder %s:\n%s", c.method, c.path, before, g.driver, got)
	}
	return got
}

// answer is what a caller gets.
type answer struct {
	status int
	kind   string // Content-Type
	body   string
}

func (g *gateway) send(t *testing.T, c call) answer {
	t.Helper()
	req, err := http.NewRequest(c.method, "http://"+g.addr+"/v1"+c.path, strings.NewReader(c.body))
	check(t, err)
	for _, h := range c.header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	check(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), string(text)}
}

// differs is what two answers to the same call need not have in common: ids,
// figures, names of payload files.
var differs = regexp.MustCompile(`"request_id":"[^"]*"|"stats":\{[^}]*\}|(@DIR@/tmp)?[a-z0-9/-]*/urocket-payload-[a-z0-9]+`)

func (g *gateway) normal(a answer) string {
	return fmt.Sprintf("%d %s\n%s", a.status, a.kind, differs.ReplaceAllString(strings.ReplaceAll(a.body, g.dir, "@DIR@"), "…"))
}

// awaitDriver makes a call that changes nothing until its process is made by the
// driver: the first ones may find it still at its start.
func (g *gateway) awaitDriver(t *testing.T, c call) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		g.send(t, c)
		by := g.lastDriver(t)
		if by == g.driver {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s %s: its processes are made by %q, not by %s", c.method, c.path, by, g.driver)
		}
	}
}

// lastDriver is what made the process of the call before.
func (g *gateway) lastDriver(t *testing.T) string {
	t.Helper()
	text, err := g.back("/urprocs")
	check(t, err)
	var list struct{ Processes []struct{ Driver string } }
	check(t, json.Unmarshal([]byte(text), &list))
	if len(list.Processes) == 0 {
		t.Fatalf("/urprocs knows of no process: %s", text)
	}
	if by := list.Processes[len(list.Processes)-1].Driver; by != "" {
		return by
	}
	return "spawn"
}
