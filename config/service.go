package config

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/internal/suggest"
)

// The values that hold where the file says nothing (CONTRACT, section 2). Those
// of the words are the first of each choice.
const (
	defaultListen     = ":8080"
	defaultSocketMode = 0o660
	defaultMaxBody    = 10 * mib
	defaultRunning    = 64
	defaultQueued     = 256
	defaultQueueWait  = 10 * time.Second
	defaultDrain      = 25 * time.Second
	defaultTimeout    = 1000 * time.Millisecond
	defaultGrace      = 2 * time.Second
	defaultStatsWait  = 50 * time.Millisecond

	// minMemory is where exec itself begins to fail in ways that nobody
	// understands.
	minMemory = 8 * mib
)

// builder fills a Service from the file's root.
type builder struct {
	c        *collector
	folder   string // absolute, of the file
	service  *Service
	top      *scope
	defaults map[string]entry
}

func (b *builder) read(root *node) {
	b.top = &scope{c: b.c, own: keysOf(root, atTop, b.c)}
	b.service.lines = lines{top: b.top.own, paths: map[string]int{}, operations: map[string]operationLines{}}
	b.names(root)
	b.listeners()
	b.socket()
	b.document()
	b.places()
	b.cgroup()
	b.tls()
	b.readDefaults()
	b.paths()
	b.secretsPassed()
	b.inTheClear()
}

// names reads what is required and tells what is missing.
func (b *builder) names(root *node) {
	b.service.Name = b.top.text("servicename", "a name of small letters, digits and -")
	if b.service.Name != "" {
		b.judge("servicename", checkServiceName(b.service.Name))
	}
	for _, r := range []struct{ key, example string }{
		{"servicename", "petshop"}, {"socketpath", "/tmp/urocket.sock"}, {"openapi", "openapi.yaml"},
	} {
		if _, ok := b.top.find(r.key); !ok {
			b.c.fault(root.line, "%s is missing: write for example %s: %s", r.key, r.key, r.example)
		}
	}
}

// judge reports what a check has found wrong with the value of a top-level key.
func (b *builder) judge(key, wrong string) bool { return b.top.judge(key, wrong) }

func (b *builder) listeners() {
	s := b.service
	s.Listen = defaultListen
	port, hasPort := b.top.find("port")
	listen, hasListen := b.top.find("listen")
	if hasPort && hasListen {
		first, second := port, listen
		if first.line > second.line {
			first, second = second, first
		}
		b.c.fault(second.line, "port and listen (%s on line %d) exclude each other: leave one out", first.written, first.line)
	}
	if n := b.top.whole("port", 1, 65535); n != nil {
		s.Listen = ":" + strconv.Itoa(*n)
	}
	const what = "an address such as 127.0.0.1:8080"
	if hasListen {
		s.Listen = b.top.text("listen", what)
		b.judge("listen", checkAddress(s.Listen))
	}
	if s.Admin = b.top.text("admin", what); s.Admin != "" && b.judge("admin", checkAddress(s.Admin)) {
		b.admin()
	}
}

// admin keeps that listener from being open to others by accident: they have to be
// let in by an address that says so, and then it is warned of.
func (b *builder) admin() {
	e, _ := b.top.find("admin")
	host, port, _ := net.SplitHostPort(b.service.Admin)
	switch {
	case host == "":
		b.judge("admin", fmt.Sprintf("would be open to everybody: write 127.0.0.1:%s, or 0.0.0.0:%s if that is meant", port, port))
	case !onLoopback(b.service.Admin):
		b.c.warn(e.lineOf(), "admin: %s can be reached from outside this machine, and asks nobody who he is: let nobody through to it who is not to see it", b.service.Admin)
	}
}

// onLoopback says whether nobody outside this machine can reach an address.
func onLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (b *builder) socket() {
	s := b.service
	if path := b.top.text("socketpath", "a path such as /tmp/urocket.sock"); path != "" {
		s.SocketPath = absolute(b.folder, path)
		b.judge("socketpath", checkSocketPath(s.SocketPath))
	}
	s.SocketMode = defaultSocketMode
	if mode := b.top.octal("socketmode", "0660"); mode != nil {
		s.SocketMode = *mode
	}
	if name := b.top.text("socketgroup", "the name or number of a group"); name != "" {
		id, wrong := groupID(name)
		if b.judge("socketgroup", wrong) {
			s.SocketGroup = &id
		}
	}
}

