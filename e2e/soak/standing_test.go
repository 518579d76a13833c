package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urocket/urocket/e2e/leftovers"
)

// Kinds of processes that wait for calls, for messages.
const (
	aWarmPHP = "warm PHPs"
	aSpare   = "spares"
	aWorker  = "workers" // or what one has started
)

// title is what is shown of a PHP that waits for calls.
const title = "urocket: a warm php for "

// kindOf tells what a process of the run waits for calls as; "" if it is a call's.
func (s *soak) kindOf(pid int) string {
	line := leftovers.CommandLine(pid)
	waits := strings.HasPrefix(line, title)
	switch {
	case tokenOf(pid) != "":
		return ""
	case leftovers.Variable(pid, "UROCKET_WORKER") != "":
		return aWorker
	case waits && (s.level == "none" || strings.Contains(line, "/"+spares)):
		return aSpare
	case waits || leftovers.Variable(pid, "UROCKET_TITLE") != "": // or is about to
		return aWarmPHP
	}
	return ""
}

var tokenArgument = regexp.MustCompile(`\bT=(t\d+-\d+)`)

// tokenOf is the token of the call that a process is of. A spare that has one does not
// show its environment.
func tokenOf(pid int) string {
	if token := leftovers.Variable(pid, "T"); token != "" {
		return token
	}
	if m := tokenArgument.FindStringSubmatch(leftovers.CommandLine(pid)); m != nil {
		return m[1]
	}
	return ""
}

// strangers lists the processes of the run that are there, but the program. A spare
// that waits is known by where it is alone.
func (s *soak) strangers(l *life) []int {
	marked := leftovers.Marked(s.dir)
	for _, pid := range leftovers.PIDs() {
		if at, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd")); err == nil && within(at, s.dir) && !slices.Contains(marked, pid) {
			marked = append(marked, pid)
		}
	}
	return slices.DeleteFunc(marked, func(pid int) bool { return pid == l.pid() && !l.over() })
}

func within(at, dir string) bool { return at == dir || strings.HasPrefix(at, dir+"/") }

// standing are those of them that wait for calls.
func (s *soak) standing(l *life) []int {
	return slices.DeleteFunc(s.strangers(l), func(pid int) bool { return s.kindOf(pid) == "" })
}

// of calls are the others.
func (s *soak) ofCalls(l *life) []int {
	return slices.DeleteFunc(s.strangers(l), func(pid int) bool { return s.kindOf(pid) != "" })
}

// groups lists the cgroups of the program, but not those of processes that wait for calls.
func (s *soak) groups(l *life) []string {
	if s.level == "none" {
		return nil
	}
	waiting := map[string]bool{}
	for _, pid := range s.standing(l) {
		waiting[strconv.Itoa(pid)] = true
	}
	return slices.DeleteFunc(leftovers.Groups("urocket-"+s.name), func(dir string) bool {
		text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		members := strings.Fields(string(text))
		return len(members) > 0 && !slices.ContainsFunc(members, func(pid string) bool { return !waiting[pid] })
	})
}

// shape is the same for all lives: the names of groups hold the pid of the program.
func (l *life) shape(groups []string) []string {
	var shape []string
	for _, dir := range groups {
		shape = append(shape, strings.ReplaceAll(dir, strconv.Itoa(l.pid()), "PID"))
	}
	slices.Sort(shape)
	return shape
}

// files lists what lies in the folder for temporary files, but for what belongs to the
// program as long as it lives, or to those that wait for calls.
func (s *soak) files(l *life) []string {
	var own []string
	doors, _ := filepath.Glob(s.path("tmp/*/door"))
	if len(doors) == 1 {
		own = append(own, filepath.Dir(doors[0]))
	}
	for _, pid := range s.standing(l) {
		if dir := leftovers.Variable(pid, "TMPDIR"); dir != s.path("tmp") && dir != "" {
			own = append(own, dir)
		}
	}
	return slices.DeleteFunc(leftovers.Files(s.path("tmp")), func(file string) bool {
		return slices.ContainsFunc(own, func(dir string) bool { return within(file, dir) })
	})
}

// alien says whose a process of the run is, for messages.
func alien(pid int) string {
	return fmt.Sprintf("process %d %q of %s", pid, leftovers.CommandLine(pid), tokenOf(pid))
}
