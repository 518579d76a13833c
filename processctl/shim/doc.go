// Package shim is a small process between urocket and the scripts that need
// what fork(2) and exec(2) alone do not give: a user's umask, resource limits
// and no_new_privs, which are inherited from the process that forks; or, where
// there are no cgroups, a parent of their own that no descendant can leave.
//
// A shim is this very program, executed again under the name [Name]. It takes
// its settings from its arguments, applies them to itself, and then starts what
// it is told to over a unix socket, descriptor 3: its children inherit the
// settings, and are in their place before their first instruction. Nothing is
// executed in between, so what a script is measured to use is its own.
//
// With [Settings.Collect] a shim is a subreaper (prctl(2),
// PR_SET_CHILD_SUBREAPER) and serves one command at a time: whatever the command
// starts, and however it cuts its ties (setsid, double fork, a clean
// environment), falls to the shim when its parent ends. wait4 saying ECHILD is
// the proof that nothing is left. Such a shim waits for messages and for children in
// one thread and one call. Others start any number of commands
// side by side, and somebody else (a cgroup) keeps their descendants together.
//
// A program that has to be urocket's own child (package warm) cannot be started by a
// shim: a shim takes the settings on and becomes it ([Exec]).
//
// When its socket closes, a shim kills what it has left and ends: the death of
// urocket leaves nothing behind, not even a kill -9.
//
// The shim runs in this package's init, before the packages that a large program
// brings along: a start costs about a millisecond and the shim keeps less than a
// megabyte of its own. That is why this package imports next to nothing.
package shim
