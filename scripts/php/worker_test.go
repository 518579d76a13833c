package php_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// phpWorker is a worker whose urocket this test plays.
type phpWorker struct {
	t    *testing.T
	cmd  *exec.Cmd
	line *os.File
	out  bytes.Buffer
	errs bytes.Buffer
}

// startWorker starts a handler, a PHP expression, and reads that it is ready.
func startWorker(t *testing.T, handler string, options ...string) *phpWorker {
	t.Helper()
	helper, err := filepath.Abs("worker.php")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "handler.php")
	text := "<?php\nrequire '" + helper + "';\nuse Urocket\\{Request, Response};\nUrocket\\serve(" + handler + ");\nfwrite(STDERR, 'cleaned up');\n"
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		t.Fatal(err)
	}
	w := &phpWorker{t: t, line: os.NewFile(uintptr(fds[0]), "worker")}
	theirs := os.NewFile(uintptr(fds[1]), "worker")
	w.cmd = exec.Command("php", append(options, script)...)
	w.cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "UROCKET_WORKER=3"}
	w.cmd.ExtraFiles = []*os.File{theirs}
	w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.errs
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close()
	t.Cleanup(func() { _ = w.cmd.Process.Kill(); _ = w.line.Close() })
	if head, body := w.read(); head["v"] != 1.0 || head["ready"] != true || body != "" {
		t.Fatalf("it says %v %q", head, body)
	}
	return w
}

// read reads a frame; nothing at the end.
func (w *phpWorker) read() (map[string]any, string) {
	w.t.Helper()
	_ = w.line.SetDeadline(time.Now().Add(30 * time.Second))
	var lengths [2]uint32
	if err := binary.Read(w.line, binary.BigEndian, &lengths); err == io.EOF {
		return nil, ""
	} else if err != nil {
		w.t.Fatalf("%v; stderr %s", err, w.errs.String())
	}
	both := make([]byte, lengths[0]+lengths[1])
	if _, err := io.ReadFull(w.line, both); err != nil {
		w.t.Fatal(err)
	}
	var head map[string]any
	if err := json.Unmarshal(both[:lengths[0]], &head); err != nil {
		w.t.Fatalf("%v in %q", err, both)
	}
	return head, string(both[lengths[0]:])
}

// send sends a request.
func (w *phpWorker) send(path, body string) {
	w.t.Helper()
	head := fmt.Sprintf(`{"v":1,"id":"id-%s","method":"POST","path":%q,"query":"","route":"/{x}","contenttype":"text/plain","params":{"n":7},`+
		`"headers":{"x-a":["1","2"]},"env":{"REQUEST_ID":"id-%s","X_%s":"only here"},"timeout_ms":5000,"deadline_ms":%d}`, path, path, path, strings.ToUpper(path), time.Now().Add(time.Minute).UnixMilli())
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(head)))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(body)))
	_ = w.line.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := w.line.Write(append(frame, head+body...)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *phpWorker) ask(path, body string) (map[string]any, string) {
	w.t.Helper()
	w.send(path, body)
	head, answer := w.read()
	if head == nil || head["id"] != "id-"+path {
		w.t.Fatalf("%s: %v", path, head)
	}
	return head, answer
}

// end closes the line and waits for the exit code.
func (w *phpWorker) end() int {
	w.t.Helper()
	_ = w.line.Close()
	hung := time.AfterFunc(30*time.Second, func() { _ = w.cmd.Process.Kill() })
	defer hung.Stop()
	_ = w.cmd.Wait()
	return w.cmd.ProcessState.ExitCode()
}

const everything = `function (Request $r) {
	switch ($r->path) {
		case 'string': return "as\x00it\xff is";
		case 'array': return ['a' => 1, 'u' => '/é', 'f' => 1.0];
		case 'object': return new ArrayObject(['x' => true]);
		case 'number': return 7;
		case 'false': return false;
		case 'response': return new Response('teapot', 418, ['X-A' => ['1', '2'], 'Content-Type' => 'text/plain']);
		case 'json': return Response::json([1], 201, ['Location' => '/x']);
		case 'recycle': return new Response('last', recycle: true);
		case 'echo': echo 'said '; print 'so'; return;
		case 'nothing': return;
		case 'both': echo 'aside'; return 'answer';
		case 'nested': ob_start(); echo 'inner'; return;
		case 'throw': throw new RuntimeException('it went wrong');
		case 'throw after echo': echo 'half'; throw new Error('half done');
		case 'not JSON': return ["\xff"];
		case 'warning': $undefined = $r->nothing ?? 1; echo $missing; return 'warned';
		case 'request': return ['m' => $r->method, 'n' => $r->param('n'), 'none' => $r->param('x', 'y'), 'h' => $r->header('X-A'), 'id' => getenv('REQUEST_ID'), 's' => $_SERVER['REQUEST_ID'],
			'body' => $r->body, 'type' => $r->contentType, 'left' => $r->timeLeft() > 1, 'route' => $r->route];
		case 'env': return [getenv('X_ENV'), $_SERVER['X_ENV'], getenv('X_REQUEST'), isset($_SERVER['X_REQUEST']), getenv('UROCKET_DEADLINE') > 0];
		case 'length': return (string) strlen($r->body);
		case 'md5': return md5($r->body);
		case 'large': return str_repeat('0123456789', 400000);
		case 'state': static $n = 0; return ++$n;
		case 'exit': echo 'never seen'; exit(7);
		case 'memory': return str_repeat('x', 1 << 40);
	}
}`

