// Package brief makes system calls that are over within microseconds without telling the
// scheduler of Go.
//
// [syscall.Syscall] tells it, and when the thread has not come back after some 20 µs the
// turn of that thread is given to another one, which has to be woken up; the first one
// then finds itself without a turn, and sleeps until there is one. The kernel likes to run
// whom a call has woken up (the reader of a pipe, a child) in place of the thread that
// made it, so this happens to the shortest of calls when processors are busy, and costs
// several times what the call does.
//
// A thread in such a call counts as running: a garbage collection waits for it. So
// nothing is done in this way that may wait for anybody: descriptors are read and written
// that do not block, or from which there is something to be read; no file of a disk is
// opened. cgroupfs is in memory; making and removing a group waits for a lock of the
// kernel's that is held for as long as somebody else makes one.
package brief
