package measure

import (
	"fmt"
	"strconv"
)

// A Row is a line of the table: a server, or a limit.
type Row struct {
	Name  string `json:"name"`
	Group string `json:"group"`           // where it stands in the table: limit, ceiling, urocket, peer, hello
	Limit string `json:"limit,omitempty"` // name of the row that is its limit
	Note  string `json:"note,omitempty"`  // what it does
	Gone  string `json:"gone,omitempty"`  // why it could not be measured at all
}

// Results are the samples of a run: by row, by connections, by round.
type Results struct {
	Date    string                         `json:"date"`
	Rounds  int                            `json:"rounds"`
	Seconds float64                        `json:"seconds"` // how long a load lasted
	Tool    string                         `json:"tool"`    // that made it
	Machine []Fact                         `json:"machine"`
	Rows    []Row                          `json:"rows"`
	Conns   []int                          `json:"conns"`
	Samples map[string]map[string][]Sample `json:"samples"`
	Growth  []Curve                        `json:"growth,omitempty"`
	Idle    float64                        `json:"idle_mib,omitempty"` // resident, serving the example, nobody calls
}

// A Fact is something that one has to know about the machine or the run.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Add appends the sample of one more round.
func (r *Results) Add(row string, conns int, s Sample) {
	if r.Samples == nil {
		r.Samples = map[string]map[string][]Sample{}
	}
	if r.Samples[row] == nil {
		r.Samples[row] = map[string][]Sample{}
	}
	c := strconv.Itoa(conns)
	r.Samples[row][c] = append(r.Samples[row][c], s)
}

// Of are the samples of a row, one for each round.
func (r *Results) Of(row string, conns int) []Sample {
	return r.Samples[row][strconv.Itoa(conns)]
}

// Cell is what the samples of a row at one number of connections come to.
type Cell struct {
	Rate, P50, P99, CPU, RSS Spread
	Share                    Spread // of its limit, round by round; empty without one
	Foreign                  Spread
	Err                      string // the first round's that was no figure; the others are left out
	Rounds                   int    // how many were figures
}

// Cell sums up a row. Its limit's samples must be of the same rounds.
func (r *Results) Cell(row Row, conns int) (c Cell) {
	var rate, p50, p99, cpu, rss, foreign []float64
	for i, s := range r.Of(row.Name, conns) {
		if s.Err != "" {
			if c.Err == "" {
				c.Err = fmt.Sprintf("round %d: %s", i+1, s.Err)
			}
			continue
		}
		rate, p50, p99 = append(rate, s.Rate), append(p50, s.P50), append(p99, s.P99)
		cpu, rss, foreign = append(cpu, s.CPU), append(rss, s.RSS), append(foreign, s.Foreign)
	}
	c.Rate, c.P50, c.P99, c.CPU, c.RSS = Of(rate), Of(p50), Of(p99), Of(cpu), Of(rss)
	c.Share, c.Foreign, c.Rounds = r.Share(row.Name, row.Limit, conns), Of(foreign), len(rate)
	return c
}

// Share is what a row answers of what another does, round by round; empty without the
// other.
func (r *Results) Share(row, other string, conns int) Spread {
	all := r.Of(other, conns)
	var share []float64
	for i, s := range r.Of(row, conns) {
		if s.Err == "" && i < len(all) && all[i].Err == "" && all[i].Rate > 0 {
			share = append(share, s.Rate/all[i].Rate)
		}
	}
	return Of(share)
}

// Above are the milliseconds by which a row's p50 is above its limit's, round by
// round.
func (r *Results) Above(row Row, conns int) Spread {
	limit := r.Of(row.Limit, conns)
	var above []float64
	for i, s := range r.Of(row.Name, conns) {
		if s.Err == "" && i < len(limit) && limit[i].Err == "" {
			above = append(above, s.P50-limit[i].P50)
		}
	}
	return Of(above)
}

// Find is the row of that name.
func (r *Results) Find(name string) (Row, bool) {
	for _, row := range r.Rows {
		if row.Name == name {
			return row, true
		}
	}
	return Row{}, false
}
