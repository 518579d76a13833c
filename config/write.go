package config

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urocket/urocket/internal/display"
)

// WriteYAML writes the service as it is understood: every key that has a value,
// defaults included, each operation in full, paths absolute. The result is a
// urocket-service.yaml that loads to an equal Service.
func (s *Service) WriteYAML(w io.Writer) error {
	p := &printer{}
	p.service(s)
	p.put("paths", "")
	for i, o := range s.Operations {
		if i == 0 || s.Operations[i-1].Path != o.Path {
			p.depth = 1
			p.put(plainOrQuoted(o.Path), "")
		}
		p.depth = 2
		p.operation(o)
	}
	if _, err := w.Write(p.out.Bytes()); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// printer writes keys at a depth.
type printer struct {
	out   bytes.Buffer
	depth int
}

// put writes a key and a value that is YAML already; "" begins a map.
func (p *printer) put(key, value string) {
	if value != "" {
		value = " " + value
	}
	fmt.Fprintf(&p.out, "%s%s:%s\n", strings.Repeat("  ", p.depth), key, value)
}

// text writes a string, or nothing where there is none.
func (p *printer) text(key, value string) {
	if value != "" {
		p.put(key, quoted(value))
	}
}

func (p *printer) list(key string, values []string) {
	if values != nil {
		p.put(key, quotedList(values))
	}
}

func (p *printer) flag(key string, value bool)          { p.put(key, strconv.FormatBool(value)) }
func (p *printer) time(key string, value time.Duration) { p.put(key, display.Duration(value)) }
func (p *printer) size(key string, value int64)         { p.put(key, formatSize(value)) }
func (p *printer) mode(key string, value fs.FileMode)   { p.put(key, fmt.Sprintf(`"%04o"`, value)) }
func (p *printer) whole(key string, value int)          { p.put(key, strconv.Itoa(value)) }

// optional writes a key that may have no value.
func optional[T any](put func(string, T), key string, value *T) {
	if value != nil {
		put(key, *value)
	}
}

// written writes a key whose zero means that it was not written.
func written[T comparable](put func(string, T), key string, value T) {
	var zero T
	if value != zero {
		put(key, value)
	}
}

// address writes a port of every interface as a port, which is how the default is
// known. Port 0 and 08080 are of listen alone.
func (p *printer) address(listen string) {
	port, everywhere := strings.CutPrefix(listen, ":")
	if n, err := strconv.Atoi(port); everywhere && err == nil && n > 0 && strconv.Itoa(n) == port {
		p.whole("port", n)
		return
	}
	p.text("listen", listen)
}

func (p *printer) service(s *Service) {
	p.text("servicename", s.Name)
	p.address(s.Listen)
	p.text("socketpath", s.SocketPath)
	p.mode("socketmode", s.SocketMode)
	optional(p.whole, "socketgroup", s.SocketGroup)
	p.text("openapi", s.OpenAPI)
	if s.BasePath != nil {
		p.put("basepath", quoted(*s.BasePath))
	}
	p.text("admin", s.Admin)
	p.security(s)
	p.tls(s.TLS)
	p.size("maxbody", s.MaxBody)
	p.whole("running", s.Running)
	p.whole("queued", s.Queued)
	p.time("queuewait", s.QueueWait)
	p.time("drain", s.Drain)
	if s.CgroupParent == "" {
		p.put("cgroup", string(s.Cgroup))
	} else {
		p.put("cgroup", fmt.Sprintf("{mode: %s, parent: %s}", s.Cgroup, quoted(s.CgroupParent)))
	}
}

func (p *printer) operation(o *Operation) {
	p.put(strings.ToLower(o.Method), "")
	p.depth++
	p.flag("validatein", o.ValidateIn)
	p.flag("validateout", o.ValidateOut)
	if o.Driver != DriverWorker {
		p.put("reply", string(o.Reply))
		p.text("contenttype", o.ContentType)
		p.put("onexit", string(o.OnExit))
		p.put("replyfrom", string(o.ReplyFrom))
	}
	p.flag("logstdout", o.LogStdout)
	p.flag("stats", o.Stats)
	p.time("statswait", o.StatsWait)
	p.put("ondisconnect", string(o.OnDisconnect))
	optional(p.whole, "running", o.Running)
	optional(p.whole, "queued", o.Queued)
	p.put("inject", "")
	p.depth++
	p.inject(o)
	p.depth--
	p.put("limits", "")
	p.depth++
	p.limits(&o.Limits)
}

func (p *printer) inject(o *Operation) {
	p.text("wd", o.Dir)
	p.list("env", o.Env)
	p.list("passenv", o.PassEnv)
	p.text("cmd", o.line)
	p.list("cmd", o.args)
	if o.Driver != DriverWorker {
		p.put("channel", string(o.Channel))
	}
	p.put("encoding", string(o.Encoding))
	if o.Timeout == 0 {
		p.put("timeout", "none")
	} else {
		p.time("timeout", o.Timeout)
	}
	p.time("grace", o.Grace)
	p.put("tmpdir", string(o.TmpDir))
	p.text("user", o.User)
	p.text("group", o.Group)
	optional(p.mode, "umask", o.Umask)
	p.text("script", o.Script)
	if o.Driver != DriverWorker {
		p.put("options", string(o.Options))
	}
	p.put("driver", string(o.Driver))
	if o.Worker != nil {
		p.put("worker", "")
		p.depth++
		p.worker(o.Worker)
		p.depth--
	}
}

func (p *printer) worker(w *Worker) {
	p.whole("min", w.Min)
	p.whole("max", w.Max)
	written(p.whole, "maxrequests", w.MaxRequests)
	written(p.time, "maxage", w.MaxAge)
	written(p.size, "maxmemory", w.MaxMemory)
	p.time("boottimeout", w.BootTimeout)
}

func (p *printer) limits(l *Limits) {
	optional(p.size, "memory", l.Memory)
	optional(p.size, "swap", l.Swap)
	optional(p.whole, "pids", l.PIDs)
	if l.CPUs != nil {
		p.put("cpus", strconv.FormatFloat(*l.CPUs, 'f', -1, 64))
	}
	optional(p.whole, "cpuweight", l.CPUWeight)
	p.list("iomax", l.IOMax)
	optional(p.whole, "ioweight", l.IOWeight)
	optional(p.whole, "nofile", l.NoFile)
	optional(p.size, "fsize", l.FSize)
	p.size("core", l.Core)
	p.put("mode", string(l.Mode))
}

// plainForm is what YAML reads as a string without quotes: a path of the map.
var plainForm = regexp.MustCompile(`^/[A-Za-z0-9/_.{}-]*$`)

func plainOrQuoted(s string) string {
	if plainForm.MatchString(s) {
		return s
	}
	return quoted(s)
}

// quoted is a YAML string in double quotes. Of Go's escapes YAML knows all that
// [strconv.Quote] makes of valid UTF-8, with the same meaning.
func quoted(s string) string { return strconv.Quote(s) }

func quotedList(list []string) string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = quoted(s)
	}
	return "[" + strings.Join(all, ", ") + "]"
}
