package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
)

// maxBody is the configuration's maxbody, in bytes.
const maxBody = 8 << 20

// soak is a run at one level.
type soak struct {
	t      *testing.T
	level  string
	seed   uint64
	length time.Duration
	dir    string // configuration, socket, logs, notes; marks all processes of the run
	name   string // servicename
	addr   string
	sock   string
	ops    []*operation
	noise  []byte // what payloads are made of

	script  script
	counted map[string]bool // request ids whose driver is counted
	worn    worn

	gate  *gate
	idle  pool
	sent  atomic.Int64 // calls so far, for tokens
	notes *notebook

	table    tally        // calls by operation and end
	events   tally        // what was done to the program
	faults   atomic.Int64 // how many were found
	hopeless atomic.Bool  // what is left would only be found again
	lives    int
	peak     atomic.Int64 // processes of scripts at once, as far as they were counted
	memory   memory
}

// newSoak prepares the files of a run.
func newSoak(t *testing.T, level string, length time.Duration) *soak {
	dir, err := os.MkdirTemp("/tmp", "ursoak-") // short: a socket's path holds 107 bytes
	check(t, err)
	check(t, os.Chmod(dir, 0o755))
	s := &soak{
		t: t, level: level, seed: *seed, length: length, dir: dir, name: "soak-" + strings.TrimPrefix(filepath.Base(dir), "ursoak-"),
		addr: freeAddress(t), sock: filepath.Join(dir, "u.sock"), gate: newGate(), counted: map[string]bool{},
	}
	t.Cleanup(func() {
		if *keep {
			t.Logf("kept: %s", dir)
			return
		}
		leftovers.Clear(dir)
	})
	for _, sub := range []string{"tmp", "bin", "handover", "stolen"} {
		check(t, os.Mkdir(s.path(sub), 0o755))
	}
	// Copies: another user may not be able to read where this is checked out.
	check(t, os.CopyFS(s.path("scripts"), os.DirFS("scripts")))
	for _, name := range []string{"urocket.php", "worker.php"} {
		helper, err := os.ReadFile("../../scripts/php/" + name)
		check(t, err)
		check(t, os.WriteFile(s.path("scripts", name), helper, 0o644))
	}
	sleep, err := os.Readlink("/bin/sleep") // busybox looks at the name it is called by
	if err != nil || !filepath.IsAbs(sleep) {
		sleep = "/bin/sleep"
	}
	check(t, os.Symlink(sleep, s.path("bin/sleep")))
	check(t, os.WriteFile(s.path("broken"), []byte("#!/nonexistent/interpreter\n"), 0o755))
	check(t, os.WriteFile(s.path("openapi.yaml"), []byte(document), 0o644))
	check(t, s.release(10))
	s.script.newest.Store(10)
	s.script.confirmed.Store(10)
	s.notes = newNotebook(t, s.path("notes"))
	s.noise = make([]byte, 2*maxBody+2_000_000)
	_, _ = rand.NewChaCha8([32]byte{byte(s.seed)}).Read(s.noise)
	s.ops = s.operations()
	return s
}

// operations are those of this level.
func (s *soak) operations() []*operation {
	all := append(onTheSocket(), append(printing(), edge()...)...)
	all = append(all, append(forked(forks), append(working(), shifting())...)...)
	if s.level == "cgroups" { // without, fork falls back to spare
		all = append(all, append(forked(spares), ownReplies())...)
	}
	if os.Getuid() == 0 {
		all = append(all, asAnother()...)
	}
	for _, o := range all {
		if o.inject != nil && !o.silent && o.driver != workers {
			o.inject.env("T={{query.t}}", "N={{query.n}}", "D="+s.dir)
		}
	}
	return all
}

// configuration is the text of the service's file at a generation. If it is bare,
// nothing is kept for the next call.
func (s *soak) configuration(generation int64, bare bool) []byte {
	file := keys{
		"servicename": s.name, "listen": s.addr, "socketpath": s.sock, "openapi": "openapi.yaml", "maxbody": maxBody,
		"running": 24, "queued": 30, "queuewait": "20s", "socketmode": "0666", "drain": "2s", "cgroup": "auto",
		"defaults": keys{"wd": s.path("scripts"), "timeout": "100s", "grace": "1s"}, "paths": nested(s.ops, generation, bare),
	}
	if s.level == "none" {
		file["cgroup"] = "off"
	}
	text, err := json.MarshalIndent(file, "", "  ") // JSON is YAML
	check(s.t, err)
	return []byte(strings.NewReplacer("@DIR@", s.dir, "@GENERATION@", fmt.Sprint(generation)).Replace(string(text)))
}

// run is the whole run: a tour of all operations without disturbance, the
// storm, and a look at what is left at the very end.
func (s *soak) run() {
	s.t.Logf("soak: level %s, seed %d, %v of load, %d requests a second", s.level, s.seed, s.length, *rate)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var others sync.WaitGroup
	others.Go(func() { s.repliers(ctx) })
	others.Go(func() { s.progress(ctx) })

	l := s.start(1)
	s.measure(l)
	s.reconfigure(l, false)
	s.tour(l)
	s.atRest(l)
	s.allDrivers()
	l = s.storm(l)
	s.atRest(l)
	l = s.goroutines(l)
	s.terminate(l, stopping)

	cancel()
	others.Wait()
	s.t.Log(s.summary())
}

// random is the source of choices for one of those who choose.
func (s *soak) random(who string, number int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s %d", s.level, who, number)
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

// fault reports what is wrong. After too many of them nothing more is learned.
func (s *soak) fault(format string, args ...any) {
	if n := s.faults.Add(1); n <= maxFaults {
		s.t.Errorf(format, args...)
	}
}

const maxFaults = 20

func (s *soak) path(elem ...string) string { return filepath.Join(append([]string{s.dir}, elem...)...) }

// freeAddress is an address that nobody else takes while the program is down: a
// port that the kernel has chosen, at a loopback address of our own.
func freeAddress(t *testing.T) string {
	host := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	l, err := net.Listen("tcp", host)
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds waits for what must come to be.
func holds(what func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if what() {
			return true
		}
	}
	return what()
}
