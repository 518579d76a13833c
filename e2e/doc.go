// Package e2e holds the tests that drive the built program from outside: a
// configuration file, a public address, a unix socket and real processes.
//
// It promises that every row of the answer tables (replies on the socket, where
// the answer comes from, what a caller gets when it goes wrong) has a subtest
// that carries the row's name, and that each of them is judged twice: by the
// answer, and by what is left when the program has stopped. [TestMain] builds
// the program once with the race detector; start gives a test a gateway of its
// own and checks at the test's end that SIGTERM ends it with exit code 0, that
// no process, cgroup, descriptor, socket or temporary file is left, and that
// its log holds no panic and no data race.
//
// Scripts are sh and curl where those can do it. What a shell cannot do (show
// its own environment byte for byte, speak half a request, leave a daemon) is
// done by the test binary itself, started under the name helperName.
//
// Nothing here asserts how fast something is. A deadline bounds how long a test
// waits for what must happen; it is never the thing that is tested, but where
// urocket promises a time the shortest wait is checked, not the longest.
package e2e
