package escape

import (
	"fmt"
	"strings"
)

// Document is docs/escapes.md.
func Document() string {
	var b strings.Builder
	b.WriteString(introduction)
	table := func(title string, hurts bool) {
		fmt.Fprintf(&b, "\n## %s\n\n| a process … | full | track | none | test |\n| --- | --- | --- | --- | --- |\n", title)
		for _, r := range Rows() {
			if r.Hurts != hurts {
				continue
			}
			track, none := r.On.Track.Says, r.On.None.Says
			if track == r.On.Full.Says {
				track = "as full"
			}
			switch none {
			case r.On.Full.Says:
				none = "as full"
			case r.On.Track.Says:
				none = "as track"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", cell(r.Tries), cell(r.On.Full.Says), cell(track), cell(none), r.Slug)
		}
	}
	table("To outlive its call", false)
	table("To hurt others", true)
	b.WriteString(ending)
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

const introduction = `# What a process can try

This file is made from the rows of ` + "`e2e/escape`" + ` by ` + "`go test ./e2e/escape -update`" + `; each cell is a test.

A script may leave daemons behind, use up the machine, or lie. What comes of it depends on what urocket has to keep processes
together; it says at start, and in ` + "`urocket dry`" + `, which of these it is and what is missing:

- **full**: every call has a cgroup of its own, with limits. Needs cgroup v2 with its controllers delegated: ` + "`Delegate=yes`" + ` under
  systemd, a private cgroup namespace that is writable in a container. ` + "`cgroup: required`" + ` refuses anything less.
- **track**: every call has a cgroup, but this host gives it no controllers, so there are no limits of memory, processes,
  processor or disk.
- **none**: no cgroups (` + "`cgroup: off`" + `, or none to be had). Each call has a shim, a small process of urocket's that every orphan of the
  call falls to. No such limits either, and no figures of whole trees.

The tests are ` + "`TestEscapes/LEVEL/TEST`" + ` in e2e, a part of ` + "`make test`" + `: none, and track or full, whichever the host offers. After each row no process
of it may be left, and when urocket has stopped no group, file or descriptor. Where the host offers no more than track, full is tested
by other names and in fewer ways, on a kernel in a virtual machine (` + "`make test-vm`" + `): memory, processes, processor and disk, daemons,
scripts that leave their group, PHP.
`

const ending = `
## What urocket does not protect from

- **A script that runs as urocket's own user.** It may signal urocket and its shims, and read what that user may read. As root it
  may also change cgroups. It is ended all the same, and the next start sweeps; but give what is not trusted a ` + "`user`" + ` of its own.
- **Scripts of one user from each other.** Two operations with the same ` + "`user`" + ` can signal each other's processes.
- A process that the kernel holds in an uninterruptible wait (state D: a dead disk, a dead NFS server) dies when the kernel lets it
  go. Its place stays taken until then, and the log says so.
- The network, and disk space outside a ` + "`tmpdir: own`" + `: use the system's own means.
- Without cgroups: urocket and a call's shim killed at the same moment by somebody else (SIGKILL). Nobody is left who knows the
  call's daemons.
`
