package command

import (
	"regexp"
	"slices"
	"strings"
)

// operands is what a program makes of its first argument that is no option.
type operands int

const (
	plain       operands = iota // data
	commandLine                 // a command, with its arguments
	scriptFile                  // the path of a program text; data from there on
	programText                 // code
	joined                      // the first of the words that are joined and given to a shell
)

// program is how a known program reads its command line, in the manner of
// getopt: short options are letters, long ones words.
type program struct {
	// Options with an argument of their own (-u NAME, --user NAME).
	short, long string
	// Those of which the argument is code, and, of the short ones, the path to
	// code. Long ones count when abbreviated too, as getopt_long takes them.
	code, longCode, codePath string
	// Options of which the argument is NAME=value, and NAME is to be literal.
	pairs, longPairs string
	// Short options that swallow what is left of their cluster (-i.bak).
	swallow string
	// Letters after which the next argument may be code, though it is none of
	// the option's own: -n of perl, which the contract lists.
	after string
	// Options that take the place of the first operand.
	given, longGiven string
	// Options after whose argument all is data: -c and -m of python.
	last string
	// Options that change what the operands are, and into what.
	turns, longTurns string
	turned           operands

	skip int      // operands before those that then is about
	then operands // what the operands are

	permute bool // options may follow operands
	tight   bool // no option takes a placeholder, but for those of loose
	loose   string
	assigns bool // NAME=value may stand before the command
	dash    bool // "-" alone is an option
	drops   bool // it may withhold the variables of a script
	reads   bool // its standard input is code
}

// family is a set of programs by the beginning of their names (php*): php8.2,
// python3-dbg, but not php.ini or perl-notes.txt.
type family struct {
	prefix string
	program
}

var (
	// version is what may follow the prefix in the name of a program.
	version = regexp.MustCompile(`^[-_a-z0-9]*(\.[0-9][-_a-zA-Z0-9]*)*$`)
	// edition is what follows it in that of the interpreter itself, so that
	// perltidy and phpcs may be given a file.
	edition = regexp.MustCompile(`^(js|jit|w|dbg|-cgi|-cli)?[0-9]*(\.[0-9][-_a-zA-Z0-9]*)*(-dbg)?$`)
)

// known finds what is known of a program by its base name.
func known(name string) (*program, bool) {
	if p, ok := programs[name]; ok {
		return &p, true
	}
	if slices.Contains(otherShells, name) {
		return &program{code: "c", longCode: "command", then: scriptFile, tight: true}, true
	}
	for _, f := range interpreters {
		rest, ok := strings.CutPrefix(name, f.prefix)
		if !ok || !version.MatchString(rest) {
			continue
		}
		p := f.program
		if !edition.MatchString(rest) {
			p.then, p.tight, p.permute = plain, false, true
		}
		return &p, true
	}
	return nil, false
}

// otherShells take code after -c, but are not among those for which a reference
// can be quoted.
var otherShells = strings.Fields(`rbash fish csh tcsh posh yash pdksh oksh lksh rksh rzsh ksh88 ksh93 rksh93
	zsh5 mksh-static xonsh elvish nu pwsh rc es`)

// interpreters are those of the contract. Up to the script file none of their
// arguments takes a placeholder, for most of their options lead to code: -d of
// php (auto_prepend_file), -M of perl, -r of ruby and node.
var interpreters = []family{
	{"php", program{
		code: "rBRE", longCode: "run process-begin process-code process-end eval", short: "cdzsSTtbf", codePath: "fF",
		long: "file define php-ini zend-extension server docroot process-file rfunction rclass rextension " +
			"rzendextension rextinfo rf rc re rz ri",
		given: "rBREfF", longGiven: "run process-begin process-code process-end file process-file",
		after: "creEnp", then: scriptFile, tight: true,
	}},
	{"python", program{
		code: "c", longCode: "eval", short: "WXQ", codePath: "m", long: "check-hash-based-pycs", last: "cm",
		after: "creEnp", then: scriptFile, tight: true,
	}},
	{"perl", program{
		code: "eE", longCode: "eval", short: "I", swallow: "iFxDMmV:", given: "eE", longGiven: "eval",
		after: "creEnp", then: scriptFile, tight: true,
	}},
	{"node", program{
		code: "ep", longCode: "eval print", short: "rC",
		long: "require import loader experimental-loader env-file env-file-if-exists conditions input-type title " +
			"disable-warning icu-data-dir openssl-config redirect-warnings test-name-pattern test-reporter watch-path",
		given: "ep", longGiven: "eval print", after: "creEnp", then: scriptFile, tight: true,
	}},
	{"ruby", program{
		code: "e", longCode: "eval", short: "CEIr", swallow: "iFxXKTW", given: "e",
		long:  "encoding external-encoding internal-encoding enable disable",
		after: "creEnp", then: scriptFile, tight: true,
	}},
	{"lua", program{
		code: "e", longCode: "eval", short: "lj", swallow: "Ob", after: "creEnp", then: scriptFile, tight: true,
	}},
}

// awk takes no placeholder in its program, but one in -v NAME=value and among
// its operands: it unescapes those, and does not run them.
var awk = program{
	code: "e", longCode: "source", short: "FvW", codePath: "filE", swallow: "odDpL",
	long: "file include load exec field-separator assign", pairs: "v", longPairs: "assign", loose: "F",
	given: "efE", longGiven: "source file exec", then: programText, tight: true,
}

var sed = program{
	code: "e", longCode: "expression", short: "l", codePath: "f", long: "file line-length", swallow: "i",
	given: "ef", longGiven: "expression file", then: programText, permute: true, tight: true,
}

