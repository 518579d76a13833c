package command

import (
	"strings"
	"testing"
)

// tryWords compiles a command in which {{path.x}} and the other placeholders of
// these tests exist.
func tryWords(words ...string) (*Command, []Fault) {
	return Compile(Input{
		Words: words, PathNames: []string{"x", "y", "n"}, PayloadFile: true,
		Dir: "/", SearchPath: searchPath,
	})
}

// refused are commands with a placeholder in a place where it could become
// code; why is a word of the reason.
var refused = []struct {
	why   string
	words []string
}{
	// Places in a script that the contract lists.
	{"command position", []string{"sh", "-c", "{{path.x}}"}},
	{"command position", []string{"sh", "-c", "echo a; '{{path.x}}' b"}},
	{"command position", []string{"sh", "-c", "/usr/bin/{{path.x}} b"}},
	{"command position", []string{"sh", "-c", "A=1 {{path.x}} b"}},
	{"command position", []string{"sh", "-c", "! {{path.x}}"}},
	{"command position", []string{"bash", "-c", "time {{path.x}}"}},
	{"command position", []string{"bash", "-c", "coproc {{path.x}}"}},
	{"command position", []string{"sh", "-c", "if {{path.x}}; then :; fi"}},
	{"command position", []string{"sh", "-c", "{{path.x}}=1"}},
	{"command position", []string{"sh", "-c", "a{{path.x}}=1"}},
	{"backticks", []string{"sh", "-c", "echo `echo {{path.x}}`"}},
	{"backticks", []string{"sh", "-c", "echo \"`echo {{path.x}}`\""}},
	{"$(…)", []string{"sh", "-c", "echo $(echo {{path.x}})"}},
	{"$(…)", []string{"sh", "-c", `echo "$(echo '{{path.x}}')"`}},
	{"<(…)", []string{"bash", "-c", "cat <(echo {{path.x}})"}},
	{"${…}", []string{"sh", "-c", "echo ${a:-{{path.x}}}"}},
	{"${…}", []string{"sh", "-c", `echo "${a:-'{{path.x}}'}"`}},
	{"${…}", []string{"bash", "-c", `echo "${a/{{path.x}}/b}"`}},
	{"read", []string{"sh", "-c", "echo ${ {{path.x}} }"}},
	{"$((…))", []string{"sh", "-c", "echo $(( {{path.x}} + 1 ))"}},
	{"$((…))", []string{"bash", "-c", "echo $[ {{path.x}} ]"}},
	{"((…))", []string{"bash", "-c", "(( {{path.x}} > 1 ))"}},
	{"((…))", []string{"sh", "-c", "(( {{path.x}} > 1 ))"}},
	{"for ((", []string{"bash", "-c", "for ((i=0; i<{{path.x}}; i++)); do :; done"}},
	{"[[…]]", []string{"bash", "-c", "[[ {{path.x}} == a ]]"}},
	{"[[", []string{"sh", "-c", "[[ {{path.x}} == a ]]"}},
	{"$'…'", []string{"bash", "-c", "echo $'{{path.x}}'"}},
	{"$'…'", []string{"sh", "-c", "echo $'{{path.x}}'"}},
	{`$"…"`, []string{"bash", "-c", `echo $"{{path.x}}"`}},
	{"$", []string{"bash", "-c", "echo ${{path.x}}"}},
	{"$", []string{"sh", "-c", "echo ${{path.x}}"}},
	{"cannot be replaced", []string{"sh", "-c", `echo \{{path.x}}`}},
	{"backslash", []string{"sh", "-c", `echo "\{{path.x}}"`}},
	{"array index", []string{"bash", "-c", "a[{{path.x}}]=1"}},
	{"array index", []string{"bash", "-c", "a=([{{path.x}}]=1)"}},
	{"heredoc", []string{"sh", "-c", "cat <<E\n{{path.x}}\nE\n"}},
	{"heredoc", []string{"sh", "-c", "cat <<'E'\n{{path.x}}\nE\n"}},
	{"comment", []string{"sh", "-c", "echo a # {{path.x}}"}},
	{"comment", []string{"sh", "-c", "# '\n# {{path.x}}\necho ''"}},
	{"argument of eval", []string{"sh", "-c", "eval echo {{path.x}}"}},
	{"argument of eval", []string{"sh", "-c", `e"v"\al echo {{path.x}}`}},
	{"argument of eval", []string{"sh", "-c", "f() { for i in 1; do (eval x={{path.x}}) & done; }"}},
	{"second shell", []string{"sh", "-c", "sh -c 'echo {{path.x}}'"}},
	{"second shell", []string{"sh", "-c", "env A=1 timeout 5 /bin/bash -lc 'echo {{path.x}}'"}},
	{"second shell", []string{"sh", "-c", "mywrapper bash -c 'echo {{path.x}}'"}},
	{"second shell", []string{"sh", "-c", "sh ./job.sh {{path.x}}"}},
	{"second shell", []string{"sh", "-c", `find . -exec sh -c 'echo {{path.x}}' \;`}},
	{"not literal", []string{"sh", "-c", "$SHELL -c 'echo {{path.x}}'"}},
	{"not literal", []string{"sh", "-c", `"$@" {{path.x}}`}},
	{"argument of .", []string{"sh", "-c", ". {{path.x}}"}},
	{"argument of source", []string{"bash", "-c", "source {{path.x}}"}},
	{"argument of exec", []string{"sh", "-c", "exec {{path.x}}"}},
	{"argument of command", []string{"sh", "-c", "command {{path.x}}"}},
	{"argument of builtin", []string{"bash", "-c", "builtin eval {{path.x}}"}},
	{"argument of trap", []string{"sh", "-c", "trap 'echo {{path.x}}' EXIT"}},
	{"argument of let", []string{"bash", "-c", "let a={{path.x}}"}},
	{"test -v", []string{"bash", "-c", "test -v {{path.x}}"}},
	{"[ -v", []string{"bash", "-c", "[ -v {{path.x}} ]"}},
	{"argument of declare", []string{"bash", "-c", "declare a={{path.x}}"}},
	{"argument of local", []string{"sh", "-c", "f() { local a={{path.x}}; }"}},
	{"argument of export", []string{"sh", "-c", "export {{path.x}}"}},
	{"argument of unset", []string{"sh", "-c", "unset {{path.x}}"}},
	{"printf -v", []string{"bash", "-c", "printf -v {{path.x}} a"}},
	{"printf -v", []string{"bash", "-c", "printf -v{{path.x}} a"}},

	// Places that are like them.
	{"argument of read", []string{"sh", "-c", "read {{path.x}}"}},
	{"argument of mapfile", []string{"bash", "-c", "mapfile {{path.x}}"}},
	{"argument of alias", []string{"sh", "-c", "alias a={{path.x}}"}},
	{"alias", []string{"sh", "-c", "alias a=eval\na {{path.x}}"}},
	{"descriptor", []string{"bash", "-c", "echo a >&{{path.x}}"}},
	{"after ~", []string{"zsh", "-c", "ls ~{{path.x}}"}},
	{"after ~ or =", []string{"zsh", "-c", "echo =''{{path.x}}"}},
	{"after ~", []string{"sh", "-c", "a=b:~''\"{{path.x}}\""}},
	{"name of a", []string{"bash", "-c", "for {{path.x}} in a; do :; done"}},
	{"name of a function", []string{"bash", "-c", "function {{path.x}} { :; }"}},
	{"read", []string{"sh", "-c", "{{path.x}}() { :; }"}},
	{"pattern such as", []string{"bash", "-c", "echo @(a|{{path.x}})"}},
	{"assigned to PATH", []string{"sh", "-c", "PATH={{path.x}} ls"}},
	{"assigned to LD_PRELOAD", []string{"sh", "-c", "LD_PRELOAD={{path.x}} ls"}},
	{"assigned to RANDOM", []string{"bash", "-c", "RANDOM={{path.x}}"}},
	{"assigned to OPTIND", []string{"bash", "-c", "for OPTIND in {{path.x}}; do :; done"}},
	{"assigned to BASH_ALIASES", []string{"bash", "-c", "BASH_ALIASES[ls]={{path.x}}"}},
	{"declares", []string{"bash", "-c", "declare -i n; n={{path.x}}"}},
	{"declares", []string{"bash", "-c", "f() { local -ri n; }; for n in {{path.x}}; do :; done"}},
	{"declares", []string{"bash", "-c", "declare -n r=a; r={{path.x}}"}},
	{"declares", []string{"ksh", "-c", "integer n; n={{path.x}}"}},
	{"piped", []string{"sh", "-c", "echo {{path.x}} | sh"}},
	{"piped", []string{"sh", "-c", "{ echo {{path.x}}; } | sudo -u x bash -s a"}},
	{"piped", []string{"sh", "-c", "echo {{path.x}} | cat | php"}},
	{"piped", []string{"sh", "-c", "echo {{path.x}} | at now"}},
	{"piped", []string{"sh", "-c", "echo {{path.x}} | ssh host"}},
	{"piped", []string{"sh", "-c", "echo {{path.x}} | su - www-data"}},
	{"redirected", []string{"bash", "-c", "bash <<< {{path.x}}"}},
	{"redirected", []string{"sh", "-c", "sh < {{path.x}}"}},
	{"sets LD_PRELOAD", []string{"sh", "-c", "env LD_PRELOAD={{path.x}} ls"}},
	{"command position", []string{"sh", "-c", "nohup {{path.x}}"}},
	{"command position", []string{"sh", "-c", "timeout 5 {{path.x}}"}},
	{"command position", []string{"sh", "-c", "nice -n 5 {{path.x}}"}},
	{"command position", []string{"sh", "-c", "sudo -u www A=1 {{path.x}}"}},
	{"command position", []string{"sh", "-c", "ls | xargs -n 1 {{path.x}}"}},
	{"command position", []string{"sh", "-c", `find . -name a -exec {{path.x}} {} \;`}},
	{"code for -e", []string{"sh", "-c", "ls | perl -ne 'print {{path.x}}'"}},
	{"program of awk", []string{"sh", "-c", "ls | awk '{print {{path.x}}}'"}},

	// What korn shells evaluate besides.
	{"-eq", []string{"mksh", "-c", "[ {{path.x}} -eq 1 ]"}},
	{"format of printf", []string{"zsh", "-c", "printf %d {{path.x}}"}},
	{"argument of exit", []string{"zsh", "-c", "exit {{path.x}}"}},
	{"argument of shift", []string{"ksh", "-c", "shift {{path.x}}"}},
	{"argument of print", []string{"zsh", "-c", "print -P {{path.x}}"}},
	{"argument of set", []string{"ksh", "-c", "set -A a {{path.x}}"}},
	{"changes how", []string{"zsh", "-c", "setopt rcquotes; echo {{path.x}}"}},

	// Code and commands without a shell.
	{"command position", []string{"env", "{{path.x}}"}},
	{"command position", []string{"timeout", "5", "nice", "{{path.x}}"}},
	{"command position", []string{"busybox", "{{path.x}}"}},
	{"command position", []string{"env", "/opt/{{path.x}}/tool"}},
	{"is in the path of a shell", []string{"mywrapper", "/opt/{{path.x}}/sh", "-c", "ls"}},
	{"handed to a shell", []string{"env", "-S", "sh -c", "echo {{path.x}}"}},
	{"handed to a shell", []string{"env", "-S", "sh -c", "a={{path.x}}"}},
	{"code for -S", []string{"env", "-S", "php -r {{path.x}}"}},
	{"code for --split", []string{"env", "--split=php -r {{path.x}}"}},
	{"sets PATH", []string{"env", "PATH={{path.x}}", "ls"}},
	{"takes away", []string{"env", "-i", "sh", "-c", "echo {{path.x}}"}},
	{"takes away", []string{"env", "-", "sh", "-c", "echo {{path.x}}"}},
	{"code for -c of su", []string{"su", "www-data", "-c", "echo {{path.x}}"}},
	{"code for -c of su", []string{"su", "-", "www-data", "-lc", "echo {{path.x}}"}},
	{"code for --comm of su", []string{"su", "www-data", "--comm=echo {{path.x}}"}},
	{"code for --command of su", []string{"su", "--command", "echo {{path.x}}"}},
	{"code for -c of su", []string{"su", "-s", "/bin/sh", "www-data", "-c", "echo {{path.x}}"}},
	{"code for -c of flock", []string{"flock", "-n", "/tmp/l", "-c", "echo {{path.x}}"}},
	{"code for --command of flock", []string{"flock", "/tmp/l", "--command", "echo {{path.x}}"}},
	{"code for -c of script", []string{"script", "-qc", "echo {{path.x}}", "/dev/null"}},
	{"handed to a shell by watch", []string{"watch", "-n", "5", "echo", "{{path.x}}"}},
	{"follows -c of watch", []string{"watch", "-c", "echo {{path.x}}"}},
	{"command position", []string{"watch", "-x", "{{path.x}}"}},
	{"code for -I of xargs", []string{"env", "xargs", "-I", "{{path.x}}", "sh", "-c", "echo a"}},
	{"handed to a shell by ssh", []string{"ssh", "host", "echo", "{{path.x}}"}},
	{"handed to a shell by sudo", []string{"sudo", "-s", "echo", "{{path.x}}"}},
	{"code for -r of php", []string{"php", "-r", "echo {{path.x}};"}},
	{"code for -r of php", []string{"php", "-recho {{path.x}};"}},
	{"code for --run of php8.2", []string{"php8.2", "--run=echo {{path.x}};"}},
	{"belongs to -d of php", []string{"php", "-d", "auto_prepend_file={{path.x}}", "a.php"}},
	{"path to the code", []string{"php", "{{path.x}}"}},
	{"path to the code", []string{"php", "/srv/{{path.x}}.php"}},
	{"path to code", []string{"php", "-f", "{{path.x}}"}},
	{"path to the code", []string{"python3", "-u", "{{path.x}}"}},
	{"code for -c of python3.11", []string{"python3.11", "-c", "print({{path.x}})"}},
	{"path to code", []string{"python3", "-m", "{{path.x}}"}},
	{"code for -e of perl", []string{"perl", "-lane", "print {{path.x}}"}},
	{"code for -e of perl", []string{"perl", "-0777pe", "s/{{path.x}}//"}},
	{"code for -e of perl", []string{"perl", "-i.bak", "-e{{path.x}}"}},
	{"code for -E of perl", []string{"perl", "-E", "{{path.x}}"}},
	{"adds options", []string{"perl", "-n{{path.x}}"}},
	{"adds options", []string{"perl", "-{{path.x}}"}},
	{"follows -n of perl", []string{"mywrapper", "perl", "-n", "{{path.x}}"}},
	{"code for --eval of node", []string{"node", "--eval={{path.x}}"}},
	{"code for -p of node", []string{"node", "-p", "{{path.x}}"}},
	{"code for -e of node", []string{"nodejs", "-e", "{{path.x}}"}},
	{"belongs to -r of node", []string{"node", "-r", "{{path.x}}", "a.js"}},
	{"belongs to --require of node", []string{"node", "--require={{path.x}}", "a.js"}},
	{"code for -e of ruby", []string{"ruby", "-ne", "puts {{path.x}}"}},
	{"code for -e of lua5.4", []string{"lua5.4", "-e", "print({{path.x}})"}},
	{"path to the code", []string{"lua", "-e", "x=1", "{{path.x}}"}},
	{"code for -r of php", []string{"mywrapper", "--opt", "php", "-r", "{{path.x}}"}},
	{"code for -c of fish", []string{"fish", "-c", "echo {{path.x}}"}},
	{"program of awk", []string{"awk", "-F", ":", "{print {{path.x}}}"}},
	{"program of gawk", []string{"gawk", "--", "{print {{path.x}}}"}},
	{"path to code for -f of awk", []string{"awk", "-f", "{{path.x}}"}},
	{"literal NAME=", []string{"awk", "-v", "{{path.x}}", "{print a}"}},
	{"program of sed", []string{"sed", "-n", "s/a/{{path.x}}/"}},
	{"code for -e of sed", []string{"sed", "-e", "s/a/{{path.x}}/"}},
	{"code for --expr of sed", []string{"sed", "--expr=s/a/{{path.x}}/"}},
	{"code for --expression of sed", []string{"busybox", "sed", "--expression", "{{path.x}}"}},
	{"program of awk", []string{"busybox", "awk", "{{path.x}}"}},

	// The shell's own command line.
	{"path to the script", []string{"sh", "{{path.x}}"}},
	{"path to the script", []string{"bash", "-x", "{{path.x}}", "a"}},
	{"path to the script", []string{"timeout", "5", "bash", "{{path.x}}"}},
	{"option of a shell", []string{"bash", "--rcfile", "{{path.x}}", "-i"}},
	{"options of", []string{"bash", "-o", "{{path.x}}", "-c", "ls"}},
	{"options of", []string{"bash", "--unknown", "a", "-c", "echo {{path.x}}"}},
	{"options of", []string{"zsh", "-o", "rcquotes", "-c", "echo {{path.x}}"}},
	{"command position", []string{"env", "sh", "-c", "echo {{path.y}}", "sh", "-c", "{{path.x}}"}},
}

