// Package processctl owns one process from its birth until the last of its
// descendants is reaped: argv, environment, stdio, user, limits, timeout,
// signals, usage. It knows nothing of HTTP, of configuration files or of why a
// process is started; other stages can be built on it.
//
// # What it promises
//
//   - A process is born in a place of its own: a cgroup entered by clone3 at the
//     first instruction or, where no group can be made, below a shim (package
//     shim) that every orphan of it falls to. It inherits no descriptor but
//     stdin, stdout and stderr, and [Spec.Extra], no environment but [Spec.Env], no blocked and no
//     ignored signal ([Inheritable]).
//   - When the process has ended and [Process.Release] was called, what is left
//     of its descendants gets SIGTERM, [Spec.Grace], SIGKILL. [Spec.Timeout] does
//     the same to all of it, released or not. Ended is told only when nothing is
//     left of them, the group's directory is gone and [Scratch] files are removed.
//   - stdout and stderr are read all the time, so that they do not block the script for
//     longer than a few milliseconds at its beginning (who ends by then has left it all in
//     the pipes), and never decide when a call ends: a daemon that keeps them open is one
//     more process to end. Only a streamed stdout ([Spec.Stream]) waits for its reader.
//   - Every process is reaped in one place, and so is every orphan that falls to
//     this program, which makes itself a subreaper (prctl(2)). Nothing else in a
//     program that uses this package may wait for children it does not know.
//   - User, umask and rlimits ([Spec.Isolation]) hold from the first instruction. They
//     are given by a shim too, and cost the process itself nothing.
//
// # Drivers
//
// However a process comes to be, all of this holds, and none of it is done by whoever
// bears it. It is started; or, where [Spec.Warm] says so, forked by a PHP that has done
// its start-up (package warm) and is a child of this program all the same, perhaps before
// there was a call for it; or it was started ahead, into outputs and a tree that are the
// call's from then on. What cannot come to be in one way does in the next, once:
// [Process.Driver] says how and why.
//
// A program that uses this package is executed again as the shim: package shim
// does its work before main, and nothing has to be called for it.
//
// # Speed
//
// What the kernel needs to start a process is most of what a call costs, so nothing
// is started in a way that needs more: package vfork starts programs, a shim does its
// work in one thread, and every child is reaped in one place. Short system calls are not
// told to the Go scheduler (package brief), and of a process that ends young nothing is
// made for reading its output. docs/benchmarks.md says what that comes to.
//
// # Files
//
// A call's [Scratch] lies directly in the directory that it was made for, under a
// name that nobody can guess and that says nothing of the call. As long as the call
// lives its urocket holds a lock on it (a lock of the open file, fcntl(2), at an
// offset that no script locks), which the kernel drops however urocket ends. So
// whatever bears such a name and no such lock was left by one that was killed, and
// [SweepScratch] removes it at the next start, of whatever service, and touches
// nothing of another that lives. It follows no links. Bodies on disk have no name
// at all (package spool).
//
// # What it does not promise
//
// A process that may write to cgroups, as root may, can leave its own: it is
// ended by its pid all the same, and what it starts outside when the Controller
// is closed. A process that runs as the same user as this program may kill it,
// or a shim: give scripts that are not trusted a user of their own.
package processctl
