// Package conform holds one set of PHP scripts, and shows that each of them is
// the same under every driver as it is by plain `php SCRIPT`.
//
//	go test ./e2e/conform      each script in one way: by spawn, fork, and fork's fallback
//	make conformance           all trials, and fork with contrib/fastexit
//
// A trial is a script of testdata with a command, a request or several, and
// what happens to its files between them. Each trial is run twice for each
// driver:
//
//   - The truth. An operation whose command is this test binary in place of
//     PHP, which notes what urocket has given it: argv, environment, standard
//     input and its kind, working directory. With exactly that the test then
//     starts php, by fork and exec and nothing else, while the call waits: so
//     a reply of that script is a reply to a caller.
//   - Served. The same operation with PHP as its command and the driver under
//     test; exit code or signal, stdout and stderr as the report, /urprocs and
//     the caller have them.
//
// Of each run the facts are taken: the exit, stdout and stderr byte for byte,
// what the caller got, the files that are left, the processes that are left.
// A line "name = value" of stdout is a fact of its own, so that a difference
// has a name. What must differ between two runs of the same script is taken
// out beforehand (normalisations).
//
// A fact that differs must stand in the table of differences, with the reason,
// and each row of that table must be seen: a difference that has gone is a
// failure as well. docs/drivers.md has the same table, rows of one reason in one
// row, between two marks, where TestDocument looks for it:
//
//	<!-- differences -->
//	…
//	<!-- /differences -->
//
// The table is written there by `go test ./e2e/conform -run TestDocument -write`.
package conform
