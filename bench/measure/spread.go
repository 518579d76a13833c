package measure

import "slices"

// A Spread is the median of some figures, with the smallest and the largest.
type Spread struct{ Median, Min, Max float64 }

// Of sums figures up. Of an even number of them the median is the mean of the two
// in the middle; of none everything is 0.
func Of(figures []float64) Spread {
	if len(figures) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(figures))
	n := len(s)
	return Spread{Median: (s[(n-1)/2] + s[n/2]) / 2, Min: s[0], Max: s[n-1]}
}
