// Package suggest guesses what somebody has mistyped.
package suggest

import "strings"

// Nearest is the word that is at most a third of the letters away, else one that
// begins the same way, else "". Of several the first counts.
func Nearest(word string, words []string) string {
	best, found := max(1, len(word)/3)+1, ""
	for _, w := range words {
		if d := distance(word, w); d < best {
			best, found = d, w
		}
	}
	for _, w := range words {
		if found == "" && len(word) > 1 && (strings.HasPrefix(word, w) || strings.HasPrefix(w, word)) {
			found = w
		}
	}
	return found
}

// distance is how many letters must be put in, left out, replaced or changed with
// their neighbour to make b of a (Damerau and Levenshtein, each place changed once).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			step := last[j]
			if a[i] != b[j] {
				step++
			}
			row[j+1] = min(step, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
