package config

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// A leading 0 is refused everywhere but in modes: YAML 1.1 reads 010 as 8.
var (
	wholeForm   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	decimalForm = regexp.MustCompile(`^-?((0|[1-9][0-9]*)(\.[0-9]+)?|\.[0-9]+)$`)
	sizeForm    = regexp.MustCompile(`^(-?(?:0|[1-9][0-9]*))([A-Za-z]*)$`)
	octalForm   = regexp.MustCompile(`^0?[0-7]{3}$`)
)

// parseDuration reads a bare number as milliseconds and anything else as
// [time.ParseDuration] does.
func parseDuration(text string) (d time.Duration, ok bool) {
	if decimalForm.MatchString(text) {
		text += "ms"
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// sizes are the units of bytes, large ones first: a size is written in the
// first that divides it. Those by 1000 are read and never written.
var sizes = []struct {
	unit  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"GiB", gib},
	{"MiB", mib},
	{"KiB", kib},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"KB", 1e3},
	{"B", 1},
	{"", 1},
}

// parseSize reads bytes, bare or with a unit.
func parseSize(text string) (bytes int64, ok bool) {
	m := sizeForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	for _, s := range sizes {
		if s.unit != m[2] {
			continue
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || n > math.MaxInt64/s.bytes || n < math.MinInt64/s.bytes {
			return 0, false
		}
		return n * s.bytes, true
	}
	return 0, false
}

func formatSize(n int64) string {
	for _, s := range sizes[:4] {
		if n != 0 && n%s.bytes == 0 {
			return strconv.FormatInt(n/s.bytes, 10) + s.unit
		}
	}
	return strconv.FormatInt(n, 10)
}

// parseOctal reads permission bits. Without quotes YAML 1.1 takes 0660 for an
// octal number and 660 for a decimal one: only what begins with 0 is clear.
func parseOctal(n *node) (mode fs.FileMode, ok bool) {
	text := strings.Replace(n.text, "0o", "0", 1)
	if !octalForm.MatchString(text) || (n.plain && text[0] != '0') {
		return 0, false
	}
	bits, err := strconv.ParseUint(text, 8, 32)
	return fs.FileMode(bits), err == nil
}
