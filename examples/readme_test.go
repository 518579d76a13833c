package examples_test

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// block is a fenced block of a page. The words after its language say what it is for:
//
//	run            is run, and has to end well
//	answer         is what the block before printed; … stands for any text
//	run caller     is started and left waiting for its answer
//	answer caller  is what the caller printed in the end
type block struct {
	line int
	use  string
	text string
}

func readmeBlocks(t *testing.T) []block { return blocksOf(t, "../README.md") }

func blocksOf(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	check(t, err)
	var blocks []block
	open := false
	for i, line := range strings.Split(string(text), "\n") {
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && !open:
			_, use, _ := strings.Cut(info, " ")
			blocks = append(blocks, block{line: i + 1, use: use})
			open = true
		case fence:
			open = false
		case open:
			blocks[len(blocks)-1].text += line + "\n"
		}
	}
	return blocks
}

// printedID is a request id in the README, in place of which its reader puts the one of the log.
var printedID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

var loggedID = regexp.MustCompile(`I stored the reqid :: ([0-9a-f-]{36})`)

// TestReadme does what the README says, in its order: each shell block is run and each answer compared.
func TestReadme(t *testing.T) {
	s := openShop(t)
	var last string
	var w *waiting
	runs, answers := 0, 0
	for _, b := range readmeBlocks(t) {
		switch b.use {
		case "run":
			runs++
			released := w != nil && printedID.MatchString(b.text)
			if released {
				b.text = printedID.ReplaceAllString(b.text, w.id)
			}
			last = s.sh(t, b.text)
			if w != nil && !released && w.hasEnded() {
				t.Errorf("README line %d: the caller should still be waiting; it got %q", b.line, w.stdout.String())
			}
		case "answer":
			answers++
			wantAnswer(t, b, last)
		case "run caller":
			w = s.leaveWaiting(t, b.text)
		case "answer caller":
			wantAnswer(t, b, w.end(t))
			w = nil
		}
	}
	if runs < 5 || answers < 5 {
		t.Errorf("%d blocks run, %d answers compared: is the README still marked?", runs, answers)
	}
}

// wantAnswer compares what was printed with an answer block.
func wantAnswer(t *testing.T, b block, got string) {
	t.Helper()
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(b.text)), "…", "(?s:.*)")
	if !regexp.MustCompile(`^` + pattern + `$`).MatchString(strings.TrimSpace(got)) {
		t.Errorf("line %d shows\n%s\nbut the answer is\n%s", b.line, b.text, got)
	}
}

// waiting is a caller whose request is open.
type waiting struct {
	id     string
	stdout bytes.Buffer // to be read once it has ended
	ended  chan struct{}
}

// leaveWaiting starts a block and waits until the log says which request it made.
func (s *shop) leaveWaiting(t *testing.T, text string) *waiting {
	t.Helper()
	w := &waiting{ended: make(chan struct{})}
	before := len(loggedID.FindAllString(s.log.String(), -1))
	ctx, cancel := context.WithCancel(t.Context())
	cmd := s.command(ctx, text)
	cmd.Stdout = &w.stdout
	check(t, cmd.Start())
	go func() {
		defer close(w.ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		<-w.ended
	})
	s.eventually(t, "the log names the request", func() bool {
		ids := loggedID.FindAllStringSubmatch(s.log.String(), -1)
		if len(ids) > before {
			w.id = ids[len(ids)-1][1]
		}
		return w.id != ""
	})
	return w
}

func (w *waiting) hasEnded() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// end waits for the caller's end and returns what it printed.
func (w *waiting) end(t *testing.T) string {
	t.Helper()
	select {
	case <-w.ended:
	case <-time.After(patience):
		t.Fatal("the caller is still waiting")
	}
	return strings.ReplaceAll(w.stdout.String(), "\r\n", "\n")
}
