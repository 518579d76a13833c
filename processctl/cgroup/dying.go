package cgroup

import "fmt"

// Groups that were removed are kept by the kernel, "dying", as long as memory is
// charged to them (cgroup-v2.rst, nr_dying_descendants): pages of files in a tmpfs
// for as long as the files are there, others until memory gets short. Each holds
// some tens of KiB of the kernel's own memory, more with many processors.
const (
	dyingMany  = 10_000 // so many are worth a warning
	dyingEvery = 256    // groups are made between two looks
)

// watchDying warns, once, when very many removed groups are still kept.
func (p *Parent) watchDying() {
	dir := p.place()
	n, err := readValue(dir.dir+"/cgroup.stat", "nr_dying_descendants")
	if err != nil || n < dyingMany {
		return
	}
	p.dying.Do(func() {
		p.warn(fmt.Sprintf("the kernel still keeps %d removed cgroups (nr_dying_descendants of %s), which takes memory of its own: something that scripts have written is charged to them, "+
			"mostly files that they leave in /dev/shm or on a tmpfs such as /tmp. Remove those files (tmpdir: own does so after each call), or have the kernel reclaim: echo 1G >%s/memory.reclaim", n, dir.dir, dir.dir))
	})
}
