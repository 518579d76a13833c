package warm

import (
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// readyFields is how many fields "ready" has: itself, pid, loaded ini file, scanned
// ones, the folders of both, and the script's real path.
const readyFields = 7

// stamp is what a PHP was started from. Once anything of it is another, so would be
// what a PHP that is started now does.
type stamp struct {
	script, real string // a release is switched by a link on the way to it
	marks        []mark
}

// mark is the state of a file or folder that PHP has read.
type mark struct {
	path  string
	there bool
	dev   uint64
	ino   uint64
	ctime unix.Timespec // rename, chmod and touch move it too
}

func newStamp(p *Program, real string, ini []string) stamp {
	s := stamp{script: p.scriptPath(), real: real}
	scanned := strings.FieldsFunc(ini[1], func(r rune) bool { return r == ',' || r == '\n' })
	folders := append([]string{ini[2]}, filepath.SplitList(ini[3])...)
	for _, file := range append([]string{ini[0]}, scanned...) {
		folders = append(folders, filepath.Dir(file))
	}
	seen := map[string]bool{}
	for _, list := range [][]string{{p.PHP, ini[0]}, scanned, folders} {
		for _, path := range list {
			if filepath.IsAbs(path) && !seen[path] {
				seen[path] = true
				s.marks = append(s.marks, markOf(path))
			}
		}
	}
	return s
}

func markOf(path string) mark {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return mark{path: path}
	}
	return mark{path, true, st.Dev, st.Ino, st.Ctim}
}

// holds says that everything is as it was.
func (s *stamp) holds() bool {
	if real, err := filepath.EvalSymlinks(s.script); err != nil || real != s.real {
		return false
	}
	for _, m := range s.marks {
		if markOf(m.path) != m {
			return false
		}
	}
	return true
}

// younger says whether something was changed after a time. The clock of files may be
// behind by a tick.
func (s *stamp) younger(than time.Time) bool {
	for _, m := range s.marks {
		if m.there && time.Unix(m.ctime.Unix()).After(than.Add(-20*time.Millisecond)) {
			return true
		}
	}
	return false
}
