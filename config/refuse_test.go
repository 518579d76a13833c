package config

import (
	"strings"
	"testing"
)

// refusal is an edit of the good file, and what the fault on the marked line
// must hold. The mark is #@; where there is none the line is the first.
type refusal struct {
	name  string
	edits []string
	words []string
}

const (
	inMap   = "      inject:\n"
	theCmd  = `cmd: ["/bin/echo", "{{path.petId}}"]`
	theEnv  = `env: ["A=1"]`
	topLine = "running: 8\n"
)

var shapes = []refusal{
	{"unknown key at the top", []string{topLine, "runing: 8 #@\n"}, []string{`"runing"`, "did you mean running?"}},
	{"two letters changed", []string{topLine, "runnign: 8 #@\n"}, []string{`"runnign"`, "did you mean running?"}},
	{"unknown key of an operation", []string{"      running: 2", "      onexitt: fail #@"}, []string{`"onexitt"`, "did you mean onexit?"}},
	{"unknown key of inject", []string{"wd: .", "wdir: . #@"}, []string{`"wdir"`, "did you mean wd?"}},
	{"unknown key like no other", []string{"wd: .", "zzzzzz: . #@"}, []string{`"zzzzzz"`, "wd, env, passenv"}},
	{"key in another spelling", []string{"      running: 2", "      onDisconnect: kill #@"}, []string{"write ondisconnect"}},
	{"key of inject in the operation", []string{"      running: 2", "      timeout: 2 #@"}, []string{"timeout", "belongs in inject"}},
	{"key of the operation in inject", []string{"wd: .", "reply: stdout #@"}, []string{"belongs in an operation"}},
	{"key of limits in inject", []string{"wd: .", "memory: 64MiB #@"}, []string{"belongs in limits"}},
	{"key twice", []string{"      reply: stdout", "      reply: stdout\n      reply: cgi #@"}, []string{"reply is given twice, first on line 10"}},
	{"both spellings", []string{"      reply:", "      validate-in: false #@\n      reply:"}, []string{"validate-in", "validatein (line 9)", "two spellings"}},
	{"path twice", []string{"        timeout: 1000\n", "        timeout: 1000\n  /pets/{petId}: #@\n    put: {inject: {cmd: /bin/true}}\n"}, []string{"/pets/{petId} is given twice, first on line 7"}},
	{"verb twice", []string{"        timeout: 1000\n", "        timeout: 1000\n    get: #@\n      inject: {cmd: /bin/true}\n"}, []string{"get is given twice"}},
	{"unknown verb", []string{"    get:\n", "    fetch: #@\n"}, []string{`"fetch"`, "get, put, post"}},
	{"verb mistyped", []string{"    get:\n", "    gte: #@\n"}, []string{`"gte"`, "did you mean get?"}},
	{"verb in capitals", []string{"    get:\n", "    GET: #@\n"}, []string{"write get"}},
	{"verb beside paths", []string{"    get:\n", "  get: #@\n"}, []string{"get stands where paths do", "below its path"}},
	{"key of an operation beside verbs", []string{"    get:\n", "    get: {inject: {cmd: /bin/true}}\n    inject: #@\n"}, []string{"below get, post"}},
	{"key of inject beside verbs", []string{"    get:\n", "    get: {inject: {cmd: /bin/true}}\n    cmd: #@\n"}, []string{"it belongs in inject"}},
	{"path without a slash", []string{"  /pets/{petId}:", "  pets/{petId}: #@"}, []string{"does not begin with /"}},
	{"path with open braces", []string{"  /pets/{petId}:", "  /pets/{petId: #@\n    put: {inject: {cmd: /bin/true}}\n  /pets/{petId}:"}, []string{"braces"}},
	{"path with a query", []string{"  /pets/{petId}:", "  /pets/{petId}?x: #@"}, []string{"? or #"}},
	{"list for a map", []string{inMap, "      limits: [1, 2] #@\n" + inMap}, []string{"limits wants a map", "found a list"}},
	{"operation that is a word", []string{"paths:\n", "paths:\n  /x:\n    post: go #@\n"}, []string{"post of /x wants a map", `"go"`}},
	{"operation that is nothing", []string{"paths:\n", "paths:\n  /x:\n    post: #@\n"}, []string{"post of /x wants a map", "found nothing"}},
	{"path that is a list", []string{"paths:\n", "paths:\n  /x: [get] #@\n"}, []string{"wants verbs"}},
	{"paths that is a list", []string{topLine, "defaults: [1] #@\n"}, []string{"defaults wants a map"}},
	{"defaults that is not flat", []string{topLine, "defaults: {inject: {timeout: 1s}} #@\n"}, []string{`unknown key "inject" in defaults`}},
	{"default of a wrong type", []string{topLine, "defaults: {timeout: soon} #@\n"}, []string{"timeout wants a time", `"soon"`}},
	{"unknown tag", []string{theCmd, `cmd: !Tosplit "/bin/echo x" #@`}, []string{"unknown tag !Tosplit", "!ToSplit"}},
	{"unknown tag anywhere", []string{topLine, "drain: !Secs 5 #@\nrunning: 8\n"}, []string{"unknown tag !Secs"}},
	{"unknown tag on an unknown key", []string{topLine, "nonsense: [!x {}] #@\n"}, []string{"unknown tag !x"}},
	{"tag of cmd elsewhere", []string{"wd: .", "wd: !ToSplit . #@"}, []string{"!ToSplit has no meaning here"}},
	{"ToSplit on a list", []string{theCmd, "cmd: !ToSplit [/bin/echo] #@"}, []string{"a string behind !ToSplit"}},
	{"Splitted on a string", []string{theCmd, "cmd: !Splitted /bin/echo #@"}, []string{"a list behind !Splitted"}},
	{"unquoted placeholder", []string{theCmd, "cmd: {{jsonpayload}} #@"}, []string{"cmd wants", "quote"}},
	{"unquoted placeholder in a list", []string{theCmd, "cmd: [/bin/echo, {{jsonpayload}}] #@"}, []string{"cmd wants", "quote"}},
	{"unquoted placeholder in env", []string{theEnv, "env: {{path.petId}} #@"}, []string{"env wants", "quote"}},
	{"alias of what it is in", []string{theEnv, "env: &e [*e] #@"}, []string{"*e stands inside"}},
	{"merge of no map", []string{"wd: .", "<<: [1] #@"}, []string{"<< wants a map"}},
	{"second document", []string{"        timeout: 1000\n", "        timeout: 1000\n--- #@\nservicename: other\n"}, []string{"second YAML document"}},
	{"second document without a mark", []string{"        timeout: 1000\n", "        timeout: 1000\n...\nservicename: other #@\n"}, []string{"second YAML document"}},
	{"second document that is empty", []string{"        timeout: 1000\n", "        timeout: 1000\n--- #@\n"}, []string{"second YAML document"}},
}

