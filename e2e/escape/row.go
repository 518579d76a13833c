package escape

// Level is how urocket keeps processes together.
type Level string

// The levels, by the names that [Run]'s tests have.
const (
	Full  Level = "full"
	Track Level = "track"
	None  Level = "none"
)

// Keys are keys of an operation, of its inject and of its limits alike.
type Keys map[string]any

// Operation is a PHP script that the gateway runs. Its text and its keys may
// hold @DIR@, the gateway's directory; @HERE@, the row's; @UID@, a user that
// nobody else has; @SHORT@, a timeout that a script's attempt fits into.
type Operation struct {
	Script string
	Keys   Keys
}

// Row is one thing that a process can try.
type Row struct {
	Slug  string // its name, which is its tests' too
	Tries string // what the process does, for the document: "ignores SIGTERM"
	Hurts bool   // it does not escape, but hurts

	Operation
	Also map[string]Operation // further operations, by name
	On   Cells

	Alone bool // it needs a gateway of its own: to stop, to kill, or to be measured
	Root  bool // only root can try it, or run a process as another user
	Plain bool // the gateway itself runs as @UID@
}

// Cells are what becomes of a row at each level.
type Cells struct{ Full, Track, None Cell }

// Cell is what becomes of it at one level.
type Cell struct {
	Says  string         // for the document
	Holds func(*Attempt) // whether it is so
}

// At is the cell of a level.
func (c Cells) At(l Level) Cell {
	return map[Level]Cell{Full: c.Full, Track: c.Track, None: c.None}[l]
}

// same is what holds at every level.
func same(says string, holds func(*Attempt)) Cells {
	return Cells{Cell{says, holds}, Cell{says, holds}, Cell{says, holds}}
}

// grouped is what holds with any cgroup, and what without.
func grouped(says string, holds func(*Attempt), none Cell) Cells {
	return Cells{Cell{says, holds}, Cell{says, holds}, none}
}

// limited is what holds where limits are real, and what elsewhere: there a
// configuration with the limit is refused, unless it is meant as best effort.
func limited(limit Keys, says string, holds func(*Attempt), without Cell) Cells {
	elsewhere := Cell{
		"start is refused; with `mode: besteffort` " + without.Says,
		func(a *Attempt) { a.refused(limit); without.Holds(a) },
	}
	return Cells{Cell{says, holds}, elsewhere, elsewhere}
}

// chapter is a file of rows.
type chapter struct {
	file string
	rows []Row
}

func chapters() []chapter {
	return []chapter{
		{"strays.go", strays},
		{"births.go", births},
		{"kernel.go", kernel},
		{"groups.go", groups},
		{"resources.go", resources},
		{"floods.go", floods},
		{"files.go", files},
		{"rights.go", rights},
		{"signals.go", signals},
		{"replies.go", replies},
		{"crashes.go", crashes},
	}
}

// Rows are all rows, in the document's order.
func Rows() (all []Row) {
	for _, c := range chapters() {
		all = append(all, c.rows...)
	}
	return all
}
