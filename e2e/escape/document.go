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
		for _, c := range chapters() {
			for _, r := range c.rows {
				if r.Hurts == hurts {
					b.WriteString(line(r, c.file))
				}
			}
		}
	}
	table("To outlive its call", false)
	table("To hurt others", true)
	b.WriteString(ending)
	return b.String()
}

// line is a row of the table.
func line(r Row, file string) string {
	full, track, none := r.On.Full.Says, r.On.Track.Says, r.On.None.Says
	switch none {
	case full:
		none = "as full"
	case track:
		none = "as track"
	}
	if track == full {
		track = "as full"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | [%s](../e2e/escape/%s) |\n", cell(r.Tries), cell(full), cell(track), cell(none), r.Slug, file)
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

const introduction = `# What a process can try

This chapter is made from the rows of ` + "`e2e/escape`" + ` by ` + "`go test ./e2e/escape -update`" + `; each cell is a test.

A script may leave daemons behind, use up the machine, or lie. What comes of it depends on what urocket has to keep processes
together. The line ` + "`serving`" + ` in the log, and ` + "`urocket dry -c FILE`" + `, say which of these it is, what is missing and what would help:

- **full**: "every process tree is ended, measured and limited by its cgroup". It needs cgroup v2 with its controllers handed down
  to urocket: ` + "`Delegate=yes`" + ` in a systemd unit; ` + "`--security-opt writable-cgroups=true`" + ` with Docker 28; ` + "`systemd-run --user --scope -p Delegate=yes`" + ` in
  a login session. ` + "`cgroup: required`" + ` refuses to start with anything less.
- **track**: "ended and measured by its cgroup, without limits". There are cgroups, and the host gives them no controllers:
  nothing bounds memory, processes, processor and disk.
- **none**: "no cgroups". ` + "`cgroup: off`" + `, or none can be made. Each call has a shim, a small process of urocket's that every orphan
  of the call falls to. Nothing bounds memory, processes, processor and disk, and there are no figures of whole trees.

The test of a cell is ` + "`TestEscapes/LEVEL/TEST`" + `: ` + "`go test ./e2e -run TestEscapes/none/fork-chain`" + `. Track and none run on the host (e2e), full on a
kernel of its own in a virtual machine (e2e/vm: ` + "`make test-vm`" + `); ` + "`make test`" + ` runs them all. A link leads to the script. In every row each caller gets
one answer, unless it says otherwise; after it no process of it may be left, and when urocket has stopped no group, file or descriptor.
` + "`timeout`, `grace`, `user` and the like are keys of the [configuration](configuration.md).\n"

const ending = `
## What urocket does not protect from

- **A script that runs as urocket's own user.** It may signal urocket and its shims, read what that user may read, and remove the
  socket. As root it may change cgroups and its own limits too. The rows above say what comes of it; give what is not trusted a
  ` + "`user`" + ` of its own, with which no_new_privs comes.
- **Scripts of one user from each other.** Operations with the same ` + "`user`" + ` can signal, trace and read each other's processes, and with
  ` + "`replyfrom: anyone`" + ` whoever knows an id may answer.
- **Others who start processes on request**: cron, at, systemd-run, a container's daemon, a database. What they start for a script
  descends from them.
- **A process in the kernel's uninterruptible sleep** (state D: a dead disk, a dead file server). It dies when the kernel lets it go;
  its caller has an answer at ` + "`timeout`" + `, but its place is taken until then. No test can make one.
- **What has no owner among processes**: files outside a ` + "`tmpdir: own`" + `, disk space, System V shared memory, what was sent over the
  network. Use quotas, systemd's PrivateTmp and PrivateIPC, a firewall.
- **SIGKILL of urocket and of a call's shim at the same moment**, without cgroups: nobody is left who knows the call's daemons.

Next: [security](security.md)
`
