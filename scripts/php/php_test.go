// Package php_test runs the PHP scripts of this folder with the real php: from a shell, as cron does, and against a reply
// socket that this test plays, with ext-curl and without it.
package php_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const requestID = "64ed1763-9ca9-4b95-b47f-75c1318b3462"

// post is what a script sent to the reply socket.
type post struct {
	path   string
	header http.Header
	body   string
}

// gateway plays urocket's reply socket: it keeps each post and answers it.
type gateway struct {
	socket string
	answer http.HandlerFunc // nil: 200 ok

	mu    sync.Mutex
	posts []post
}

func newGateway(t *testing.T, answer http.HandlerFunc) *gateway {
	t.Helper()
	g := &gateway{socket: filepath.Join(worldReadable(t), "u.sock"), answer: answer}
	l, err := net.Listen("unix", g.socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(g.socket, 0o666); err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	g.posts = append(g.posts, post{r.Method + " " + r.URL.Path, r.Header.Clone(), string(body)})
	g.mu.Unlock()
	if g.answer != nil {
		g.answer(w, r)
		return
	}
	_, _ = io.WriteString(w, "ok")
}

// only returns the one post that the script must have sent.
func (g *gateway) only(t *testing.T) post {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.posts) != 1 {
		t.Fatalf("the script posted %d times, want once: %v", len(g.posts), g.posts)
	}
	return g.posts[0]
}

func (g *gateway) env() []string {
	return []string{"REQUEST_ID=" + requestID, "UROCKET_SOCKET=" + g.socket}
}

// worldReadable is a temporary folder that other users may enter, which t.TempDir's parent keeps them from.
func worldReadable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "urphp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// refuseEarly is a socket that answers 413 and closes once it has read the first bytes of a request.
func refuseEarly(t *testing.T) string {
	t.Helper()
	return raw(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 100))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large")
	})
}

// silent is a socket that takes a request and never answers it.
func silent(t *testing.T) string {
	t.Helper()
	return raw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// raw is a socket that treats every connection as f does, then closes it.
func raw(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	socket := filepath.Join(worldReadable(t), "u.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				f(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return socket
}

// script is one run of a program of this folder.
type script struct {
	args  []string // php and its arguments
	env   []string // beside PATH
	stdin string
	dir   string // default: this folder

	stdinEmpty bool // a pipe that ends at once, not /dev/null
	cred       *syscall.Credential
}

type result struct {
	stdout, stderr string
	code           int
}

func (s script) run(t *testing.T) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, s.env...)
	if s.cred != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	}
	if s.stdin != "" || s.stdinEmpty {
		cmd.Stdin = strings.NewReader(s.stdin)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("cannot start %q: %v", s.args, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// code runs PHP code that has urocket.php included.
func code(php []string, body string, env []string) script {
	return script{args: append(php, "-r", `require "urocket.php"; `+body), env: env}
}

// eachPHP runs a test with ext-curl and, without any php.ini, with the stream socket.
func eachPHP(t *testing.T, f func(t *testing.T, php []string)) {
	for name, php := range map[string][]string{"curl": {"php"}, "stream": {"php", "-n"}} {
		t.Run(name, func(t *testing.T) {
			probe := script{args: append(php, "-r", `echo extension_loaded("curl") ? "curl" : "stream";`)}.run(t)
			if probe.stdout != name {
				t.Fatalf("%q has %s, want %s: run scripts/setup.sh test", php, probe.stdout, name)
			}
			f(t, php)
		})
	}
}
