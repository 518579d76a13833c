package book

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/urocket/urocket/e2e/leftovers"
	"github.com/urocket/urocket/internal/notrun"
)

// TestPages does what each page says, in its order.
func TestPages(t *testing.T) {
	for _, p := range pages(t) {
		if slices.ContainsFunc(p.blocks, block.isRun) {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				follow(t, p)
			})
		}
	}
}

// reader is who follows a page.
type reader struct {
	*session
	printed string   // by the last block
	waiting string   // the id of the request on which a caller waits; "": nobody waits
	configs []string // whole configurations that the page has written, and where
}

// pageWants names the programs that a page cannot be followed without, but for those that every test wants.
var pageWants = regexp.MustCompile(`\b(openssl|python3|perl)\b`)

func follow(t *testing.T, p page) {
	r := &reader{session: openSession(t, !strings.HasPrefix(p.name, "docs/"))}
	for _, b := range p.blocks {
		for _, name := range pageWants.FindAllString(b.text, -1) {
			if b.isRun() && !r.has(name) {
				notrun.Here(t, "no "+name)
			}
		}
	}
	for _, b := range p.blocks {
		r.do(t, b)
	}
	for _, config := range r.configs {
		dry := r.urocket("dry", "-c", config)
		dry.Dir = filepath.Dir(config)
		if out, err := dry.CombinedOutput(); err != nil {
			t.Errorf("%s is not served: %v\n%s", config, err, out)
		}
	}
}

// do does what one block is there for.
func (r *reader) do(t *testing.T, b block) {
	t.Helper()
	if name, ok := b.isFile(); ok {
		r.write(t, name, b)
		return
	}
	switch config, serves := strings.CutPrefix(b.use, "serve "); {
	case b.use == "run caller":
		r.leaveWaiting(t, b)
	case serves:
		counted.note(b)
		r.run(t, b)
		r.waitServed(t, config)
	case b.isRun():
		counted.note(b)
		released := r.waiting != "" && requestID.MatchString(b.text)
		if released {
			b.text = requestID.ReplaceAllString(b.text, r.waiting)
		}
		r.printed = r.run(t, b)
		if answer := r.callersAnswer(); r.waiting != "" && !released && answer != "" {
			t.Errorf("line %d: the caller should still be waiting; it got %q", b.line, answer)
		}
	case b.use == "answer":
		r.wantAnswer(t, b, r.printed)
	case b.use == "answer caller":
		r.eventually(t, "the caller has its answer", func() bool { return r.callersAnswer() != "" })
		r.wantAnswer(t, b, r.callersAnswer())
		r.waiting = ""
	}
}

func (r *reader) write(t *testing.T, name string, b block) {
	t.Helper()
	file := filepath.Join(r.dir, name)
	check(t, os.MkdirAll(filepath.Dir(file), 0o755))
	check(t, os.WriteFile(file, []byte(r.places.here(b.text)), 0o755))
	if isConfiguration(b) {
		r.configs = append(r.configs, file)
	}
}

var (
	requestID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	storedID  = regexp.MustCompile(`I stored the reqid :: ([0-9a-f-]{36})`)
)

// leaveWaiting runs a caller and waits until the log says which request it has made.
func (r *reader) leaveWaiting(t *testing.T, b block) {
	t.Helper()
	counted.note(b)
	before := len(storedID.FindAllString(r.log(), -1))
	r.run(t, b)
	r.eventually(t, "the log names the request", func() bool {
		ids := storedID.FindAllStringSubmatch(r.log(), -1)
		if len(ids) > before {
			r.waiting = ids[len(ids)-1][1]
		}
		return len(ids) > before
	})
}

func (r *reader) callersAnswer() string {
	text, _ := os.ReadFile(r.callerFile())
	return string(text)
}

// wantAnswer compares what was printed with what the page shows.
func (r *reader) wantAnswer(t *testing.T, b block, got string) {
	t.Helper()
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(r.places.here(b.text))), "…", "(?s:.*)")
	if !regexp.MustCompile(`^` + pattern + `$`).MatchString(strings.TrimSpace(got)) {
		t.Errorf("line %d shows\n%s\nbut the answer is\n%s", b.line, b.text, got)
	}
}

func (s *session) has(name string) bool {
	for _, folder := range []string{"/usr/local/bin", "/usr/bin", "/bin"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return true
		}
	}
	return false
}

// stopped is what a service logs last, in either format.
var stopped = regexp.MustCompile(`(?m)(msg=|"msg":")stopped"?[ ,]"?code"?[=:]0\b`)

// wantNothingLeft looks for processes, groups and sockets of the page, when its shell has ended.
func (s *session) wantNothingLeft(t *testing.T) {
	t.Helper()
	for _, pid := range leftovers.Marked(s.base) {
		t.Errorf("%d is left: %s", pid, leftovers.CommandLine(pid))
		_ = syscall.Kill(pid, syscall.SIGKILL) // it bears our mark, so it is ours
	}
	for _, file := range leftovers.Files(s.base) {
		if info, err := os.Lstat(file); err == nil && info.Mode()&fs.ModeSocket != 0 {
			t.Errorf("%s is left", file)
		}
	}
	if clean := stopped.FindAllString(s.log(), -1); len(clean) != s.serves && !t.Failed() {
		t.Errorf("%d of %d services have stopped with code 0", len(clean), s.serves)
	}
	for _, m := range regexp.MustCompile(`/urocket-[a-z0-9-]+\.[0-9]+\b`).FindAllString(s.log(), -1) {
		if groups := leftovers.Groups(m); len(groups) > 0 {
			t.Errorf("cgroups are left: %q", groups)
		}
	}
}

// found lists the files below a folder whose names end so.
func found(t *testing.T, folder, end string) []string {
	t.Helper()
	var files []string
	for _, file := range leftovers.Files(folder) {
		if strings.HasSuffix(file, end) {
			files = append(files, file)
		}
	}
	return files
}
