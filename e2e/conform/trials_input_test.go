package conform

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/urocket/urocket/e2e/escape"
)

// keys are those of an operation, flat.
type keys = escape.Keys

// withArg is the command php SCRIPT with the query parameter a as its argument.
func withArg(script string) []string { return []string{"php", script + ".php", "{{query.a}}"} }

// each is one call for each of the arguments.
func each(args ...string) (calls []call) {
	for _, a := range args {
		calls = append(calls, call{arg: url.QueryEscape(a)})
	}
	return calls
}

// times is the same call n times.
func times(n int) []call { return make([]call, n) }

// noise is n bytes of every value, the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// input are the trials of what a script is given.
func input() []trial {
	stdin := keys{"channel": "stdin"}
	return []trial{
		{script: "argv", cmd: []string{
			"php", "argv.php", "", "{{query.a}}", "-v", "--", "-", "--name=value", " blanks  kept ", "quotes ' \" `", `\back\\slash`, "$HOME *", "ünï", "",
		}, keys: keys{"options": "allow"}, calls: []call{
			{arg: "plain"}, {arg: "%FF%FE%01%0A%0D%09%7F"}, {arg: ""}, {arg: "-r"}, {arg: "--"}, {arg: "%F0%9F%9A%80+%20"},
		}},
		{script: "argv", as: "argv-none"},
		{script: "argv", as: "argv-dashes", cmd: []string{"php", "-d", "display_errors=1", "-f", "argv.php", "--", "-d", "x=y", "--", "z"}},
		{script: "argv-long", cmd: []string{"php", "argv-long.php", "{{jsonpayload}}"}, calls: []call{
			{body: bytes.Repeat([]byte("0123456789"), 10240)}, {body: bytes.Repeat([]byte{0xff, 0xfe, '\n'}, 131_071/3)}, {body: bytes.Repeat([]byte("x"), 131_071)},
		}},
		{script: "argv", as: "argv-not-registered", cmd: []string{"php", "-d", "register_argc_argv=0", "argv.php", "x"}},
		{script: "much", cmd: []string{"php", "much.php", "{{jsonpayload}}"}, keys: keys{"env": []string{"LONG={{jsonpayload}}"}}, calls: []call{
			{body: bytes.Repeat([]byte("a"), 100_000)}, {body: bytes.Repeat([]byte("b"), 131_000)}, {body: []byte("c")},
		}},
		{script: "getopt", cmd: []string{"php", "getopt.php", "-a", "-bvalue", "-c", "-vv", "--name", "x y", "--flag", "--maybe=", "{{query.a}}", "-a", "last"}, calls: each("rest", "")},
		{script: "stdin", keys: stdin, calls: []call{
			{}, {body: []byte("x")}, {body: []byte("line\n\x00\xff")}, {body: noise(65536)}, {body: noise(65537)}, {body: noise(300_000)}, {body: noise(10 << 20)},
		}},
		{script: "stdin", as: "stdin-nothing"},
		{script: "stdin-lines", keys: stdin, calls: []call{{body: []byte("one\ntwo\nthree\n")}, {body: bytes.Repeat([]byte("a longer line of many\n"), 1000)}}},
		{
			script: "stdin-wrappers", cmd: withArg("stdin-wrappers"), keys: stdin,
			calls: withBody("first,line\nsecond line\n", each("stdin", "input", "fd", "dev", "object", "csv", "readline", "scanf", "child")),
			needs: []string{"readline"},
		},
		{script: "stdin-unread", keys: stdin, calls: []call{{body: noise(10 << 20)}, {body: []byte("short")}}},
		{script: "env", keys: keys{
			"env":     []string{"GIVEN=given", "EMPTY=", "SPACES= a  b ", "LINES=a\nb", "EQUALS=a=b=c", "ODD={{query.a}}", "LONG={{jsonpayload}}", "lower=1", "TMP_NOT=x"},
			"passenv": []string{"PASSED"},
		}, calls: []call{{arg: "%FF%FE%0A%22", body: []byte("x")}, {arg: "", body: bytes.Repeat([]byte("y"), 100_000)}}},
		{script: "env", as: "env-filled", flags: everywhere, cmd: []string{"php", "-d", "variables_order=EGPCS", "env.php"}, keys: keys{"env": []string{"GIVEN=given"}}, calls: times(2)},
		{script: "env", as: "env-alone", flags: everywhere, cmd: []string{"php", "-d", "variables_order=E", "-d", "auto_globals_jit=0", "env.php"}},
		{script: "env-many", keys: keys{"env": manyVariables()}},
		{script: "env-order", keys: keys{"env": []string{"Z=1", "A={{query.a}}", "M=2"}}, calls: each("x")},
		{script: "env-change", keys: keys{"env": []string{"GIVEN=given"}}, calls: times(2)},
		{script: "superglobals", calls: []call{{arg: "b&c=d", header: []string{"Cookie: a=b", "Content-Type: application/x-www-form-urlencoded"}, body: []byte("e=f")}}},
		{script: "superglobals", as: "superglobals-at-once", cmd: []string{"php", "-d", "auto_globals_jit=0", "superglobals.php", "x"}},
		{script: "request-time", calls: times(3)},
	}
}

// manyVariables is an environment of about 80 KiB.
func manyVariables() (list []string) {
	for i := range 400 {
		list = append(list, "MANY_"+strings.Repeat("N", 3)+"_"+string(rune('A'+i%26))+strings.Repeat("x", i/26)+"="+strings.Repeat("v", 190))
	}
	return list
}

func withBody(text string, calls []call) []call {
	for i := range calls {
		calls[i].body = []byte(text)
	}
	return calls
}
