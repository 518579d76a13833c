package escape

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Gateway is an urocket as the tests of a package start it. At the end of the
// test it is stopped, and all that it may have left is looked for.
type Gateway struct {
	Dir              string // exists, and belongs to nobody else
	Service, Address string // servicename and listen
	Socket, File     string // socketpath, and where the configuration goes

	Launch func(uid int)        // starts it, as this user if it is not 0, and waits until it serves
	Stop   func()               // SIGTERM, and waits
	Crash  func()               // SIGKILL, unless somebody has sent it, and waits
	PID    func() int           // its process
	Logged func() string        // its log
	Dry    func() (int, string) // `urocket dry` on File: exit code and text
}

// Harness is where rows are tried.
type Harness struct {
	Prepare func(t *testing.T) *Gateway // a gateway that is not started yet
	Short   string                      // a timeout that a script's attempt fits into
	Disk    string                      // a disk's number, for io.max
}

// place is a gateway with the rows that are tried in it.
type place struct {
	*Gateway
	host  Harness
	level Level
	users map[string]int
}

// users are for each row a user that no other row, level or run of these tests
// has.
func users(level Level) map[string]int {
	of := map[string]int{}
	base := map[Level]int{Full: 0, Track: 256, None: 512}[level]
	for n, row := range Rows() {
		of[row.Slug] = 1<<26 + os.Getpid()%65536<<10 + base + n
	}
	return of
}

// here is a row's directory, in which everybody may write.
func (p *place) here(slug string) string { return filepath.Join(p.Dir, "rows", slug) }

// expand fills what a row cannot know.
func (p *place) expand(slug, text string) string {
	return strings.NewReplacer(
		"@DIR@", p.Dir, "@HERE@", p.here(slug), "@UID@", strconv.Itoa(p.users[slug]),
		"@SHORT@", p.host.Short, "@DISK@", p.host.Disk,
	).Replace(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
