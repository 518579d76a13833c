package conform

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// TestConformance runs every trial by plain PHP and under each driver.
func TestConformance(t *testing.T) {
	whole := t
	if _, err := exec.LookPath("php"); err != nil {
		notrun.Here(t, "no php")
	}
	all, one := possible(t), &register{}
	truths := map[string]*truth{} // by the options that a driver adds to php
	for _, d := range drivers {
		if d.source != "" && !*full {
			continue
		}
		options := strings.Join(d.options, " ")
		t.Run(d.name, func(t *testing.T) {
			d.accepted(t)
			list := d.of(all, *full)
			if truths[options] == nil {
				truths[options] = newTruth(whole, list, d.options)
			}
			s := &suite{driver: d, known: &known{list: differences}, values: one, truth: truths[options]}
			s.run(t, list)
		})
	}
}

// suite is all trials under one driver.
type suite struct {
	driver  driver
	gateway *gateway
	truth   *truth
	made    map[string]string // by trial: the driver that makes its processes, as urocket says beforehand
	values  *register
	resting resting
	known   *known
}

// run compares all trials, and demands that all that is listed was met.
func (s *suite) run(t *testing.T, list []trial) {
	s.gateway = prepare(t, list, servedBy(s.driver))
	s.made = s.gateway.makers(t)
	if !slices.Contains(slices.Collect(maps.Values(s.made)), s.driver.made) {
		notrun.Here(t, "urocket makes no process by "+s.driver.made+" here: `urocket dry` says why")
	}
	s.gateway.launch()
	t.Run("trials", func(t *testing.T) {
		for _, tr := range list {
			t.Run(tr.name(), func(t *testing.T) {
				t.Parallel()
				s.compare(t, tr)
			})
		}
	})
	for _, d := range s.known.unmet(s.driver.names(s.driver.made)) {
		t.Errorf("%s, %s, %q: this difference is listed, but was not met", d.script, s.driver.name, d.what)
	}
}

// compare runs one trial and holds it against the truth.
func (s *suite) compare(t *testing.T, tr trial) {
	want, err := s.truth.of(tr)
	check(t, err)
	got := s.attempts(t, tr)
	if names := s.driver.names(s.driver.made); allBy(got.driver, s.driver.made) {
		s.known.ran(tr.name(), names)
	} else {
		s.known.ran(tr.name(), names[1:])
	}
	for i := range want.calls {
		s.differ(t, tr, fmt.Sprintf("call %d: ", i+1), got.driver[i], want.calls[i], got.calls[i])
	}
	s.differ(t, tr, "", s.driver.made, want.end, got.end)
	check(t, errors.Join(s.values.add("php", tr, want), s.values.add(s.driver.name, tr, got)))
}

// differ reports each fact that differs and is not in the table for the driver
// that made the process.
func (s *suite) differ(t *testing.T, tr trial, where, by string, truth, served facts) {
	t.Helper()
	for _, what := range s.known.unlisted(tr.name(), s.driver.names(maker(by)), truth, served) {
		t.Errorf("%s%s\n     by php: %s\nunder %s: %s", where, what, truth.shown(what), by, served.shown(what))
	}
}

func (f facts) shown(what string) string {
	if value, there := f[what]; there {
		return strings.TrimSuffix(value, "\n")
	}
	return "(nothing)"
}

func root() bool { return os.Getuid() == 0 }
