package e2e

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limitOf reads a soft and a hard limit of a running process.
func limitOf(t *testing.T, pid, resource int) unix.Rlimit {
	t.Helper()
	var l unix.Rlimit
	check(t, unix.Prlimit(pid, resource, nil, &l))
	return l
}

// urocket takes all the descriptors that it may; its processes get the limits
// that it was started with, also when it had to execute itself once more.
func TestDescriptorLimitIsNotInheritedRaised(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{"": nil, ", with a blocked signal": {"block:10"}} {
		t.Run("soft 300, hard 2000"+name, func(t *testing.T) {
			t.Parallel()
			show := []string{"/bin/sh", "-c", "ulimit -Sn; ulimit -Hn"}
			g := prepare(t, setup{ops: ops{
				"get /limits": {"cmd": show, "reply": "stdout"},
				"get /umask":  {"cmd": show, "reply": "stdout", "umask": "0077"}, // started another way
			}})
			g.launch(setup{via: append([]string{"launch", "nofile:300:2000"}, words...)})
			g.waitUp()
			if l := limitOf(t, g.pid(), unix.RLIMIT_NOFILE); l.Cur < 1999 || l.Max != 2000 {
				t.Errorf("urocket's own limit is %d of %d", l.Cur, l.Max)
			}
			g.get(t, "/limits").want(t, 200, "300\n2000\n")
			g.get(t, "/umask").want(t, 200, "300\n2000\n")
		})
	}
}

// A flood of connections waits to be accepted, and leaves the calls that run
// what they need: their replies come in, and new processes for their places.
func TestFloodOfConnections(t *testing.T) {
	t.Parallel()
	s := setup{top: keys{"running": 3, "queued": 50}, ops: ops{
		"get /wait": waiting(nil), "get /fine": {"cmd": "/bin/echo fine", "reply": "stdout"},
	}}
	g := prepare(t, s)
	g.launch(setup{via: []string{"launch", "nofile:240"}})
	g.waitUp()
	h := g.hold(t, "GET", "/wait")
	kept := g.connected(t)
	var idle []*wire
	for range 400 {
		idle = append(idle, g.dial(t).say("GET /hel"))
	}
	eventually(t, "the log says that connections wait", func() bool { return len(g.logLines("new connections wait")) == 1 })
	for range 20 { // over a connection that was there before
		request{path: "/fine"}.over(t, kept).want(t, 200, "fine\n")
	}
	g.reply(t, h.id, strings.Repeat("x", 1<<20)).want(t, 200)
	h.answer(t).want(t, 200)
	for _, w := range idle {
		check(t, w.Close())
	}
	g.get(t, "/fine").want(t, 200, "fine\n")
	check(t, kept.Close())
}

// A service that admits more callers than there are descriptors for says so.
func TestTooFewDescriptorsAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit int
		told  bool
	}{{1000, true}, {1200, false}} {
		g := prepare(t, setup{top: keys{"running": 60, "queued": 240}})
		g.launch(setup{via: []string{"launch", fmt.Sprintf("nofile:%d", c.limit)}})
		g.waitUp()
		if told := len(g.logLines(`"level":"WARN"`, "running: 60 and queued: 240", "LimitNOFILE", g.path("urocket-service.yaml"))) == 1; told != c.told {
			t.Errorf("with %d descriptors: told %v", c.limit, told)
		}
	}
}

// A script that connects to the socket again and again takes neither the
// descriptors nor the places that other calls reply with.
func TestHogOfTheReplySocket(t *testing.T) {
	t.Parallel()
	const connects = `use Socket; my $text = $ENV{TEXT} =~ s/ID/$ENV{REQUEST_ID}/r;
		for (1..200) { # of the 240 descriptors that it may have
			socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un($ENV{UROCKET_SOCKET})) or die "connect: $!";
			$SIG{PIPE} = "IGNORE"; syswrite($s, $text); push @s, $s;
		}
		open(my $f, ">", "ids/$ENV{T}"); close $f; select(undef, undef, undef, 0.05) until -e "marks/$ENV{T}"`
	hog := func(text string) keys {
		return keys{"cmd": []string{"/usr/bin/perl", "-e", connects}, "env": append([]string{"TEXT=" + text}, tenv...), "timeout": "10m"}
	}
	s := setup{top: keys{"running": 6, "queued": 50}, ops: ops{
		"get /silent":  hog(""),
		"get /begun":   hog("POST /urhttp/ID HT"),
		"get /replies": hog("POST /urhttp/ID HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"),
		"get /curl":    {"cmd": sh(curlReply + "-d fine >/dev/null"), "env": tenv},
		"get /wait":    waiting(nil),
	}}
	g := prepare(t, s)
	g.launch(setup{via: []string{"launch", "nofile:240"}})
	g.waitUp()
	h := g.hold(t, "GET", "/wait")
	half := g.dialBack(t).ask("POST /urhttp/"+h.id, "Content-Type: text/plain", "Content-Length: 4", "Expect: 100-continue")
	half.untilSeen("100 Continue\r\n\r\n") // so it is on its way
	half.say("ha")
	var hogs []*held
	for _, path := range []string{"/silent", "/begun", "/replies"} {
		h := g.begin(t, "GET", path)
		hogs = append(hogs, h)
		eventually(t, "it has all its connections", func() bool { return exists(g.path("ids", h.token)) })
		for range 5 {
			g.get(t, "/curl").want(t, 200, "fine")
		}
		if n := g.descriptors(); n > 200 {
			t.Errorf("%d descriptors are open", n)
		}
	}
	half.say("lf")
	half.answer("POST").want(t, 200)
	h.answer(t).want(t, 200, "half")
	if told := g.logLines("on the socket are closed for new ones"); len(told) != 1 {
		t.Errorf("the log says so %d times", len(told))
	}
	if lost := g.logLines("too many open files"); len(lost) > 0 {
		t.Errorf("descriptors have run out: %s", lost[0])
	}
	for _, h := range hogs {
		g.release(t, h.token)
		h.answer(t).want(t, 502)
	}
}

// Whoever reaches the admin listener takes no descriptors of the calls, and keeps nobody
// else out: not with connections that say nothing, or nothing more, nor with bodies that
// do not end.
func TestAdminConnectionsAreBounded(t *testing.T) {
	admin := freeAddress(t)
	g := start(t, setup{top: keys{"admin": admin}, ops: ops{"get /echo": {"cmd": "/bin/echo x", "reply": "stdout"}}})
	before := g.descriptors()
	const some = 300
	for i := range some {
		conn, err := net.Dial("tcp", admin)
		check(t, err)
		defer conn.Close()
		said := []string{
			"", "GET", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx",
		}[i%4]
		_, _ = io.WriteString(conn, said) // may be closed already
	}
	if n := g.descriptors() - before; n > 80 {
		t.Errorf("%d descriptors more", n)
	}
	if a := g.get(t, "/echo"); a.status != 200 {
		t.Errorf("a call: %d", a.status)
	}
	for range 5 {
		if a, err := (request{path: "/healthz"}).send("tcp", admin); err != nil || a.status != 200 {
			t.Errorf("a probe: %d, %v", a.status, err)
		}
	}
	conn, err := net.Dial("tcp", admin)
	check(t, err)
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx")
	check(t, err)
	text, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(text), "HTTP/1.1 405 ") || !strings.Contains(string(text), "Connection: close") {
		t.Errorf("%q", text)
	}
}
