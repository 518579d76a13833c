// Package cgroup gives every process that urocket starts a control group (v2)
// of its own: a directory that can be entered at birth, signalled, killed with
// all that the process has started, read for what it used, and removed.
//
// It is a thin editor over files, as cgroups(7) and the kernel's
// Documentation/admin-guide/cgroup-v2.rst describe them. What it knows:
//
//   - [Open] finds the cgroup2 mount in mountinfo (never assuming
//     /sys/fs/cgroup: hybrid hosts have it elsewhere) and our own group in
//     /proc/self/cgroup, and proves by making a directory that groups can be
//     made there. It then owns one directory, the [Parent], locked with flock(2)
//     for as long as the program lives.
//   - [Parent.NewGroup] makes a fresh [Group] for one process. Groups are never
//     used twice: counters, page cache and strays of an earlier process would
//     come with them, and Linux may kill whatever is born into one that was killed
//     (6.18: kill_seq in cgroup_css_set_fork).
//   - A group's name is a number, never anything that came with a request.
//   - [Group.Kill] writes cgroup.kill (Linux 5.14), which also ends processes
//     that changed session, parent or environment, and that fork while dying.
//     It is asynchronous: a group is gone when [Group.Remove] says so.
//
// The directory of an urocket that was killed keeps its name but not its lock;
// the next [Open] with the same name ends what is left in it and removes it.
//
// Others may change the hierarchy while urocket runs. The parent's directory, if
// somebody removes it between two calls, is made, locked and given its controllers
// as at the start, under another name if another urocket has taken its own;
// controllers that were turned off for its groups are turned on. Both are told to
// [Options].Warn. What takes more rights than that (the operator's own directory
// is gone, a group above has withdrawn a controller) is the error of each call that
// needs it, and says what to do; nothing runs with less than was promised.
//
// Which controllers can be had decides the [Level]. They are handed down from our
// own group, whose processes are moved to a leaf "main" first, because a group
// that hands controllers on may have no processes of its own. [Parent.Close] takes
// all of it back.
package cgroup
