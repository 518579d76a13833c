package frontserv

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/processctl/command"
	"github.com/urocket/urocket/visor"
)

const waitingDocument = `openapi: 3.0.3
info: {title: waiting, version: "1"}
paths:
  /x/{id}:
    post:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      requestBody:
        content: {application/json: {schema: {type: object, required: [a], properties: {a: {type: string, minLength: 2}}}}}
      responses: {"200": {description: fine}}
`

// serveWaiting serves an operation that has no place for anybody.
func serveWaiting(t testing.TB, callers int) (*net.TCPAddr, *visor.Visor, *Server) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte(waitingDocument), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, faults := command.Compile(command.Input{Words: []string{"/bin/cat", "{{path.id}}"}, PathNames: []string{"id"}, Dir: "/"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	e, check := Load(Options{Document: file, MaxBody: 1 << 20, SocketPath: "/tmp/x.sock", Env: []string{"PATH=/bin", "HOME=/root"}, Routes: []Route{{
		Path: "/x/{id}", Method: http.MethodPost, ValidateIn: true, Command: cmd, Dir: "/", Channel: Stdin, Timeout: time.Minute,
		Running: visor.NoLimit, Queued: visor.NoLimit,
	}}})
	if len(check.Faults) > 0 {
		t.Fatal(check.Faults)
	}
	v := visor.New(nil, visor.Limits{Running: 0, Queued: visor.NoLimit, QueueWait: time.Hour})
	s := New(v, slog.New(slog.DiscardHandler), e)
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.Serve(l, callers+1); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		v.Drain(context.Background(), nil)
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return l.Addr().(*net.TCPAddr), v, s
}

// call sends a request by the system calls alone, so that nothing of the caller
// counts as the server's.
func call(t testing.TB, to *net.TCPAddr) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"a":"some hundred bytes, as many requests have them: name, address, a number, what is wanted of it"}`
	text := fmt.Sprintf("POST /x/7 HTTP/1.1\r\nHost: gateway.example.org\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	addr := &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}
	if err := unix.Connect(fd, addr); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(fd, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return fd
}

// held is what is in use, in bytes.
func held() (heap, stacks int64) {
	var m runtime.MemStats
	for range 3 { // stacks shrink by half each time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

// waitingMemory is what each of n waiting callers costs, in bytes.
func waitingMemory(t testing.TB, n int) (heap, stacks int64) {
	t.Helper()
	to, v, _ := serveWaiting(t, n)
	heapBefore, stacksBefore := held()
	fds := make([]int, n)
	for i := range fds {
		fds[i] = call(t, to)
	}
	for len(v.Snapshots()) < n {
		time.Sleep(10 * time.Millisecond)
	}
	heap, stacks = held()
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
	return (heap - heapBefore) / int64(n), (stacks - stacksBefore) / int64(n)
}

// BenchmarkWaitingCallers reports what a caller costs who waits for a place.
func BenchmarkWaitingCallers(b *testing.B) {
	for _, n := range []int{1000, 9000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var heap, stacks int64
			for b.Loop() {
				heap, stacks = waitingMemory(b, n)
			}
			b.ReportMetric(float64(heap), "heap-B/caller")
			b.ReportMetric(float64(stacks), "stack-B/caller")
		})
	}
}

// A caller who waits holds no more than the documentation says, of which the
// buffers of net/http are 10 KiB.
func TestMemoryOfWaitingCallers(t *testing.T) {
	heap, stacks := waitingMemory(t, 1000)
	t.Logf("%d bytes of heap and %d of stacks for each", heap, stacks)
	if heap > 20<<10 || stacks > 16<<10 {
		t.Errorf("a waiting caller holds %d bytes of heap and %d of stacks", heap, stacks)
	}
}