var values = []refusal{
	{"word for a number", []string{topLine, "running: many #@\n"}, []string{"running wants a whole number of at least 1", `"many"`}},
	{"quoted number", []string{topLine, "running: \"8\" #@\n"}, []string{"running wants a whole number", `"8"`}},
	{"fraction for a number", []string{topLine, "running: 1.5 #@\n"}, []string{"found 1.5"}},
	{"octal for a number", []string{topLine, "running: 010 #@\n"}, []string{"found 010"}},
	{"zero places", []string{topLine, "running: 0 #@\n"}, []string{"at least 1"}},
	{"negative queue", []string{topLine, "queued: -1 #@\n"}, []string{"queued wants", "at least 0"}},
	{"key without a value", []string{topLine, "drain: #@\n"}, []string{"drain wants a time", "found nothing"}},
	{"boolean in words", []string{"validatein: true", "validatein: yes #@"}, []string{"true or false", "YAML 1.2"}},
	{"boolean in quotes", []string{"validatein: true", `validatein: "true" #@`}, []string{"without quotes"}},
	{"boolean in numbers", []string{"validatein: true", "validatein: 1 #@"}, []string{"true or false, found 1"}},
	{"reply", []string{"reply: stdout", "reply: carrier-pigeon #@"}, []string{"carrier-pigeon", "socket, stdout, cgi or report"}},
	{"reply mistyped", []string{"reply: stdout", "reply: sdtout #@"}, []string{`"sdtout"`, "did you mean stdout?"}},
	{"channel", []string{"channel: stdin", "channel: smoke #@"}, []string{"smoke", "cmdline, stdin or file"}},
	{"onexit", []string{"      running: 2", "      onexit: shrug #@"}, []string{"shrug", "fail, report or wait"}},
	{"encoding", []string{"encoding: raw", "encoding: xml #@"}, []string{"json or raw"}},
	{"cgroup", []string{topLine, "cgroup: maybe #@\n"}, []string{"auto, required or off"}},
	{"cgroup map", []string{topLine, "cgroup: {mode: maybe} #@\n"}, []string{"auto, required or off"}},
	{"cgroup parent", []string{topLine, "cgroup: {parent: sys/x} #@\n"}, []string{"no absolute path"}},
	{"security", []string{topLine, "security: downstream #@\n"}, []string{"upstream or a map"}},
	{"timeout 0", []string{"timeout: 1000", "timeout: 0 #@"}, []string{"timeout", "write none"}},
	{"timeout 0s", []string{"timeout: 1000", "timeout: 0s #@"}, []string{"write none"}},
	{"timeout negative", []string{"timeout: 1000", "timeout: -5 #@"}, []string{"timeout wants", "never negative", "found -5"}},
	{"timeout in parsecs", []string{"timeout: 1000", "timeout: 5 parsecs #@"}, []string{"5 parsecs", "250ms"}},
	{"timeout beyond time", []string{"timeout: 1000", "timeout: 99999999999999999999 #@"}, []string{"timeout wants"}},
	{"grace none", []string{"timeout: 1000", "grace: none #@"}, []string{"grace wants a time", `"none"`}},
	{"grace is a list", []string{"timeout: 1000", "grace: [1] #@"}, []string{"grace wants a time", "found a list"}},
	{"maxbody", []string{topLine, "maxbody: 10 bananas #@\n"}, []string{"maxbody wants a size such as 10MiB", "bananas"}},
	{"maxbody 0", []string{topLine, "maxbody: 0 #@\n"}, []string{"at least 1"}},
	{"maxbody too large", []string{topLine, "maxbody: 9999999999GiB #@\n"}, []string{"maxbody wants"}},
	{"memory too small", []string{inMap, "      limits: {memory: 1MiB, mode: besteffort} #@\n" + inMap}, []string{"memory", "8MiB"}},
	{"cpus 0", []string{inMap, "      limits: {cpus: 0, mode: besteffort} #@\n" + inMap}, []string{"cpus wants", "0.01"}},
	{"cpus infinite", []string{inMap, "      limits: {cpus: .inf, mode: besteffort} #@\n" + inMap}, []string{"cpus wants"}},
	{"cpuweight", []string{inMap, "      limits: {cpuweight: 10001, mode: besteffort} #@\n" + inMap}, []string{"from 1 to 10000"}},
	{"iomax", []string{inMap, `      limits: {iomax: ["8:0 rbs=1"], mode: besteffort} #@` + "\n" + inMap}, []string{"8:0 rbs=1", "io.max"}},
	{"servicename", []string{"servicename: shop", "servicename: Über/../x #@"}, []string{"servicename", "small letters"}},
	{"servicename empty", []string{"servicename: shop", `servicename: "" #@`}, []string{"servicename wants"}},
	{"servicename too long", []string{"servicename: shop", "servicename: " + strings.Repeat("x", 129) + " #@"}, []string{"128"}},
	{"listen without a port", []string{"listen: 127.0.0.1:8080", "listen: nowhere-at-all #@"}, []string{"nowhere-at-all", "host:port"}},
	{"listen with a strange host", []string{"listen: 127.0.0.1:8080", `listen: "a b:80" #@`}, []string{"no valid host"}},
	{"listen with a named port", []string{"listen: 127.0.0.1:8080", "listen: 127.0.0.1:http #@"}, []string{"no valid port"}},
	{"admin", []string{topLine, "admin: 127.0.0.1:99999 #@\n"}, []string{"99999", "admin"}},
	{"port 0", []string{"listen: 127.0.0.1:8080", "port: 0 #@"}, []string{"from 1 to 65535"}},
	{"port and listen", []string{topLine, "port: 8080 #@\n"}, []string{"port and listen", "line 2"}},
	{"socketpath too long", []string{"socketpath: ", "socketpath: /tmp/" + strings.Repeat("s", 110) + " #@ "}, []string{"socketpath", "107"}},
	{"socketmode decimal", []string{topLine, "socketmode: 660 #@\n"}, []string{"socketmode wants", `"0660"`}},
	{"socketmode with a sticky bit", []string{topLine, "socketmode: \"1777\" #@\n"}, []string{"socketmode wants"}},
	{"socketmode in digits over 7", []string{topLine, "socketmode: \"0680\" #@\n"}, []string{"socketmode wants"}},
	{"basepath", []string{topLine, "basepath: v1 #@\n"}, []string{"does not begin with /"}},
	{"contenttype", []string{"      running: 2", "      contenttype: csv #@"}, []string{"no", "media type", "text/csv"}},
	{"env without =", []string{theEnv, `env: ["NOEQUALSIGN"] #@`}, []string{"NOEQUALSIGN", "NAME=value"}},
	{"env without a name", []string{theEnv, `env: ["=1"] #@`}, []string{"variable's name"}},
	{"env with a NUL", []string{theEnv, `env: ["A=\0"] #@`}, []string{"NUL"}},
	{"env as a map", []string{theEnv, "env: {A: 1} #@"}, []string{"env wants a list", `["A=1"]`, "found a map"}},
	{"env item that is a map", []string{theEnv, "env:\n          - A=1\n          - B: 1 #@"}, []string{"found a map"}},
	{"env sets REQUEST_ID", []string{theEnv, `env: ["REQUEST_ID=1"] #@`}, []string{"REQUEST_ID"}},
	{"env sets a UROCKET_ name", []string{theEnv, "env:\n          - A=1\n          - UROCKET_X=1 #@"}, []string{"UROCKET_X=1"}},
	{"passenv of everything", []string{theEnv, `passenv: ["*"] #@`}, []string{"APP_*"}},
	{"passenv of REQUEST_ID", []string{theEnv, "passenv: [REQUEST_ID] #@"}, []string{"REQUEST_ID"}},
	{"passenv of UROCKET_*", []string{theEnv, `passenv: ["UROCKET_*"] #@`}, []string{"UROCKET_"}},
	{"cmd empty list", []string{theCmd, "cmd: [] #@"}, []string{"cmd wants a list of arguments", "empty"}},
	{"cmd empty string", []string{theCmd, `cmd: "" #@`}, []string{"cmd wants"}},
	{"cmd a map", []string{theCmd, "cmd: {a: b} #@"}, []string{"cmd wants", "found a map"}},
	{"cmd with a list inside", []string{theCmd, "cmd:\n          - /bin/echo\n          - [a] #@"}, []string{"cmd wants", "found a list"}},
	{"cmd with a NUL", []string{theCmd, `cmd: [/bin/echo, "\0"] #@`}, []string{"NUL"}},
}

