package book

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
)

const patience = 30 * time.Second // to see that something hangs; nothing is judged by its speed

// session is a shell in which the blocks of a page are run, one after the other.
type session struct {
	base   string // a folder of its own: work, urocket (the sources), bin, home, tmp
	places places
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    output
	ended  chan struct{}
	dir    string // where the shell is
	blocks int
	serves int // services that it has started
}

// output is what the shell has printed and nobody has taken yet.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// endOfBlock is printed by the shell behind each block, with its exit code and the folder.
var endOfBlock = regexp.MustCompile("(?s)^(.*)\x1e(\\d+) ([^\x1e]*)\x1e\n$")

// take returns what was printed if a block has ended.
func (o *output) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := endOfBlock.FindStringSubmatch(o.text.String())
	if m != nil {
		o.text.Reset()
	}
	return m
}

// openSession starts a shell in the sources, or in an empty folder beside them.
func openSession(t *testing.T, inSources bool) *session {
	t.Helper()
	base, err := os.MkdirTemp("/tmp", "urbook-") // short: a socket's path holds 107 bytes
	check(t, err)
	t.Cleanup(func() { leftovers.Clear(base) })
	s := &session{base: base, places: places{base: base, have: map[string]string{}}, ended: make(chan struct{})}
	s.furnish(t)
	s.dir = filepath.Join(base, "work")
	if inSources {
		s.dir = filepath.Join(base, "urocket")
	}
	log, err := os.Create(s.logFile())
	check(t, err)
	defer log.Close()
	s.cmd = exec.Command("bash", "--norc", "-eu")
	s.cmd.Dir, s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.environment(), &s.out, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	s.cmd.WaitDelay = time.Second
	s.in, err = s.cmd.StdinPipe()
	check(t, err)
	check(t, s.cmd.Start())
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() { s.close(t) })
	return s
}

// furnish makes the folders of the session. The sources that are copied are those a page may name.
func (s *session) furnish(t *testing.T) {
	t.Helper()
	for _, sub := range []string{"work", "urocket/bin", "bin", "home", "tmp"} {
		check(t, os.MkdirAll(filepath.Join(s.base, sub), 0o755))
	}
	for _, sub := range []string{"examples", "scripts", "contrib"} {
		check(t, os.CopyFS(filepath.Join(s.base, "urocket", sub), os.DirFS(filepath.Join(root, sub))))
	}
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(s.base, "urocket", "Makefile"), text, 0o644))
	for _, bin := range []string{"bin", "urocket/bin"} {
		check(t, os.Symlink(program, filepath.Join(s.base, bin, "urocket")))
	}
	s.relocate(t, filepath.Join(s.base, "urocket"))
}

func (s *session) environment() []string {
	return []string{
		"PATH=" + filepath.Join(s.base, "bin") + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + filepath.Join(s.base, "home"),
		"TMPDIR=" + filepath.Join(s.base, "tmp"), "LANG=C.UTF-8", "TZ=UTC", "USER=reader",
	}
}

func (s *session) logFile() string { return filepath.Join(s.base, "stderr") }

// log is what was written to standard error, by urocket and by all else.
func (s *session) log() string {
	text, _ := os.ReadFile(s.logFile())
	return string(text)
}

