package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// account is a line of passwd(5).
type account struct {
	name, home, shell string
}

// lookupAccount finds a uid in /etc/passwd. One that is not there, as in many
// containers, gets its number for a name.
func lookupAccount(uid int) account {
	none := account{name: strconv.Itoa(uid), home: "/", shell: "/bin/sh"}
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return none
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		field := strings.Split(lines.Text(), ":")
		if len(field) < 7 || field[2] != none.name {
			continue
		}
		a := account{name: field[0], home: field[5], shell: field[6]}
		if a.shell == "" {
			a.shell = "/bin/sh" // passwd(5)
		}
		return a
	}
	return none
}

// baseEnvironment is what every process is given of urocket's own environment
// and of its user.
func baseEnvironment() []string {
	a := lookupAccount(os.Getuid())
	env := []string{"HOME=" + a.home, "USER=" + a.name, "LOGNAME=" + a.name, "SHELL=" + a.shell}
	return append(env, passed([]string{"PATH", "LANG", "LC_*", "TZ"})...)
}

// passed lists our own variables that fit one of the patterns: a name, or the
// beginning of names with a * behind it. Names that urocket sets itself never do.
func passed(patterns []string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if name == "REQUEST_ID" || strings.HasPrefix(name, "UROCKET_") {
			continue
		}
		for _, p := range patterns {
			if prefix, ok := strings.CutSuffix(p, "*"); p == name || ok && strings.HasPrefix(name, prefix) {
				env = append(env, entry)
				break
			}
		}
	}
	return env
}