var machine = []refusal{
	{"missing document", []string{"openapi: api.json", "openapi: nowhere.json #@"}, []string{"nowhere.json", "does not exist"}},
	{"document that is a folder", []string{"openapi: api.json", "openapi: . #@"}, []string{"no regular file"}},
	{"missing wd", []string{"wd: .", "wd: ./no/such/dir #@"}, []string{"no/such/dir", "does not exist"}},
	{"wd that is a file", []string{"wd: .", "wd: api.json #@"}, []string{"no folder"}},
	{"unknown user", []string{"wd: .", "user: no-such-user-zq #@"}, []string{"no-such-user-zq", "no user of this machine"}},
	{"unknown group", []string{"wd: .", "group: no-such-group-zq #@"}, []string{"no-such-group-zq", "no group of this machine"}},
	{"unknown group of the socket", []string{topLine, "socketgroup: no-such-group-zq #@\n"}, []string{"no-such-group-zq"}},
	{"missing script", []string{
		"reply: stdout", "reply: cgi", "wd: .", "script: nowhere.php #@",
	}, []string{"script", "nowhere.php", "does not exist"}},
}

// commands are faults that the package command finds: here it matters on which
// line they are told.
var commands = []refusal{
	{"no such part of the path", []string{`"{{path.petId}}"]`, `"{{path.nope}}"] #@`}, []string{"cmd: {{path.nope}}", "petId", "(get /pets/{petId})"}},
	{"one of many words", []string{theCmd, "cmd:\n          - /bin/echo\n          - x\n          - \"{{path.nope}}\" #@"}, []string{"{{path.nope}}"}},
	{"one of many variables", []string{theEnv, "env:\n          - A=1\n          - B={{whatever}} #@"}, []string{"env: ", "{{whatever}}"}},
	{"payloadfile without its channel", []string{`"{{path.petId}}"]`, `"{{payloadfile}}"] #@`}, []string{"payloadfile", "channel: file"}},
	{"quote left open", []string{theCmd, `cmd: "/bin/echo 'abc" #@`}, []string{"quot"}},
	{"socketpath in no folder", []string{"socketpath: DIR/u.sock", "socketpath: DIR/none/u.sock #@"}, []string{"there is no folder", "/none: create it, or choose another"}},
	{"socketpath below a file", []string{"socketpath: DIR/u.sock", "socketpath: DIR/api.json/u.sock #@"}, []string{"api.json is no folder"}},
	{"key of inject at the top", []string{topLine, "timeout: 2 #@\n"}, []string{"belongs in inject, or in defaults for all operations"}},
	{"missing program", []string{`"/bin/echo"`, `"/no/such/program"`, `"{{path.petId}}"]`, `"x"] #@`}, []string{"/no/such/program"}},
	{"missing program on the PATH", []string{`"/bin/echo"`, `"no-such-program-zq"`, `"{{path.petId}}"]`, `"x"] #@`}, []string{"no-such-program-zq"}},
	{"missing on the PATH of env", []string{`"/bin/echo"`, "echo", `"{{path.petId}}"]`, `"x"] #@`, theEnv, `env: ["PATH=/proc"]`}, []string{"echo"}},
	{"placeholder as the program", []string{`"/bin/echo"`, `"/bin/{{path.petId}}"`, `"{{path.petId}}"]`, `"a"] #@`}, []string{"path.petId", "first word"}},
	{"placeholder as code", []string{theCmd, `cmd: [sh, -c, "eval {{path.petId}}"] #@`}, []string{"pass it by env"}},
	{"env twice", []string{theEnv, "env:\n          - A=1\n          - A=2 #@"}, []string{"env: ", "A is set twice"}},
	{"in the defaults", []string{topLine, "defaults:\n  env:\n    - A=1\n    - B={{path.nope}} #@\n", "        " + theEnv + "\n", ""}, []string{"env: {{path.nope}}", "(get /pets/{petId})"}},
}

