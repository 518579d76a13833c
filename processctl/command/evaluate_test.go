package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// probes are scripts in which some shell evaluates the value, or might. Those
// that urocket accepts for a shell have to be harmless there.
var probes = strings.Split(`[ P -eq 1 ]
test 1 -lt P
[ -v P ]
[ -t P ]
[ P = x ]
[ -n P ]
[ ! P ]
[ P -a x ]
[ -o P ]
[ P "<" x ]
printf %d P
printf %s P
printf %b P
printf P
printf -v P x
exit P
f() { return P; }; f
shift P
while :; do break P; done
RANDOM=P
SRANDOM=P
SECONDS=P
OPTIND=P
COLUMNS=P
LINES=P
LINENO=P
HISTSIZE=P
HISTCMD=P
TMOUT=P
BASHPID=P
UID=P
EUID=P
PPID=P
ERRNO=P
SHLVL=P
FUNCNEST=P; f() { :; }; f
BASH_ARGV0=P
EPOCHREALTIME=P
KEYTIMEOUT=P
OTHER=P
RANDOM=P true
for RANDOM in P; do :; done
for i in P; do :; done
for ((i=P;i<1;i++)); do :; done
select i in P; do break; done
case P in P) ;; esac
PS4=P; set -x; :
typeset -i n; n=P
declare -i n; n=P
local n=P
typeset n=P
export P
export n=P
readonly P
read P
read n <<<P
unset P
getopts a P
getopts P n
mapfile P
a=(P)
a[1]=P
a[P]=1
set -A x P
set P
set -- P
ulimit -n P
kill -0 P
wait P
wait -p P
cd P
pushd P
dirs P
umask P
hash P
type P
whence P
command -v P
alias P
trap P EXIT
trap - P
jobs P
fg P
disown P
history P
fc P
bind P
shopt P
enable P
compgen -W P
let P
: >&P
: 2>&P
: <&P
: &>P
: &>>P
: >|P
: >P
: <>P
: {fd}>P
cat <P
cat <<<P
[[ P -eq 1 ]]
[[ -v P ]]
[[ P == x ]]
(( P ))
echo $((P))
echo $[P]
echo ${x[P]}
echo ${x:P}
echo *P
echo P*
echo {a,P}
echo {1..P}
echo ~P
echo P
print P
print -P P
print -r P
print -r -- P
eval P
P
sleep P
echo P | cat
time echo P
functions[f]=P; f
aliases[f]=P
path=P
NULLCMD=P; <out
repeat P echo
echo *(P)
echo *(e:P:)
! echo P
coproc echo P
printf %n P
printf '%s%n' P P
printf '%*s' P x
declare -A m; m=(P y); m+=(P z)
declare -A m; m[k]=P; echo "${m[k]}"
a=([0]=P)
a+=(P)
a+=P
type P; pwd P; true P; : P; false P
exec 3<P
time -p echo P
IFS=P; echo $IFS
LANG=P
LC_ALL=P; echo
BASH_COMPAT=P
TIMEFORMAT=P; time :
GLOBSORT=P; echo *
DIRSTACK=P
DIRSTACK[0]=P
PIPESTATUS=P
BASH_LINENO=P
BASH_CMDS[ls]=P; ls
KSH_VERSION=P
PWD=P; pwd
OLDPWD=P
REPLY=P
TIMEFMT=P; time :
[ P = P ]
[ P -nt x ]
test P
echo P(N)
printf "%s%s" P x
`, "\n")

// TestShellsEvaluate tries each probe in each shell with values that run a
// command wherever they are evaluated as code, arithmetic or a name.
func TestShellsEvaluate(t *testing.T) {
	evil := []string{
		"a[$(touch pwned)]", "path[$(touch pwned)]", "$(touch pwned)", "`touch pwned`", "x;touch pwned", "touch pwned",
		"x[0$(touch pwned)]=1", "PATH[`touch pwned`]", "+a[$(touch pwned)]",
	}
	eachShell(t, func(t *testing.T, shell []string) {
		accepted := 0
		for _, probe := range probes {
			words := append(append([]string(nil), shell...), "-c", strings.ReplaceAll(probe, "P", "{{path.x}}"))
			dir := t.TempDir()
			c, faults := Compile(Input{Words: words, PathNames: []string{"x"}, Dir: dir, SearchPath: os.Getenv("PATH")})
			if len(faults) > 0 {
				continue
			}
			accepted++
			for _, value := range evil {
				start(t, c, dir, values{"x": value})
				if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
					t.Fatalf("%q runs %q", words, value)
				}
			}
		}
		if accepted < 20 {
			t.Errorf("only %d probes are accepted: nothing was tried", accepted)
		}
	})
}
