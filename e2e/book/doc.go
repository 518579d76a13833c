// Package book holds the tests that do what the documentation says.
//
// It promises that no block of code stands in a page (README.md, docs, and the
// README files beside what they describe) that nobody has tried. What a block is
// there for is said by the words behind its language, which no reader sees:
//
//	sh run            is run, and has to end well
//	sh run fails      is run, and must not
//	sh serve FILE     is run, and serves FILE from then on, until the page ends
//	text answer       is what the block before has printed; … stands for any text
//	sh run caller     is run and left waiting for its answer
//	text answer caller  is what it has printed in the end
//	yaml file NAME    is written into that file, which the text before it names, in whatever language it is
//
// The blocks of a page are one session of one shell, in their order, in a folder
// of their own with a copy of the sources beside it (README.md: in that copy),
// with the program that was built, and PHP and curl as they are. Addresses and
// sockets that a page names are replaced by free ones.
//
// A shell block that cannot be run here has a comment before it that says why,
//
//	<!-- not run: needs a cluster -->
//
// and is read all the same: by bash, and what it says to urocket is held against
// urocket's own help. So is each command of urocket's that the text names. YAML,
// JSON, PHP and Python are read by those who read them otherwise; of YAML, what
// looks like a part of a configuration is held against its schema, and a whole
// one is written to a file and checked by `urocket dry`.
//
// Links lead somewhere, tests and targets of make that are named exist, and the
// chapters stand in the table of contents, each with a link to the next.
package book