func TestWorkerAnswers(t *testing.T) {
	w := startWorker(t, everything)
	for _, c := range []struct{ path, head, body string }{
		{"string", `{"headers":{},"status":200}`, "as\x00it\xff is"},
		{"array", `{"headers":{"Content-Type":"application/json"},"status":200}`, `{"a":1,"u":"/é","f":1.0}`},
		{"object", `{"headers":{"Content-Type":"application/json"},"status":200}`, `{"x":true}`},
		{"number", `{"headers":{"Content-Type":"application/json"},"status":200}`, `7`},
		{"false", `{"headers":{"Content-Type":"application/json"},"status":200}`, `false`},
		{"response", `{"headers":{"Content-Type":"text/plain","X-A":["1","2"]},"status":418}`, "teapot"},
		{"json", `{"headers":{"Content-Type":"application/json","Location":"/x"},"status":201}`, "[1]"},
		{"recycle", `{"bye":true,"headers":{},"status":200}`, "last"},
		{"echo", `{"headers":{},"status":200}`, "said so"},
		{"nothing", `{"headers":{},"status":200}`, ""},
		{"both", `{"headers":{},"status":200}`, "answer"},
		{"nested", `{"headers":{},"status":200}`, "inner"},
		{"warning", `{"headers":{},"status":200}`, "warned"},
		{"request", `{"headers":{"Content-Type":"application/json"},"status":200}`, `{"m":"POST","n":7,"none":"y","h":"1","id":"id-request","s":"id-request","body":"b","type":"text/plain","left":true,"route":"/{x}"}`},
		{"env", `{"headers":{"Content-Type":"application/json"},"status":200}`, `["only here","only here",false,false,true]`},
	} {
		head, body := w.ask(c.path, "b")
		delete(head, "id")
		if got, _ := json.Marshal(head); string(got) != c.head || body != c.body {
			t.Errorf("%s: %s %q\nwant %s %q", c.path, got, body, c.head, c.body)
		}
	}
	for path, word := range map[string]string{"throw": "RuntimeException: it went wrong", "throw after echo": "Error: half done", "not JSON": "JsonException"} {
		head, body := w.ask(path, "")
		if text, _ := head["error"].(string); !strings.HasPrefix(text, word) || body != "" {
			t.Errorf("%s: %v %q", path, head, body)
		}
	}
	for i := 1; i < 4; i++ {
		if _, body := w.ask("state", ""); body != fmt.Sprint(i) {
			t.Errorf("state %q in request %d", body, i)
		}
	}
	big := strings.Repeat("abcdefgh", 1<<20)
	if _, body := w.ask("length", big); body != "8388608" {
		t.Errorf("of 8 MiB %s arrived", body)
	}
	if _, body := w.ask("large", ""); len(body) != 4_000_000 {
		t.Errorf("of 4 MB %d arrived", len(body))
	}
	if code := w.end(); code != 0 || w.out.String() != "aside" || !strings.HasSuffix(w.errs.String(), "cleaned up") || !strings.Contains(w.errs.String(), "$missing") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, w.out.String(), w.errs.String())
	}
}

// What ends PHP ends the worker: there is no answer, and an exit code.
func TestWorkerThatEnds(t *testing.T) {
	for path, want := range map[string]int{"exit": 7, "memory": 255} {
		w := startWorker(t, everything, "-d", "memory_limit=32M")
		w.send(path, "")
		if head, body := w.read(); head != nil {
			t.Errorf("%s: %v %q", path, head, body)
		}
		if code := w.end(); code != want {
			t.Errorf("%s: exit %d, want %d; %s", path, code, want, w.errs.String())
		}
	}
}

// Without php.ini PHP shows its errors on stdout: they are no part of the answer.
func TestWorkerWithoutConfiguration(t *testing.T) {
	w := startWorker(t, everything, "-n")
	if _, body := w.ask("warning", ""); body != "warned" {
		t.Errorf("%q", body)
	}
	if code := w.end(); code != 0 || w.out.Len() > 0 || !strings.Contains(w.errs.String(), "Undefined variable $missing") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, w.out.String(), w.errs.String())
	}
}

func TestWorkerByHand(t *testing.T) {
	out, err := exec.Command("php", "-r", "require 'worker.php'; Urocket\\serve(fn ($r) => 1);").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "urocket starts it (driver: worker)") {
		t.Errorf("%v: %s", err, out)
	}
}

// A worker that dies before it is ready has not ended well, whatever PHP says; and what is
// no worker of urocket's ends as it ends.
func TestWorkerThatDiesEarly(t *testing.T) {
	for code, want := range map[string]int{
		"require 'worker.php'; @fopen('/nowhere', 'r') or die('no database');":                                1,
		"require 'worker.php'; register_shutdown_function(fn () => print('tidied up')); throw new Exception;": 1,
		"die('no database');": 0,
	} {
		cmd := exec.Command("php", "-d", "display_errors=0", "-r", code)
		cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "UROCKET_WORKER=3"}
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want || strings.Contains(code, "tidied") && !strings.Contains(string(out), "tidied up") {
			t.Errorf("%s: exit code %d: %s", code, got, out)
		}
	}
	if out, err := exec.Command("php", "-r", "require 'worker.php'; echo 'x';").CombinedOutput(); err != nil || string(out) != "x" {
		t.Errorf("by hand: %v: %s", err, out)
	}
}
