package warm

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A warm PHP stands for one that is started now only as long as that would be the same:
// of the same file, with the same ini files, for a script to which the same path leads.
// A script that was edited is no matter: it is read by the process that runs it.

// mark is the state of a file that PHP has read, or would read if it were there; or of
// a folder, in which ini files are looked for.
type mark struct {
	path  string
	there bool
	dev   uint64
	ino   uint64
	ctime unix.Timespec // rename, chmod and touch move it too

	folder bool
	inis   string // the ini files in a folder
}

// iniMarks are those of PHP itself and of what its probe has told of its settings: the
// ini file, the others (parted by commas), where the one and the others are looked for,
// and PHP_INI_SCAN_DIR.
func iniMarks(php string, told []string) (marks []mark) {
	for _, file := range append(strings.FieldsFunc(told[1], func(r rune) bool { return r == ',' || r == '\n' }),
		php, told[0], told[2]+"/php-cli.ini", told[2]+"/php.ini") {
		if filepath.IsAbs(file) {
			marks = append(marks, markOf(file))
		}
	}
	for _, folder := range filepath.SplitList(told[3] + ":" + told[4]) {
		if filepath.IsAbs(folder) {
			m := markOf(folder)
			m.folder, m.inis = true, inisIn(folder)
			marks = append(marks, m)
		}
	}
	return marks
}

func markOf(path string) mark {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return mark{path: path}
	}
	return mark{path: path, there: true, dev: st.Dev, ino: st.Ino, ctime: st.Ctim}
}

func inisIn(folder string) string {
	names, _ := filepath.Glob(filepath.Join(folder, "*.ini"))
	return strings.Join(names, "\n")
}

// hold says that everything is as it was. A folder may be used for other things.
func hold(marks []mark) bool {
	for _, m := range marks {
		now := markOf(m.path)
		now.folder, now.inis = m.folder, m.inis
		if now != m && !(m.folder && inisIn(m.path) == m.inis) {
			return false
		}
	}
	return true
}

// younger says whether something was changed after a time, folders too or not. The
// clock of files may be behind by a tick.
func younger(marks []mark, than time.Time, folders bool) bool {
	for _, m := range marks {
		if m.there && (folders || !m.folder) && time.Unix(m.ctime.Unix()).After(than.Add(-20*time.Millisecond)) {
			return true
		}
	}
	return false
}

// Fresh says whether what PHP was asked is as it was.
func (p *Program) Fresh() bool { return p.facts != nil && hold(p.facts.marks) }

// AskedWith says whether the two go by one answer of PHP.
func (p *Program) AskedWith(other *Program) bool { return p.facts == other.facts }

// scriptPath is where the script is looked for.
func (p *Program) scriptPath() string {
	if filepath.IsAbs(p.Script) {
		return p.Script
	}
	return filepath.Join(p.Dir, p.Script)
}

// Place is where PHP finds the script, and in which folder. One that waits has both open.
type Place struct {
	Script, Dir string    // where they lead
	script      mark      // numbers of files are used again: its ctime counts
	folder      [2]uint64 // device and number; that others work in it is no matter
}

// Place looks where the script is now.
func (p *Program) Place() (Place, error) {
	real, err := p.RealScript()
	if err != nil {
		return Place{}, err
	}
	dir, err := filepath.EvalSymlinks(p.Dir)
	if err != nil {
		return Place{}, fmt.Errorf("find the working directory: %w", err)
	}
	script, folder := markOf(real), markOf(dir)
	if !script.there || !folder.there {
		return Place{}, fmt.Errorf("find %s in %s: %w", p.Script, p.Dir, fs.ErrNotExist)
	}
	return Place{real, dir, script, [2]uint64{folder.dev, folder.ino}}, nil
}

// source is the state of the script's file.
type source struct {
	mark
	mtime unix.Timespec
}

func sourceOf(path string) source {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return source{}
	}
	return source{mark{path: path, there: true, dev: st.Dev, ino: st.Ino, ctime: st.Ctim}, st.Mtim}
}

// RealScript is where the path of the script leads now. A release is often switched by
// a link on the way.
func (p *Program) RealScript() (string, error) {
	real, err := filepath.EvalSymlinks(p.scriptPath())
	if err != nil {
		return "", fmt.Errorf("find the script: %w", err)
	}
	return real, nil
}