var together = []refusal{
	{"script without cgi", []string{"wd: .", "script: page.php #@"}, []string{"script has a meaning with reply: cgi only"}},
	{"contenttype without stdout", []string{"reply: stdout", "reply: report\n      contenttype: text/csv #@"}, []string{"contenttype has a meaning with reply: stdout only"}},
	{"cgi with another channel", []string{"reply: stdout", "reply: cgi", "channel: stdin", "channel: cmdline #@"}, []string{"channel: cmdline cannot hold", "stdin"}},
	{"cgi with another encoding", []string{"reply: stdout", "reply: cgi", "encoding: raw", "encoding: json #@"}, []string{"encoding: json cannot hold", "raw"}},
	{"no cmd", []string{theCmd + "\n", "\n", inMap, "      inject: #@\n"}, []string{"cmd is missing in get of /pets/{petId}"}},
	{"neither cmd nor inject", []string{"paths:\n", "paths:\n  /x:\n    post: {reply: report} #@\n"}, []string{"cmd is missing in post of /x"}},
	{"no servicename", []string{"servicename: shop\n", ""}, []string{"servicename is missing"}},
	{"no document", []string{"openapi: api.json", ""}, []string{"openapi is missing"}},
	{"no socketpath", []string{"socketpath: DIR/u.sock", ""}, []string{"socketpath is missing"}},
}

