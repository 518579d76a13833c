package client

import (
	"strings"
	"testing"
)

// A service that listens everywhere is called on the loopback interface.
func TestWhereTheServiceIs(t *testing.T) {
	for address, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:81": "127.0.0.1:81", "[::]:81": "[::1]:81", "127.0.0.1:81": "127.0.0.1:81",
		"[::1]:81": "[::1]:81", "shop.example:81": "shop.example:81",
	} {
		if got, err := (&callOptions{address: address}).host(); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", address, got, err, want)
		}
	}
	for address, word := range map[string]string{"127.0.0.1:0": "--address", "8080": "is not an address"} {
		if got, err := (&callOptions{address: address}).host(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %s, %v", address, got, err)
		}
	}
}

func TestTextInPiecesIsVisible(t *testing.T) {
	var out strings.Builder
	w := &visibleWriter{out: &out}
	text := "é\x1b[1m€𝄞\xff.\n"
	for i := range len(text) {
		if n, err := w.Write([]byte{text[i]}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := out.String(); got != "é\\u001b[1m€𝄞\ufffd.\n" {
		t.Errorf("%q", got)
	}
}
