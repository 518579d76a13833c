// Package leftovers finds what a program, at rest or after its end, has left on
// this machine: processes, zombies, cgroups, files and open descriptors. It is
// for tests, and only looks; nothing here ends or removes anything but [Clear].
//
// Processes are found by a mark: a text, such as the path of the test's own
// directory, that stands in the command line or the environment of whatever
// the program starts. So a process is found wherever it has gone, and never one
// of somebody else.
package leftovers
