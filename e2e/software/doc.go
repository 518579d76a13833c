// Package software wraps PHP command-line programs that Debian ships, by
// configuration alone: a wiki's page editor, indexer, list of wanted pages and
// renderer (dokuwiki), a checker and a fixer of source text (php-codesniffer), a
// package manager's validator (composer), a generator of class maps (phpab).
//
// None of them knows of urocket, and none is changed. testdata has the two files
// that a user would write. Each driver serves a copy of them with a wiki of its
// own; the same calls are made, with real answers, and the answers are the same.
//
// What the tests need is installed by `scripts/setup.sh test`; a program that is
// not there is noted by package notrun.
package software