var later = []refusal{
	{"too few descriptors to start", []string{inMap, "      limits: {nofile: 8} #@\n" + inMap}, []string{"nofile wants", "16"}},
}

// What the driver worker does not take. The good operation has a reply, a channel and a
// placeholder.
var workers = []refusal{
	{"worker without its driver", []string{"wd: .", "worker: {min: 1} #@"}, []string{"worker", "driver: worker only"}},
	{"reply", []string{"wd: .", "driver: worker", "reply: stdout", "reply: stdout #@"}, []string{"reply has no meaning with driver: worker", "leave it out"}},
	{"the reply that there is without it", []string{"wd: .", "driver: worker", "reply: stdout", "reply: socket #@"}, []string{"reply has no meaning with driver: worker"}},
	{"onexit", []string{"wd: .", "driver: worker", "reply: stdout", "onexit: fail #@"}, []string{"onexit has no meaning", "502"}},
	{"channel", []string{"wd: .", "driver: worker", "channel: stdin", "channel: stdin #@"}, []string{"channel has no meaning", "body of the frame"}},
	{"replyfrom", []string{"wd: .", "driver: worker", "reply: stdout", "replyfrom: anyone #@"}, []string{"replyfrom has no meaning"}},
	{"contenttype", []string{"wd: .", "driver: worker", "reply: stdout", "contenttype: text/csv #@"}, []string{"contenttype has no meaning", "headers"}},
	{"script", []string{"wd: .", "driver: worker\n        script: x.php #@"}, []string{"script has no meaning"}},
	{"options", []string{"wd: .", "driver: worker\n        options: allow #@"}, []string{"options has no meaning"}},
	{"a placeholder in cmd", []string{"wd: .", "driver: worker", theCmd, theCmd + " #@"}, []string{"cmd: {{path.petId}} cannot be filled", "before there is a request"}},
	{"a placeholder in env", []string{"wd: .", "driver: worker", theEnv, `env: ["A={{requestid}}"] #@`}, []string{"env: {{requestid}} cannot be filled"}},
	{"more least than most", []string{"wd: .", "worker: {min: 3, max: 2} #@"}, []string{"min: 3 is more than max"}},
	{"an unknown key", []string{"wd: .", "worker: {mn: 3} #@"}, []string{"did you mean min?"}},
	{"no worker at all", []string{"wd: .", "worker: {max: 0} #@"}, []string{"max wants a whole number of at least 1"}},
	{"no request at all", []string{"wd: .", "worker: {maxrequests: 0} #@"}, []string{"maxrequests wants"}},
	{"no time to boot", []string{"wd: .", "worker: {boottimeout: 0} #@"}, []string{"boottimeout: 0 is no time"}},
	{"no age", []string{"wd: .", "worker: {maxage: 0s} #@"}, []string{`maxage: "0s" is no time`}},
	{"hardly any memory", []string{"wd: .", "worker: {maxmemory: 1MiB} #@"}, []string{"maxmemory wants", "8MiB"}},
	{"a list", []string{"wd: .", "worker: [1, 2] #@"}, []string{"worker wants a map"}},
	{"in the defaults", []string{topLine, "defaults: {worker: {min: 3, max: 2}} #@\n"}, []string{"min: 3 is more than max"}},
}

