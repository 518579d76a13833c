package conform

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
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
		options := strings.Join(d.options, " ")
		t.Run(d.name, func(t *testing.T) {
			d.accepted(t)
			list := d.of(all)
			if truths[options] == nil {
				truths[options] = newTruth(whole, list, d.options)
			}
			s := &suite{driver: d, met: map[difference]bool{}, ran: map[string]bool{}, values: one, truth: truths[options]}
			s.gateway = prepare(t, list, servedBy(d))
			s.made = s.gateway.makers(t)
			s.gateway.launch()
			t.Run("trials", func(t *testing.T) {
				for _, tr := range list {
					t.Run(tr.name(), func(t *testing.T) {
						t.Parallel()
						s.compare(t, tr)
					})
				}
			})
			s.wantAllMet(t)
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

	mu  sync.Mutex
	ran map[string]bool // trials
	met map[difference]bool
}

// compare runs one trial and holds it against the truth.
func (s *suite) compare(t *testing.T, tr trial) {
	want, err := s.truth.of(tr)
	check(t, err)
	got := s.attempts(t, tr)
	s.note(tr)
	for i := range want.calls {
		s.differ(t, tr, fmt.Sprintf("call %d: ", i+1), got.driver[i], want.calls[i], got.calls[i])
	}
	s.differ(t, tr, "", s.driver.name, want.end, got.end)
	check(t, errors.Join(s.values.add("php", tr, want), s.values.add(s.driver.name, tr, got)))
}

// differ reports each fact that differs and is not in the table for the driver
// that made the process.
func (s *suite) differ(t *testing.T, tr trial, where, by string, truth, served facts) {
	t.Helper()
	for _, what := range names(truth, served) {
		want, wanted := truth[what]
		got, there := served[what]
		if wanted == there && want == got || s.listed(tr, what, maker(by)) {
			continue
		}
		t.Errorf("%s%s\n     by php: %s\nunder %s: %s", where, what, shown(want, wanted), by, shown(got, there))
	}
}

func shown(value string, there bool) string {
	if !there {
		return "(nothing)"
	}
	return strings.TrimSuffix(value, "\n")
}

func root() bool { return os.Getuid() == 0 }
