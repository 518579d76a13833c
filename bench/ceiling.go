package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urocket/urocket/bench/measure"
)

// ceilings name the rows that are the least a server can do, by the limits that do the
// same work for a child. They are held against those, and urocket against them.
var ceilings = map[string]string{
	limitPostGroup:  "ceiling: post, cgroup each",
	limitPost:       "ceiling: post",
	limitPrintGroup: "ceiling: print, cgroup each",
	limitPrint:      "ceiling: print",
}

// ceilingRows are servers by c/front.c: with one thread at one connection, as the limits,
// and at more with whichever of 2 and 4 is best now. One thread is not tried there: it
// stands still while a child is started, and is never best. For children that post there
// is the same in Go (package gofront).
func (b *bench) ceilingRows() (rows []contender) {
	for _, l := range bounds() {
		add := func(name, note string, ways ...way) {
			row := measure.Row{Name: name, Group: "ceiling", Limit: l.row.Name, Note: note}
			if l.groups && b.ground.dir == "" {
				row.Gone = "no cgroup v2 here: " + b.ground.missing
			}
			rows = append(rows, contender{row: row, ways: ways, after: l.frontEnded})
		}
		name := ceilings[l.row.Name]
		add(name, "an HTTP server in front of what the limit does",
			way{l.front(b.work, 1), func(conns int) bool { return conns == 1 }},
			way{l.front(b.work, 2), func(conns int) bool { return conns > 1 }},
			way{l.front(b.work, 4), func(conns int) bool { return conns > 1 }})
		if l.post {
			add("Go "+name, "the same in Go, with net/http", way{start: l.goFront(b.work)})
		}
	}
	return rows
}

// goFront starts a server in Go that starts the children of a limit.
func (l bound) goFront(tools string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		args := []string{"front", s.addr(), s.file("sock"), filepath.Join(tools, l.child)}
		if l.groups {
			groups, err := s.splitGroup()
			if err != nil {
				return "", err
			}
			args = append(args, groups)
		}
		return "http://" + s.addr() + "/call", s.startSelf(args...)
	}
}

// childrenEach are at a time for each processor.
const childrenEach = 8

// front starts a server that starts the children of a limit.
func (l bound) front(tools string, threads int) func(*site) (string, error) {
	return func(s *site) (string, error) {
		places := max(1, childrenEach*runtime.NumCPU()/threads)
		args := []string{"-t", strconv.Itoa(threads), "-n", strconv.Itoa(places), "-p", strconv.Itoa(s.port)}
		if l.post {
			args = append(args, "-s", s.file("sock"))
		}
		if l.groups {
			groups, err := s.splitGroup()
			if err != nil {
				return "", err
			}
			args = append(args, "-g", groups)
		}
		args = append(args, "--", filepath.Join(tools, l.child))
		return "http://" + s.addr() + "/call", s.start(filepath.Join(tools, "front"), args...)
	}
}

// splitGroup makes two groups of the site's: one for its programs, and one, which it
// returns, for the groups of their children.
func (s *site) splitGroup() (groups string, err error) {
	leaf, groups, err := s.ground.parentOf(rowGroup)
	if err != nil {
		return "", err
	}
	_ = s.group.Close()
	s.group = leaf
	return groups, nil
}

// frontEnded looks at the one line that front prints: each answer came from a child, all
// children have ended well, and their groups are gone.
func (l bound) frontEnded(s *site, answers, cut int64) error {
	text, err := os.ReadFile(s.file("log"))
	if err != nil {
		return err
	}
	var answered, failed int64
	if _, err := fmt.Sscanf(string(text), "answered=%d failed=%d", &answered, &failed); err != nil {
		return fmt.Errorf("front says %q: %w", s.lastWords(), err)
	}
	if failed > 0 || answered < answers || answered > answers+cut {
		return fmt.Errorf("%d answers (and at most %d callers who left), but front has %d, and %d failed", answers, cut, answered, failed)
	}
	if left := s.ground.left(rowGroup); l.groups && !slices.Equal(left, []string{childrenGroup, mainGroup}) {
		return fmt.Errorf("groups are left: %s", strings.Join(left, " "))
	}
	return nil
}