func TestRefusedPlaces(t *testing.T) {
	for _, c := range refused {
		t.Run(strings.Join(c.words, " "), func(t *testing.T) {
			_, faults := tryWords(c.words...)
			if len(faults) == 0 {
				t.Fatalf("%q is accepted", c.words)
			}
			var all strings.Builder
			for _, f := range faults {
				all.WriteString(f.Message + "\n")
				if !strings.Contains(f.Message, "pass it by env") && !strings.Contains(f.Message, "find program") {
					t.Errorf("no advice in %q", f.Message)
				}
			}
			if !strings.Contains(all.String(), c.why) {
				t.Errorf("%q: no %q in the faults:\n%s", c.words, c.why, &all)
			}
		})
	}
}

// accepted are commands that look like those above and are in order.
var accepted = [][]string{
	{"echo", "{{path.x}}"},
	{"echo", "-c", "{{path.x}}"},
	{"php", "get-pet.php", "{{jsonpayload}}", "-r", "{{path.x}}"},
	{"php", "-n", "-d", "a=b", "get-pet.php", "{{path.x}}"},
	{"php", "-f", "get-pet.php", "--", "{{path.x}}"},
	{"php", "-r", "var_dump($argv);", "{{path.x}}"},
	{"python3", "-u", "-W", "ignore", "a.py", "{{path.x}}", "-c", "{{path.y}}"},
	{"python3", "-m", "json.tool", "{{payloadfile}}"},
	{"python3", "-c", "import sys", "-c", "{{path.x}}"},
	{"perl", "-lane", "print", "{{path.x}}"},
	{"node", "--inspect", "a.js", "{{path.x}}"},
	{"grep", "-e", "{{path.x}}", "php.ini", "perl-notes.txt"},
	{"sed", "-n", "-e", "p", "--", "{{path.x}}"},
	{"sed", "s/a/b/", "{{payloadfile}}"},
	{"awk", "-v", "id={{path.x}}", "-F", "{{path.y}}", "{print id}", "{{payloadfile}}"},
	{"env", "A={{path.x}}", "php", "a.php", "{{path.y}}"},
	{"flock", "-n", "/tmp/{{path.x}}", "php", "a.php", "{{path.x}}"},
	{"timeout", "-k", "1", "5", "php", "a.php", "{{path.x}}"},
	{"sudo", "-u", "node", "php", "a.php", "{{path.x}}"},
	{"find", "{{path.x}}", "-name", "{{path.y}}", "-exec", "cat", "{}", ";", "-name", "{{path.x}}"},
	{"watch", "-x", "echo", "{{path.x}}"},
	{"sh", "-c", "echo {{path.x}} | ssh host cat; echo {{path.x}} | su -c cat; echo {{path.x}} | xargs -n {{path.n}} echo"},
	{"su", "-c", "id", "{{path.x}}"},
	{"sh", "job.sh", "{{path.x}}"},
	{"sh", "-c", `printf %s "$1"`, "sh", "{{path.x}}"},
	{"sh", "-c", "echo {{jsonpayload}} $REQUEST_ID"},
	{"sh", "-c", "echo a{{path.x}}b \"c {{path.y}} d\" 'e {{path.n}} f'"},
	{"sh", "-c", "echo $HOME{{path.x}} \"$HOME{{path.x}}\""},
	{"sh", "-c", "a={{path.x}}; b={{path.y}} env; case {{path.x}} in {{path.y}}) echo;; esac"},
	{"sh", "-c", "for f in {{path.x}} b; do echo \"$f\"; done >/tmp/{{path.y}}"},
	{"sh", "-c", "[ {{path.x}} = a ] && test -n '{{path.y}}' && [ {{path.n}} -gt 5 ]"},
	{"sh", "-c", "f() { rm -- {{path.x}}; }; if f; then echo {{path.y}} | grep a; fi"},
	{"sh", "-c", "env A={{path.x}} nice php a.php {{path.y}} # comment"},
	{"sh", "-c", "echo it\\'s {{path.x}} $(date) `date` ${HOME:-/}"},
	{"sh", "-c", "cat <<E\ntext\nE\necho {{path.x}}"},
	{"bash", "-c", "a=({{path.x}} b); cat <<<{{path.y}}; a[1]={{path.x}}"},
	{"bash", "-o", "pipefail", "-c", "echo {{path.x}} | cat"},
	{"bash", "-euo", "pipefail", "-c", "echo {{path.x}}"},
	{"bash", "+x", "-c", "echo {{path.x}}"},
	{"bash", "--norc", "-lc", "echo {{path.x}}"},
	{"bash", "-c", "--", "echo {{path.x}}"},
	{"env", "A=1", "sh", "-c", "echo {{path.x}}"},
	{"busybox", "sh", "-c", "echo {{path.x}}"},
	{"sudo", "-u", "x", "bash", "-lc", "echo {{path.x}}"},
	{"mywrapper", "--opt", "sh", "-ec", "echo {{path.x}}"},
	{"env", "sh", "-c", `exec "$@"`, "sh", "sh", "-c", "echo {{path.x}}"},
	{"zsh", "-c", "print -r -- {{path.x}}; printf '%s\\n' {{path.y}}; [ {{path.x}} = a ]"},
	{"ksh", "-c", "a={{path.x}}; echo \"$a\" {{path.y}}"},
	{"sh", "-c", "docker ps --format '{{{{.Names}}' {{path.x}}"},
}

func TestAcceptedPlaces(t *testing.T) {
	for _, words := range accepted {
		t.Run(strings.Join(words, " "), func(t *testing.T) {
			if _, faults := tryWords(words...); len(faults) > 0 {
				t.Errorf("%q: %+v", words, faults)
			}
		})
	}
}
