package processctl

import (
	"fmt"

	"github.com/urocket/urocket/processctl/cgroup"
)

// Total is what all processes use together, from the group above theirs. It fails
// where there is no such group.
func (c *Controller) Total() (cgroup.Total, error) {
	if c.parent == nil {
		return cgroup.Total{}, fmt.Errorf("read the cgroup of all processes: there is none: %w", c.why)
	}
	return c.parent.Total()
}
