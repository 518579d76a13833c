// Package vfork starts programs about as cheaply as the kernel can.
//
// A new process is a list of system calls that end in execve(2). The list is made
// beforehand; the child works it off in a few instructions of assembly, borrowing
// the memory of its parent (clone3(2) with CLONE_VM and CLONE_VFORK) and writing
// nothing there but the error of a call that failed. So nothing of Go runs in the
// child, there is no pipe to tell the error, and no signal has to be blocked: the
// kernel resets the handlers (CLONE_CLEAR_SIGHAND, Linux 5.5), which
// [syscall.ForkExec] does with a call for each.
//
// As vfork(2) has it, the thread that starts a program waits until that was
// executed or the child has ended, and the Go runtime counts it as running: while the
// kernel reads a program from a disk that hangs, a garbage collection waits, as it does
// with [syscall.ForkExec].
//
// Where clone3 cannot be had (a seccomp filter, an older kernel), or on other
// processors than amd64, [syscall.ForkExec] does the work.
package vfork
