package soak

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// script is the one that is edited while it is called: which edition of it is being
// written, or was written last, and which was written for certain.
type script struct{ newest, confirmed atomic.Int64 }

// text is the script of an edition.
func (s *soak) edition(n int64) []byte {
	return fmt.Appendf(nil, "<?php require '%s/scripts/lib.php'; echo 'edition ', getenv('T'), ' %08d', \"\\n\";\n", s.dir, n)
}

// edit changes the script: in its place, by another file of its name, and by another
// release behind the link that its path leads through.
func (s *soak) edit(ctx context.Context, r *rand.Rand, _ *life) {
	for wait(ctx, r, 1500*time.Millisecond) {
		n := s.script.confirmed.Load() + 1
		s.script.newest.Store(n)
		how, err := "in its place", error(nil)
		switch choice := r.IntN(5); {
		case n%10 != 0 && choice < 3:
			err = s.overwrite(n)
		case choice < 4:
			how, err = "by another file", s.replace(n)
		default:
			how, err = "by another release", s.release(n)
		}
		check(s.t, err)
		s.script.confirmed.Store(n)
		s.events.add("edits "+how, 1)
	}
}

// overwrite changes the last digit of the edition, so that nobody reads half of it.
func (s *soak) overwrite(n int64) error {
	f, err := os.OpenFile(s.path("current", "edited.php"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	text := s.edition(n)
	at := bytes.LastIndexByte(text, '\'') - 1
	_, err = f.WriteAt(text[at:at+1], int64(at))
	return err
}

func (s *soak) replace(n int64) error {
	if err := os.WriteFile(s.path("new.php"), s.edition(n), 0o644); err != nil {
		return err
	}
	return os.Rename(s.path("new.php"), s.path("current", "edited.php"))
}

// release makes a release and switches the link to it.
func (s *soak) release(n int64) error {
	name := fmt.Sprintf("release-%d", n)
	if err := os.Mkdir(s.path(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(s.path(name, "edited.php"), s.edition(n), 0o644); err != nil {
		return err
	}
	if err := os.Symlink(name, s.path("next")); err != nil {
		return err
	}
	return os.Rename(s.path("next"), s.path("current"))
}

// isCurrentEdition demands an edition that was there while the call was under way.
func isCurrentEdition(c *call, a response) error {
	text, ok := strings.CutPrefix(string(a.body), "edition "+c.token+" ")
	var n int64
	if _, err := fmt.Sscanf(text, "%d\n", &n); err != nil || !ok {
		return fmt.Errorf("no edition in %s: %w", clip(a.body, 100), err)
	}
	if newest := c.soak.script.newest.Load(); n < c.edition || n > newest {
		return fmt.Errorf("edition %d, there were %d to %d", n, c.edition, newest)
	}
	return nil
}
