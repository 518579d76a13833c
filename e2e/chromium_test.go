package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// chromium is a browser without a window, told what to do by its DevTools protocol
// on a pipe (https://chromedevtools.github.io/devtools-protocol), one page in it.
type chromium struct {
	t    *testing.T
	to   *os.File
	page string // the session of the page

	mu      sync.Mutex
	last    int
	answers map[int]chan message
	said    []string // what went wrong in the page, by the browser's console
}

// message is one of the protocol's, of either direction.
type message struct {
	ID        int             `json:"id,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// noBus is what chromium says where there is no D-Bus, which it does not need.
var noBus = regexp.MustCompile(`(?m)^.*ERROR:dbus.*\n`)

// browse starts a browser with an empty page; it ends with the test.
func browse(t *testing.T) *chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		notrun.Here(t, "there is no chromium")
	}
	in, to, err := os.Pipe()
	check(t, err)
	from, out, err := os.Pipe()
	check(t, err)
	home, err := os.MkdirTemp("", "chromium-") // not t.TempDir: it is still written to while the last of its processes end
	check(t, err)
	var errs bytes.Buffer
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--force-color-profile=srgb",
		"--user-data-dir="+filepath.Join(home, "profile"), "--remote-debugging-pipe", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+home)
	cmd.ExtraFiles = []*os.File{in, out} // 3 and 4
	cmd.Stderr, cmd.WaitDelay = &errs, time.Second
	check(t, cmd.Start())
	_, _ = in.Close(), out.Close()
	c := &chromium{t: t, to: to, answers: map[int]chan message{}}
	var reading sync.WaitGroup
	reading.Go(func() { c.read(from) })
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_, _ = to.Close(), from.Close()
		reading.Wait()
		for range 50 { // its children follow it
			if os.RemoveAll(home) == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if t.Failed() {
			t.Logf("chromium: %s\nits console: %q", tail(noBus.ReplaceAllString(errs.String(), ""), 2000), c.said)
		}
	})
	c.open()
	return c
}

// open attaches to the page.
func (c *chromium) open() {
	c.t.Helper()
	var target struct{ TargetID string }
	c.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	c.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	c.page = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		c.call(c.page, domain+".enable", nil, nil)
	}
}

// read hands out answers, and keeps complaints, until the browser ends.
func (c *chromium) read(from *os.File) {
	in := bufio.NewReader(from)
	for {
		text, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m) != nil {
			continue
		}
		c.mu.Lock()
		if m.Method == "Runtime.exceptionThrown" || m.Method == "Log.entryAdded" {
			c.said = append(c.said, string(m.Params))
		}
		answer := c.answers[m.ID]
		delete(c.answers, m.ID)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

// complaints are what went wrong in the page until now.
func (c *chromium) complaints() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.said...)
}

// call has a command carried out; result may be nil.
func (c *chromium) call(session, method string, params, result any) {
	c.t.Helper()
	if err := c.try(session, method, params, result); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

func (c *chromium) try(session, method string, params, result any) error {
	given, err := json.Marshal(params)
	if err != nil {
		return err
	}
	if params == nil {
		given = nil
	}
	answer := make(chan message, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.answers[id] = answer
	c.mu.Unlock()
	text, err := json.Marshal(message{ID: id, Method: method, Params: given, SessionID: session})
	if err != nil {
		return err
	}
	if _, err := c.to.Write(append(text, 0)); err != nil {
		return err
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return errors.New(m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-time.After(patience):
		return fmt.Errorf("no answer within %v", patience)
	}
}

// visit goes to an address.
func (c *chromium) visit(address string) {
	c.t.Helper()
	var went struct{ ErrorText string }
	c.call(c.page, "Page.navigate", map[string]any{"url": address}, &went)
	if went.ErrorText != "" {
		c.t.Fatalf("visit %s: %s", address, went.ErrorText)
	}
	c.await("the page is there", `document.readyState === "complete" && location.href !== "about:blank"`)
}

// eval evaluates an expression in the page, into result.
func (c *chromium) eval(expression string, result any) {
	c.t.Helper()
	if err := c.tryEval(expression, result); err != nil {
		c.t.Fatalf("%s: %v", expression, err)
	}
}

func (c *chromium) tryEval(expression string, result any) error {
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	if err := c.try(c.page, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got); err != nil {
		return err
	}
	if got.ExceptionDetails != nil {
		return errors.New(string(got.ExceptionDetails))
	}
	return json.Unmarshal(got.Result.Value, result)
}

// await waits until an expression is true in the page, which may be loading.
func (c *chromium) await(what, expression string) {
	c.t.Helper()
	eventually(c.t, what, func() bool {
		var is bool
		return c.tryEval("Boolean("+expression+")", &is) == nil && is
	})
}

// click presses the mouse in the middle of the element that a selector finds, as a
// hand does: what covers it is hit in its place.
func (c *chromium) click(selector string) {
	c.t.Helper()
	var at struct{ X, Y float64 }
	c.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect(); return {X: r.x + r.width / 2, Y: r.y + r.height / 2}; })()`, selector), &at)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		c.call(c.page, "Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}, nil)
	}
}

// screen sets the size of the page, in CSS pixels, and its colours: light or dark.
func (c *chromium) screen(width, height int, scale float64, colours string) {
	c.t.Helper()
	c.call(c.page, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}, nil)
	c.call(c.page, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": colours}}}, nil)
}

// picture is what is seen, as PNG.
func (c *chromium) picture() []byte {
	c.t.Helper()
	var shot struct{ Data string }
	c.call(c.page, "Page.captureScreenshot", map[string]any{"format": "png", "optimizeForSpeed": false}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	check(c.t, err)
	return png
}