var ssh = program{short: "BbcDEeFIiJLlmOopPQRSWw", skip: 1, then: joined, tight: true}

var su = program{
	code: "c", longCode: "command session-command", short: "gGw", codePath: "s",
	given: "c", longGiven: "command session-command",
	long: "group supp-group shell whitelist-environment", skip: 1, then: joined, permute: true, dash: true,
}

var runuser = program{
	code: "c", longCode: "command session-command", short: "gGwu", codePath: "s",
	given: "c", longGiven: "command session-command",
	long: "group supp-group shell whitelist-environment user", skip: 1, then: joined, dash: true,
	turns: "u", longTurns: "user", turned: commandLine,
}

// runs is a program without options of its own that runs its arguments.
var runs = program{then: commandLine}

// programs are those known by their whole name: the ones that take code, and
// the ones that run a command given as their arguments.
var programs = map[string]program{
	"awk": awk, "gawk": awk, "mawk": awk, "nawk": awk, "original-awk": awk,
	"sed": sed, "gsed": sed, "ssed": sed,
	"su": su, "runuser": runuser,
	"ssh": ssh, "autossh": ssh, "slogin": ssh,
	"flock": {
		code: "c", longCode: "command", short: "wE", long: "timeout wait conflict-exit-code", skip: 1, then: commandLine,
	},
	"script": {
		code: "c", longCode: "command", given: "c", longGiven: "command", short: "EIOBTmo", swallow: "t", skip: 1, then: joined, permute: true,
		long: "echo log-in log-out log-io log-timing logging-format output-limit",
	},
	"watch": {
		after: "c", longCode: "command", short: "nq", long: "interval equexit", then: joined,
		turns: "x", longTurns: "exec", turned: commandLine,
	},
	"env": {
		code: "S", longCode: "split-string", short: "uCa", long: "unset chdir argv0", then: commandLine,
		assigns: true, dash: true, turns: "S", longTurns: "split-string", turned: joined,
	},
	"sudo": {
		short: "ughpCcDRrtTUa", then: commandLine, assigns: true, drops: true,
		long:  "user group host prompt close-from login-class chdir chroot role type command-timeout other-user auth-type",
		turns: "si", longTurns: "shell login", turned: joined,
	},
	"doas": {short: "Cau", then: commandLine, assigns: true, drops: true, turns: "s", turned: joined},
	"xargs": {
		code: "I", short: "adELnPs", swallow: "eil", then: commandLine, tight: true, loose: "adELnPs", // -I names what is replaced in code
		long: "arg-file delimiter max-args max-procs max-chars process-slot-var",
	},
	"parallel": {then: joined}, "sem": {then: joined}, "capsh": {then: joined},
	"at": {reads: true}, "batch": {reads: true}, "crontab": {reads: true},
	"docker": {drops: true}, "podman": {drops: true}, "nerdctl": {drops: true}, "kubectl": {drops: true},
	"busybox": runs, "toybox": runs,
	"nohup": runs, "setsid": runs, "chronic": runs, "ifne": runs, "eatmydata": runs, "setarch": runs, "linux32": runs,
	"linux64": runs, "dbus-run-session": runs, "unbuffer": runs, "noglob": runs, "nocorrect": runs, "-": runs,
	"nice":    {short: "n", long: "adjustment", then: commandLine},
	"ionice":  {short: "cnpPu", long: "class classdata pid pgid uid", then: commandLine},
	"chrt":    {short: "TPD", long: "sched-runtime sched-period sched-deadline", skip: 1, then: commandLine},
	"taskset": {skip: 1, then: commandLine},
	"stdbuf":  {short: "ioe", long: "input output error", then: commandLine},
	"timeout": {short: "ks", long: "kill-after signal", skip: 1, then: commandLine},
	"time":    {short: "fo", long: "format output", then: commandLine},
	"chroot":  {skip: 1, long: "userspec groups", then: commandLine},
	"unshare": {
		short: "RwSGl", then: commandLine,
		long: "root wd setuid setgid load-interp propagation setgroups map-user map-group map-users map-groups",
	},
	"nsenter": {short: "tSGN", long: "target setuid setgid net-socket", then: commandLine},
	"setpriv": {
		long: "reuid regid groups inh-caps ambient-caps bounding-set pdeathsig securebits selinux-label " +
			"apparmor-profile ruid euid rgid egid landlock-access landlock-rule seccomp-filter",
		then: commandLine,
	},
	"prlimit": {short: "po", long: "pid output", then: commandLine},
	"strace":  {short: "abeEIoOpPsSuUX", then: commandLine},
	"ltrace":  {short: "aADeFlnopsuwx", then: commandLine},
	"systemd-run": {
		short: "pEuMH", then: commandLine, drops: true,
		long: "property setenv unit slice working-directory description uid gid nice service-type machine host",
	},
	"systemd-cat": {short: "tp", long: "identifier priority stderr-priority", then: commandLine},
	"sshpass":     {short: "pfdP", then: commandLine},
	"cgexec":      {short: "g", then: commandLine},
	"chpst":       {short: "uUenlLmdopfcrtb/", then: commandLine},
	"setuidgid":   {skip: 1, then: commandLine},
	"gosu":        {skip: 1, then: commandLine},
	"su-exec":     {skip: 1, then: commandLine},
	"tini":        {short: "pe", then: commandLine},
	"dumb-init":   {short: "r", long: "rewrite", then: commandLine},
	"fakeroot":    {short: "lfisb", then: commandLine},
}

// noEnd are the programs that go on reading operators or options after "--".
var noEnd = strings.Fields("find test [ expr dd")
