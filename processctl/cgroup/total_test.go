package cgroup

import (
	"os"
	"testing"
)

func TestTotal(t *testing.T) {
	p := open(t)
	before, err := p.Total()
	if err != nil {
		t.Fatal(err)
	}
	g := group(t, p)
	shell(t, g, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
	until(t, "the loop takes processor time", func() bool {
		now, err := p.Total()
		return err == nil && now.CPU > before.CPU
	})
	if now, err := p.Total(); err != nil || now.Groups != before.Groups+1 || now.Dying < 0 {
		t.Errorf("with one group more than %+v: %+v, %v", before, now, err)
	}
	until(t, "the loop ends", func() bool { return members(g) == 0 })
	if err := g.Remove(); err != nil {
		t.Fatal(err)
	}
	after, err := p.Total()
	if err != nil || after.Groups != before.Groups || after.CPU <= before.CPU {
		t.Errorf("a group that is gone leaves its processor time behind: %+v, then %+v, %v", before, after, err)
	}
	if err := os.Remove(p.Dir()); err != nil {
		t.Fatal(err)
	}
	if total, err := p.Total(); err == nil {
		t.Errorf("without its directory: %+v", total)
	}
	group(t, p) // brings it back, as Close expects
}
