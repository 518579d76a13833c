package main

import (
	"cmp"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/bench/load"
	"github.com/urocket/urocket/bench/measure"
)

// describe lists what one has to know about the machine and the versions.
func (b *bench) describe() (facts []measure.Fact) {
	add := func(name, value string) {
		facts = append(facts, measure.Fact{Name: name, Value: cmp.Or(value, "unknown")})
	}
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	add("processors", strconv.Itoa(runtime.NumCPU())+" × "+strings.TrimLeft(field(string(cpu), "model name"), ": \t"))
	if strings.Contains(string(cpu), " hypervisor") {
		facts[0].Value += ", in a virtual machine"
	}
	add("kernel", kernel())
	release, _ := os.ReadFile("/etc/os-release")
	add("system", strings.Trim(field(string(release), "PRETTY_NAME="), `"`))
	add("cgroup v2", b.ground.describe())
	add("urocket", strings.TrimPrefix(firstLine(b.urocket(), "version"), "urocket ")+", built with "+builtWith(b.urocket()))
	wrk, _, _ := strings.Cut(firstLine("wrk", "-v"), " [")
	add("load generator", cmp.Or(wrk, load.Tool()))
	add("compiler of the children", firstLine(cmp.Or(os.Getenv("CC"), "gcc"), "--version"))
	for _, p := range peers() {
		for _, program := range p.programs {
			if path, err := lookup(program, b.peers); err == nil {
				add(program, version(path))
			}
		}
	}
	add("load average at the start", loadAverage())
	return facts
}

func (g *ground) describe() string {
	if g.dir == "" {
		return "none: " + g.missing
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, "cgroup.subtree_control"))
	return "controllers: " + cmp.Or(strings.TrimSpace(string(text)), "none (groups end and measure, without limits)")
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// version is that of a peer: of its Go module, or of Debian's package of that name.
func version(path string) string {
	if info, err := buildinfo.ReadFile(path); err == nil {
		return info.Main.Version
	}
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", filepath.Base(path)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func builtWith(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return "Go " + strings.TrimPrefix(info.GoVersion, "go")
}

// firstLine is that of what a program prints about itself, whatever its exit code.
func firstLine(program string, args ...string) string {
	out, _ := exec.Command(program, args...).CombinedOutput()
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
