package measure

// A Curve is how something grows with something else.
type Curve struct {
	Name   string  `json:"name"` // of its chart's file too
	X      string  `json:"x"`    // what grows
	Points []Point `json:"points"`
}

// A Point is one X, in each round. PerCaller is what a waiting caller holds, bytes;
// where it is not asked for it is empty.
type Point struct {
	X         float64   `json:"x"`
	Samples   []Sample  `json:"samples"`
	PerCaller []float64 `json:"per_caller,omitempty"`
}

// Cell sums up a point. Its share is of nothing.
func (p Point) Cell() Cell {
	var r Results
	for _, s := range p.Samples {
		r.Add("", 0, s)
	}
	return r.Cell(Row{}, 0)
}
