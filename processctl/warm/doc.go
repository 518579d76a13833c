// Package warm keeps a PHP that has done its start-up, to bear the processes of one
// operation: PHP loads its extensions and ini files once, and each process begins with
// the script's first line.
//
// # How
//
// PHP is started with an auto_prepend_file of ours, which its CLI runs before the
// script. The file (fork.php) never ends in that process: it reads requests from
// descriptor 3 and clones itself by FFI, as a child of its own parent (CLONE_PARENT)
// that is born in the group it was given (CLONE_INTO_CGROUP). In the child the file does
// end, and PHP goes on to run the script: it is the primary script that it always
// was, with its #! line, exit codes, uncaught exceptions and shutdown functions.
//
// Where a user other than root may not put a process into a group, the child enters it
// by a descriptor of its cgroup.procs that was opened by who may, before anything else.
//
// A child can be forked before there is a request for it ([Keeper.Ahead]): it waits for one
// in its group, on a connection of its own, and then does the same. Cloning a PHP takes
// about as long as all the rest until the script's first line.
//
// A PHP that cannot fork (no FFI, threads) can wait all the same, for one call:
// spare.php reads it from a socket beside it, where it first says a word that it was
// started with. Starting and keeping those is for package processctl, which has
// everything for it.
//
// # What it promises
//
//   - [Keeper.Fork] bears one process or none, and says which. The child itself says
//     that it begins, over the socket, before a line of the script is run. Whoever has
//     that socket open when the parent is gone is a child that has not begun; so once
//     nobody has, what has not answered never will. Only a process that the kernel does
//     not let die leaves a doubt ([ErrUncertain]), and is not born again. The same
//     holds of a child that was forked ahead, and its connection ([Ahead.Begin]).
//   - A PHP that dies is started again, with growing pauses; one that answers nobody
//     though it could is killed first. It is replaced after many calls, after an hour,
//     after a process of it has crashed, and ended when it has nothing to do. Meanwhile
//     there may be none: then Fork says so, and the caller starts its process.
//   - It stands for a PHP that would be started now: when the script's path leads to
//     another file, or an ini file or php itself has changed, it is not used any more.
//     A script is read by the process that runs it.
//   - What PHP can do is asked before ([Program.Probe], [ReadLine]), and why it cannot
//     be used is said in words for the operator.
//
// # What it does not know
//
// Groups, users and limits, pipes, timeouts: the [Host] starts PHP as it is to be
// started, and what was born is a child like any other. A script that runs as the same
// user can kill or stop a warm PHP, but not look into it (PR_SET_DUMPABLE).
package warm