func (b *builder) document() {
	s := b.service
	if path := b.top.text("openapi", "the path of an OpenAPI document"); path != "" {
		if file := absolute(b.folder, path); b.judge("openapi", checkFile(file)) {
			s.OpenAPI = file
		}
	}
	if e, ok := b.top.scalar("basepath", `a path such as /v1, or "" for none`); ok {
		base := strings.TrimRight(e.value.text, "/")
		b.judge("basepath", checkBasePath(base))
		s.BasePath = &base
	}
	b.security()
}

// places reads sizes, counts and times of the service as a whole.
func (b *builder) places() {
	s := b.service
	s.MaxBody = or(b.top.size("maxbody", 1), defaultMaxBody)
	s.Running = or(b.top.whole("running", 1, math.MaxInt32), defaultRunning)
	s.Queued = or(b.top.whole("queued", 0, math.MaxInt32), defaultQueued)
	s.QueueWait = b.top.duration("queuewait", defaultQueueWait)
	s.Drain = b.top.duration("drain", defaultDrain)
}

// cgroup is one word, or a map of a word and a parent directory.
func (b *builder) cgroup() {
	in := b.top
	e, ok := b.top.find("cgroup")
	if ok && e.value.kind == kindMapping {
		in = &scope{c: b.c, own: keysOf(e.value, inCgroup, b.c)}
		b.service.Cgroup = choose(in, "mode", CgroupAuto, CgroupRequired, CgroupOff)
		parent := in.text("parent", "the absolute path of a cgroup")
		if parent != "" && !strings.HasPrefix(parent, "/") {
			in.judge("parent", "is no absolute path: write for example /sys/fs/cgroup/urocket")
		}
		b.service.CgroupParent = parent
		return
	}
	b.service.Cgroup = choose(in, "cgroup", CgroupAuto, CgroupRequired, CgroupOff)
}

// readDefaults reads the flat map, once by itself, so that what is wrong in it
// is found even where no operation uses it.
func (b *builder) readDefaults() {
	m, ok := b.top.mapping("defaults")
	if !ok {
		return
	}
	b.defaults = keysOf(m, inDefaults, b.c)
	b.service.lines.defaults = b.defaults
	b.values(&Operation{}, &scope{c: b.c, defaults: b.defaults})
}

// paths reads every operation, those of a path that is wrong as well, since all
// faults are wanted at once.
func (b *builder) paths() {
	m, ok := b.top.mapping("paths")
	if !ok {
		if _, given := b.top.find("paths"); !given {
			b.c.warn(1, "there is no paths: every request is answered 501 or 404")
		}
		return
	}
	for _, p := range m.pairs {
		b.service.lines.paths[p.key] = p.line
		names, wrong := pathNames(p.key)
		if slices.Contains(verbs, p.key) {
			b.c.fault(p.line, "%s stands where paths do: indent it, and what belongs to it, below its path", p.key)
			continue
		}
		if wrong != "" {
			b.c.fault(p.line, "the path %q %s", p.key, wrong)
		}
		switch p.value.kind {
		case kindMapping:
			b.verbs(p, names)
		case kindBroken:
		case kindNull:
			b.c.warn(p.line, "the path %s has no verb below it: nothing is served there", p.key)
		default:
			b.c.fault(p.value.line, "the path %s wants verbs (get, post …) below it, found %s", p.key, p.value.describe())
		}
	}
}

func (b *builder) verbs(path pair, names []string) {
	for _, v := range path.value.pairs {
		if !slices.Contains(verbs, v.key) {
			b.c.fault(v.line, "unknown verb %q of %s%s", v.key, path.key, suggestVerb(v.key))
			if v.key = strings.ToLower(v.key); !slices.Contains(verbs, v.key) {
				continue
			}
		}
		switch v.value.kind {
		case kindBroken:
		case kindMapping:
			b.service.Operations = append(b.service.Operations, b.operation(path.key, names, v))
		default:
			b.c.fault(v.line, "%s of %s wants a map of keys with inject: {cmd: …} in it, found %s", v.key, path.key, v.value.describe())
		}
	}
}

func suggestVerb(verb string) string {
	small := strings.ToLower(verb)
	switch {
	case slices.Contains(verbs, small):
		return ": write " + small
	case slices.Contains(inOperation.keys, small):
		return ": it belongs to a verb: indent it below get, post or another"
	case slices.Contains(inInject.keys, small):
		return ": it belongs in inject, below a verb"
	}
	if near := suggest.Nearest(small, verbs); near != "" {
		return ": did you mean " + near + "?"
	}
	return ": it is one of " + strings.Join(verbs, ", ")
}

// or is the value that was read, or the one that holds without it.
func or[T any](read *T, otherwise T) T {
	if read == nil {
		return otherwise
	}
	return *read
}