// run runs a block and returns what it has printed, with the lines of HTTP ended as those of a text.
func (s *session) run(t *testing.T, b block) string {
	t.Helper()
	s.blocks++
	file := filepath.Join(s.base, fmt.Sprintf("block%d", s.blocks))
	check(t, os.WriteFile(file, []byte(s.places.here(b.text)), 0o600))
	how := ". " + file + " </dev/null\n"
	switch {
	case b.use == "run fails":
		how = "if . " + file + " </dev/null; then (exit 99); fi\n"
	case b.use == "run caller":
		how = "( . " + file + ` </dev/null >` + s.callerFile() + " ) &\n"
	case strings.HasPrefix(b.use, "serve "):
		how = s.serving(b.text)
	}
	_, err := io.WriteString(s.in, how+`printf '\036%d %s\036\n' $? "$PWD"`+"\n")
	m := s.out.take()
	for deadline := time.Now().Add(patience); m == nil && err == nil && !s.hasEnded(); m = s.out.take() {
		if time.Now().After(deadline) {
			s.stop()
			t.Fatalf("line %d has not ended within %v:\n%s\n%s", b.line, patience, b.text, tail(s.log()))
		}
		time.Sleep(5 * time.Millisecond)
	}
	if m == nil {
		t.Fatalf("line %d failed:\n%s\n%s", b.line, b.text, tail(s.log()))
	}
	s.dir = m[3]
	s.relocate(t, filepath.Join(s.base, "work"))
	s.relocate(t, filepath.Join(s.base, "home"))
	return strings.ReplaceAll(m[1], "\r\n", "\n")
}

// serving is a block that serves, in the background if it is not yet. What `make run` does first was done.
func (s *session) serving(text string) string {
	text = strings.ReplaceAll(s.places.here(text), "make run", "make -s -o setup -o build run")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last, _, _ := strings.Cut(lines[len(lines)-1], " #")
	lines[len(lines)-1] = strings.TrimRight(last, " &") + " </dev/null &"
	return strings.Join(lines, "\n") + "\n"
}

// waitServed waits until what serves a configuration answers on its socket.
func (s *session) waitServed(t *testing.T, config string) {
	t.Helper()
	s.serves++
	s.eventually(t, config+" is served", func() bool { return s.urocket("ps", "-c", config).Run() == nil })
}

// urocket is the program, run where the shell is.
func (s *session) urocket(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = s.dir, s.environment()
	return cmd
}

func (s *session) callerFile() string { return filepath.Join(s.base, "caller") }

func (s *session) eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) || s.hasEnded() {
			t.Fatalf("not within %v: %s; standard error:\n%s", patience, what, tail(s.log()))
		}
	}
}

func (s *session) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// stop ends a shell that does not go on, and all that it has started in its group: urocket as well, which at the
// second signal ends its calls at once.
func (s *session) stop() {
	for range 20 {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
		time.Sleep(time.Second / 2)
		if len(leftovers.Marked(s.base)) == 0 {
			return
		}
	}
}

// close ends what the page has left running and looks whether it leaves nothing.
func (s *session) close(t *testing.T) {
	_, _ = io.WriteString(s.in, "trap - EXIT; for job in $(jobs -rp); do kill $job; wait $job || true; done\n")
	_ = s.in.Close()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Error("the session does not end")
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.ended
	s.wantNothingLeft(t)
	if t.Failed() {
		t.Logf("standard error:\n%s", tail(s.log()))
	}
}

// places puts free addresses and sockets in place of those that a page names, always the same for the same.
type places struct {
	base string
	have map[string]string
}

var (
	address = regexp.MustCompile(`\b127\.0\.0\.1:[0-9]{4,5}\b`)
	socket  = regexp.MustCompile(`/tmp/[a-z-]+\.sock\b`)
)

func (p places) here(text string) string {
	text = socket.ReplaceAllStringFunc(text, func(path string) string { return filepath.Join(p.base, filepath.Base(path)) })
	return address.ReplaceAllStringFunc(text, func(old string) string {
		if p.have[old] == "" {
			p.have[old] = freeAddress()
			p.have[p.have[old]] = p.have[old]
		}
		return p.have[old]
	})
}

// freeAddress is one that nobody listens on; "" if there is none.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return ""
	}
	defer l.Close()
	return l.Addr().String()
}

// relocate does so in every configuration below a folder: the page may have had one written.
func (s *session) relocate(t *testing.T, folder string) {
	t.Helper()
	files := found(t, folder, ".yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		check(t, err)
		if moved := s.places.here(string(text)); moved != string(text) {
			check(t, os.WriteFile(file, []byte(moved), 0o600))
		}
	}
}

func tail(text string) string { return text[max(0, len(text)-4000):] }
