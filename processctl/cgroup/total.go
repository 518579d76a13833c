package cgroup

import "time"

// Total is what all groups of a parent use together. What its controller is
// missing for is -1.
type Total struct {
	CPU    time.Duration // of all processes, living and dead
	Memory int64         // bytes that are charged to the groups now, removed ones included
	Tasks  int64         // processes and threads that live
	Groups int64         // that there are
	Dying  int64         // removed groups that the kernel still keeps
}

// Total reads the counters of the parent's directory. It fails while somebody has
// removed that; the next group will bring it back, and the CPU time begins anew.
func (p *Parent) Total() (t Total, err error) {
	dir := p.place().dir + "/"
	usec, err := readValue(dir+"cpu.stat", "usage_usec")
	t.CPU = time.Duration(usec) * time.Microsecond
	for _, v := range []struct {
		into      *int64
		file, key string
	}{
		{&t.Memory, "memory.current", ""},
		{&t.Tasks, "pids.current", ""},
		{&t.Groups, "cgroup.stat", "nr_descendants"},
		{&t.Dying, "cgroup.stat", "nr_dying_descendants"},
	} {
		n, failed := readValue(dir+v.file, v.key)
		if *v.into = n; failed != nil {
			*v.into = -1
		}
	}
	return t, err
}
