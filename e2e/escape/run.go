package escape

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// Run tries every row at a level, each as a subtest under its name: first those
// that need a gateway for themselves, one by one; then the others, which share one,
// as calls of many kinds do in life.
func Run(t *testing.T, level Level, h Harness) {
	t.Helper()
	var together []Row
	for _, row := range Rows() {
		switch {
		case row.Root && os.Geteuid() != 0:
			t.Run(row.Slug, func(t *testing.T) { notrun.Here(t, "only root can try it") })
		case row.Alone:
			t.Run(row.Slug, func(t *testing.T) { try(t, row, open(t, level, h, row)) })
		default:
			together = append(together, row)
		}
	}
	p := open(t, level, h, together...)
	for _, row := range together {
		t.Run(row.Slug, func(t *testing.T) { t.Parallel(); try(t, row, p) })
	}
}

// open starts a gateway of rows.
func open(t *testing.T, level Level, h Harness, rows ...Row) *place {
	t.Helper()
	p := &place{h.Prepare(t), h, level, users(level)}
	p.write(t, rows, false)
	uid := 0
	if rows[0].Plain {
		uid = p.users[rows[0].Slug]
	}
	p.Launch(uid)
	t.Cleanup(func() {
		for line := range strings.Lines(p.Logged()) {
			if strings.Contains(line, `"leftover"`) {
				t.Errorf("something could not be removed: %s", line)
			}
		}
	})
	return p
}

// try tries one row, and demands that nothing of it is left.
func try(t *testing.T, row Row, p *place) {
	a := &Attempt{t, p, row, p.here(row.Slug)}
	row.On.At(p.level).Holds(a)
	a.until("nothing is left of it", func() bool { return nothingRuns(a.dir) })
	if cores, _ := filepath.Glob(filepath.Join(a.dir, "core*")); len(cores) > 0 {
		t.Errorf("core dumps: %q", cores)
	}
}
