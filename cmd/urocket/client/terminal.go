package client

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// visible writes control characters as what they are, but for line breaks and
// tabs: a terminal obeys the others, and a script's output may hold anything, also
// bytes that are no text.
func visible(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if !strings.ContainsFunc(text, obeyed) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// obeyed are the C0 and C1 control characters.
func obeyed(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f
}

// screen is the terminal that a table is shown on.
type screen struct{ fd int }

// screenOf is the terminal that out is, or nil.
func screenOf(out io.Writer) *screen {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &screen{int(f.Fd())}
}

// arrange cuts lines to the screen's width, unless they may be wide. With again it
// writes over what was there, no more than there is room for.
func (s *screen) arrange(text *bytes.Buffer, again, wide bool) {
	width, height, err := term.GetSize(s.fd)
	if err != nil || width < 1 || height < 1 { // a terminal that does not know how large it is
		return
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	if room := height - 1; again && room > 1 && len(lines) > room { // the cursor stands in the last line
		lines = append(lines[:room-1], fmt.Sprintf("… and %d more", len(lines)-room+1))
	}
	text.Reset()
	if again {
		text.WriteString("\x1b[H")
	}
	for _, line := range lines {
		if runes := []rune(line); !wide && len(runes) > width {
			line = string(runes[:width])
		}
		text.WriteString(line)
		if again {
			text.WriteString("\x1b[K")
		}
		text.WriteByte('\n')
	}
	if again {
		text.WriteString("\x1b[J")
	}
}

// visibleWriter makes a text visible that comes in pieces.
type visibleWriter struct {
	out  io.Writer
	rest []byte // of a character that has not come whole
}

func (w *visibleWriter) Write(b []byte) (int, error) {
	text := append(w.rest, b...)
	whole := len(text)
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if at := len(text) - i; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				whole = at
			}
			break
		}
	}
	w.rest = append([]byte(nil), text[whole:]...)
	if _, err := io.WriteString(w.out, visible(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(b), nil
}