func TestRefused(t *testing.T) {
	for group, table := range map[string][]refusal{
		"shape": shapes, "value": values, "machine": machine, "command": commands, "together": together, "later": later, "worker": workers,
	} {
		for _, r := range table {
			t.Run(group+"/"+r.name, func(t *testing.T) {
				text := edit(t, good, r.edits...)
				line := 1
				if before, _, marked := strings.Cut(text, "#@"); marked {
					line = strings.Count(before, "\n") + 1
				} else if group != "together" {
					t.Fatal("no mark")
				}
				wantFault(t, text, line, r.words)
			})
		}
	}
}

// wantFault wants one fault on the line that holds all the words, and no fault
// that shows the insides of the program.
func wantFault(t *testing.T, text string, line int, words []string) {
	t.Helper()
	faults := faultsOf(t, text)
	found := false
	for _, f := range faults {
		all := f.Line == line
		for _, w := range words {
			all = all && strings.Contains(f.Message, w)
		}
		found = found || all
		for _, inside := range []string{"config.", "yaml: ", "!!", "goroutine", "%!"} {
			if strings.Contains(f.Message, inside) {
				t.Errorf("%q in %s", inside, f)
			}
		}
	}
	if !found {
		t.Errorf("want a fault on line %d with %q, got\n%v\n%s", line, words, faults, text)
	}
}
