package client

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urocket/urocket/internal/display"
)

// tableStyle is how a table of calls is written.
type tableStyle struct {
	ended    bool // some have ended: say how
	shortIDs bool
}

// writeTable writes a line for each call.
func writeTable(out io.Writer, list []process, style tableStyle) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := []string{"ID", "AGE", "STATE", "OPERATION", "PID", "CPU", "MEMORY", "COMMAND"}
	if style.ended {
		head = slices.Insert(head, 3, "END")
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	length := wholeID
	if style.shortIDs {
		length = distinct(list)
	}
	for _, p := range list {
		row := []string{p.ID[:min(length, len(p.ID))], age(p.AgeMS), p.State, p.operation(), "-", "-", "-", display.Command(p.Argv)}
		if p.PID != 0 {
			row[4], row[5] = strconv.Itoa(p.PID), seconds(p.cpu())
		}
		if n := p.memory(); n > 0 {
			row[6] = display.Size(n, "")
		}
		if style.ended {
			row = slices.Insert(row, 3, orDash(p.ending()))
		}
		for i := range row {
			row[i] = strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(visible(row[i]))
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // the text is kept in memory
}

// distinct is how many characters of an id tell all of them apart, eight at least.
func distinct(list []process) int {
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	slices.Sort(ids)
	n := 8
	for i := 1; i < len(ids); i++ {
		for n < wholeID && len(ids[i]) >= n && strings.HasPrefix(ids[i-1], ids[i][:n]) {
			n++
		}
	}
	return n
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// age is a time as it is said: 0.3s, 12s, 3m12s, 2h5m.
func age(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Minute:
		return seconds(d)
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
}

// seconds is a short time: 0.04s, 1.2s, 75s.
func seconds(d time.Duration) string {
	digits := 0
	switch {
	case d < time.Second:
		digits = 2
	case d < 10*time.Second:
		digits = 1
	}
	return strconv.FormatFloat(d.Seconds(), 'f', digits, 64) + "s"
}
