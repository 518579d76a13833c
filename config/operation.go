package config

import (
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/urocket/urocket/processctl/command"
)

// operation reads one verb of a path.
func (b *builder) operation(path string, names []string, verb pair) *Operation {
	s := &scope{c: b.c, own: b.flatten(verb), defaults: b.defaults}
	o := &Operation{Path: path, Method: strings.ToUpper(verb.key)}
	b.service.lines.operations[path+" "+verb.key] = operationLines{verb.line, s.own}
	b.values(o, s)
	b.agree(o, s)
	b.compile(o, s, names, verb)
	return o
}

// flatten lays the keys of an operation, its inject and its limits into one
// map; no key stands in two of them.
func (b *builder) flatten(verb pair) map[string]entry {
	own := keysOf(verb.value, inOperation, b.c)
	outer := &scope{c: b.c, own: own}
	flat := make(map[string]entry, len(own))
	for _, part := range []struct {
		key string
		in  place
	}{{"inject", inInject}, {"limits", inLimits}} {
		if m, ok := outer.mapping(part.key); ok {
			for key, e := range keysOf(m, part.in, b.c) {
				flat[key] = e
			}
		}
		delete(own, part.key)
	}
	for key, e := range own {
		flat[key] = e
	}
	return flat
}

// values reads every key of an operation for itself.
func (b *builder) values(o *Operation, s *scope) {
	o.ValidateIn = s.boolean("validatein", true)
	o.ValidateOut = s.boolean("validateout", false)
	o.Reply = choose(s, "reply", ReplySocket, ReplyStdout, ReplyCGI, ReplyReport)
	if o.ContentType = s.text("contenttype", "a media type such as text/csv"); o.ContentType != "" {
		s.judge("contenttype", checkMediaType(o.ContentType))
	}
	o.OnExit = choose(s, "onexit", ExitFail, ExitReport, ExitWait)
	o.ReplyFrom = choose(s, "replyfrom", FromAnyone, FromProcess)
	o.OnDisconnect = choose(s, "ondisconnect", DisconnectContinue, DisconnectKill)
	o.LogStdout = s.boolean("logstdout", false)
	o.Stats = s.boolean("stats", false)
	o.StatsWait = s.duration("statswait", defaultStatsWait)
	o.Running = s.whole("running", 1, math.MaxInt32)
	o.Queued = s.whole("queued", 0, math.MaxInt32)
	b.inject(o, s)
	limits(&o.Limits, s)
}

// variables is an example of env: with the first key of a map, if one was
// written in place of the list.
func variables(s *scope) string {
	if e, ok := s.find("env"); ok && e.value.kind == kindMapping && len(e.value.pairs) > 0 {
		first := e.value.pairs[0]
		return fmt.Sprintf("[%q]", first.key+"="+first.value.text)
	}
	return `["NAME=value"]`
}

func (b *builder) inject(o *Operation, s *scope) {
	o.Dir = b.folder
	if wd := s.text("wd", "a folder"); wd != "" {
		o.Dir = absolute(b.folder, wd)
		s.judge("wd", checkFolder(o.Dir))
	}
	o.Env = s.texts("env", variables(s), checkVariable)
	o.PassEnv = s.texts("passenv", `["NAME", "PREFIX_*"]`, checkPassed)
	o.Channel = choose(s, "channel", ChannelCmdline, ChannelStdin, ChannelFile)
	o.Encoding = choose(s, "encoding", EncodingJSON, EncodingRaw)
	o.Timeout = s.timeout(defaultTimeout)
	o.Grace = s.duration("grace", defaultGrace)
	o.TmpDir = choose(s, "tmpdir", TmpInherit, TmpOwn)
	if o.Script = s.text("script", "the path of a script"); o.Script != "" {
		o.Script = absolute(o.Dir, o.Script)
	}
	o.Options = choose(s, "options", OptionsRefuse, OptionsAllow)
	if o.User = s.text("user", "the name or number of a user"); o.User != "" {
		s.judge("user", checkUser(o.User))
	}
	if o.Group = s.text("group", "the name or number of a group"); o.Group != "" {
		s.judge("group", checkGroup(o.Group))
	}
	o.Umask = s.octal("umask", "0027")
	o.Driver = choose(s, "driver", DriverSpawn, DriverFork, DriverWorker)
	o.Worker = readWorker(s)
}

// agree looks at keys that depend on each other. A default that does not apply
// is dropped here; the same key in the operation itself is a fault.
func (b *builder) agree(o *Operation, s *scope) {
	forWorkers(o, s)
	if o.Driver == DriverWorker {
		return
	}
	if o.Reply == ReplyCGI {
		s.implied("channel", string(ChannelStdin))
		s.implied("encoding", string(EncodingRaw))
		o.Channel, o.Encoding = ChannelStdin, EncodingRaw
		if o.Script != "" {
			s.judge("script", checkFile(o.Script))
		}
	} else {
		s.onlyWith("script", "reply: cgi")
		o.Script = ""
	}
	if o.Reply != ReplyStdout {
		s.onlyWith("contenttype", "reply: stdout")
		o.ContentType = ""
	}
	if o.Reply != ReplySocket {
		idle(s, "onexit", o.Reply, &o.OnExit, ExitFail)
		idle(s, "replyfrom", o.Reply, &o.ReplyFrom, FromAnyone)
	}
}

