package e2e

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var logged = ops{
	"get /wait": waiting(nil),
	"get /out":  {"cmd": sh(`echo "line \"one\""; echo two >&2`), "reply": "stdout", "logstdout": true},
	"get /mute": {"cmd": sh("echo unheard"), "reply": "stdout"},
}

// Without a terminal each line of the log is a JSON object.
func TestLogJSON(t *testing.T) {
	t.Parallel()
	g := start(t, setup{ops: logged})
	g.get(t, "/out", "X-Request-Id: caller-1").want(t, 200)
	g.get(t, "/mute").want(t, 200)
	h := g.hold(t, "GET", "/wait")
	g.reply(t, h.id, "{}").want(t, 200)
	h.answer(t).want(t, 200)
	eventually(t, "the request is logged", func() bool { return len(g.logLines("caller-1", "200")) > 0 })
	eventually(t, "both streams are logged", func() bool { return len(g.logLines(`line \"one\"`)) > 0 && len(g.logLines("two")) > 0 })
	for line := range strings.Lines(g.log()) {
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	if len(g.logLines("unheard")) > 0 {
		t.Error("a line of stdout is in the log though logstdout is false")
	}
	if len(g.logLines(h.id)) == 0 {
		t.Error("no line carries the request id")
	}
}

// On a terminal the log is text; the original's line is there.
func TestLogText(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: logged})
	master, slave := terminal(t)
	g.launchOn(setup{}, slave)
	check(t, slave.Close())
	text := make(chan string, 1000)
	go func() { // ends with the terminal's last writer
		defer close(text)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			text <- string(buf[:n])
		}
	}()
	g.waitUp()
	h := g.hold(t, "GET", "/wait")
	g.reply(t, h.id, "{}").want(t, 200)
	h.answer(t).want(t, 200)
	g.get(t, "/out").want(t, 200)
	g.signal(unix.SIGTERM)
	if code := g.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var all strings.Builder
	for s := range text {
		all.WriteString(s)
	}
	if !strings.Contains(all.String(), "I stored the reqid :: "+h.id) {
		t.Errorf("the id is not told: %q", all.String())
	}
	if strings.HasPrefix(all.String(), "{") {
		t.Errorf("JSON on a terminal: %q", all.String())
	}
}

// terminal opens a pseudo terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	check(t, err)
	t.Cleanup(func() { _ = master.Close() })
	check(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	check(t, err)
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	return master, slave
}

func TestLogFlags(t *testing.T) {
	t.Parallel()
	t.Run("--log-format text", func(t *testing.T) {
		t.Parallel()
		g := start(t, setup{ops: logged, args: []string{"--log-format", "text"}})
		h := g.hold(t, "GET", "/wait")
		g.reply(t, h.id, "{}").want(t, 200)
		h.answer(t).want(t, 200)
		eventually(t, "the id is told", func() bool { return len(g.logLines("I stored the reqid :: "+h.id)) > 0 })
	})
	t.Run("--log-level error", func(t *testing.T) {
		t.Parallel()
		g := start(t, setup{ops: logged, args: []string{"--log-level", "error"}})
		g.get(t, "/mute").want(t, 200)
		if g.log() != "" {
			t.Errorf("the log holds %q", g.log())
		}
	})
}
