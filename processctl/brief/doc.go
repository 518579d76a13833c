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
// nothing is done in this way that may wait for a script or a client. That a descriptor
// does not block says little: to read a pipe is to wait for its lock, which a writer holds
// while his memory is read, from a file perhaps; to read or to close a unix socket drops
// the descriptors that were sent with a message, and with the last one of a file what that
// takes to remove. So pipes are read when nobody can write any more ([Poll]), and of
// sockets that scripts connect to only the writing is brief. No file of a disk is touched.
//
// Making and removing a group waits for a lock of the kernel's, for as long as somebody
// else on the host makes one; who can hold that for long holds up every start in any case.
package brief