// implied refuses a written value other than the one that cgi has anyway.
func (s *scope) implied(key, value string) {
	if e, ok := s.own[key]; ok && e.value.kind == kindScalar && e.value.text != value {
		s.c.fault(e.lineOf(), "%s: %s cannot hold with reply: cgi, which implies %s: leave it out", e.written, e.value.text, value)
	}
}

func (s *scope) onlyWith(key, reply string) {
	if e, ok := s.own[key]; ok {
		s.c.fault(e.line, "%s has a meaning with %s only: leave it out", e.written, reply)
	}
}

// idle says that a written value has no effect, and puts the default in place of
// an inherited one.
func idle[T comparable](s *scope, key string, reply Reply, value *T, normal T) {
	e, own := s.own[key]
	switch {
	case !own:
		*value = normal
	case *value != normal:
		s.c.warn(e.line, "%s has no effect with reply: %s", e.words(), reply)
	}
}

// compile hands cmd and env to the package that understands placeholders, and
// puts its faults on the lines where their words stand.
func (b *builder) compile(o *Operation, s *scope, names []string, verb pair) {
	e, ok := s.find("cmd")
	if !ok {
		b.c.fault(injectLine(verb), "cmd is missing in %s of %s: write inject: {cmd: …}", verb.key, o.Path)
		return
	}
	if !readCommand(o, s, e) {
		return
	}
	compiled, faults := command.Compile(command.Input{
		Line: o.line, Words: o.args, Env: o.Env, PathNames: names,
		PayloadFile: o.Channel == ChannelFile, AllowOptions: o.Options == OptionsAllow,
		Dir: o.Dir, SearchPath: os.Getenv("PATH"),
	})
	for _, f := range faults {
		if f.Key == "env" && f.Index < len(o.Env) && checkVariable(o.Env[f.Index]) != "" {
			continue // no variable at all, which is reported already
		}
		at, ok := s.find(f.Key)
		if !ok {
			at = e
		}
		b.c.faultFor(verb.key+" "+o.Path, at.item(f.Index), at.written+": "+f.Message)
	}
	o.Command = compiled
	if len(faults) > 0 {
		return
	}
	doubts(o, s, e)
	if o.Driver == DriverWorker {
		wantsNoPlaceholders(o, s, e)
		return
	}
	sends := o.Method == "POST" || o.Method == "PUT" || o.Method == "PATCH"
	if sends && o.Channel != ChannelStdin && !compiled.UsesPayload() {
		remedy := "write {{jsonpayload}} in cmd or env, or channel: stdin"
		if o.Channel == ChannelFile {
			remedy = "write {{payloadfile}} in cmd or env, or channel: stdin"
		}
		o.lost = &Fault{File: b.c.file, Line: e.line, Message: fmt.Sprintf("%s %s: with channel %s and no placeholder for it, the payload does not reach the process: %s", verb.key, o.Path, o.Channel, remedy)}
	}
}

// injectLine is the line of the map that should hold cmd.
func injectLine(verb pair) int {
	for _, p := range verb.value.pairs {
		if p.key == "inject" {
			return p.line
		}
	}
	return verb.line
}

// readCommand takes cmd as a string or as a list of arguments.
func readCommand(o *Operation, s *scope, e entry) bool {
	const what = `a list of arguments or one string in quotes, such as ["php", "get.php", "{{jsonpayload}}"]`
	switch {
	case e.value.kind == kindBroken:
		return false
	case e.value.kind == kindList && e.value.tag == "ToSplit":
		s.wants(e, "a string behind !ToSplit")
		return false
	case e.value.kind == kindScalar && e.value.tag == "Splitted":
		s.wants(e, "a list behind !Splitted")
		return false
	case e.value.kind == kindList:
		before := len(s.c.faults)
		o.args = s.texts("cmd", `["php", "get.php"]`, checkArgument)
		if len(o.args) == 0 {
			s.wants(e, what+"; the list is empty")
		}
		return len(o.args) > 0 && len(s.c.faults) == before
	}
	o.line = s.text("cmd", what)
	return o.line != ""
}

func checkArgument(word string) string {
	if strings.ContainsRune(word, 0) {
		return "holds a NUL, which no argument can"
	}
	return ""
}

// item is the line of an item of a list, or of the value if it is none.
func (e entry) item(index int) int {
	if e.value.kind == kindList && index >= 0 && index < len(e.value.items) {
		return e.value.items[index].line
	}
	return e.lineOf()
}
