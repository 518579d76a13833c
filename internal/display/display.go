// Package display writes values as people read them.
package display

import (
	"strconv"
	"strings"
	"time"
)

// Duration is a time as the configuration has it: 30s, 5m and not 5m0s, 1h30m.
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Size is a number of bytes in the largest unit that it fills, with gap between the two:
// 0 B, 640 KiB, 5.2 MiB.
func Size(n int64, gap string) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	digits := 0
	if value < 10 && unit != "B" {
		digits = 1
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + gap + unit
}

// Command is a command line in which one argument can be told from two.
func Command(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		if words[i] = word; word == "" || strings.ContainsAny(word, " \t\n'\"\\") {
			words[i] = strconv.Quote(word)
		}
	}
	return strings.Join(words, " ")
}
