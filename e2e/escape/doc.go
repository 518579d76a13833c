// Package escape is the table of what a process can try, to outlive its call or
// to hurt others, and of what comes of it at each level of urocket:
//
//   - full: every call has a cgroup, with limits
//   - track: every call has a cgroup, and this host offers no controllers
//   - none: no cgroups; each call has a shim, which its orphans fall to
//
// A [Row] has a real script that tries it and, for each level, the words that
// docs/escapes.md says of it and the check that they are true. So the document
// cannot say what no test has seen: it is made from the rows (this package's own
// test compares it), and [Run] runs every row of a level as a subtest under the
// row's name. The tests are TestEscapes/none/… in e2e, and TestEscapes/track/… or
// TestEscapes/full/…, whichever the host offers.
//
// Scripts are PHP, since that is what urocket is made for: with its pcntl, posix
// and FFI extensions it does whatever a program can. A script proves with a file
// that it has come as far as the row says, and only then its end is looked at.
//
// After every row no process may be left that bears the row's mark; when the
// gateway has stopped, no group, descriptor or file of any row. Waits are for a
// state and bounded generously; nothing asserts how fast anything is.
package escape
