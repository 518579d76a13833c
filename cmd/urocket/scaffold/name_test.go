package scaffold

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"getPetById": "get-pet-by-id", "getHTTPStatus": "get-http-status", "pets/list-all": "pets-list-all", "GET /a/{b}.json": "get-a-b-json",
		"Ünïcode": "n-code", "": "other", "/": "other", strings.Repeat("long", 40): strings.Repeat("long", 15),
	} {
		if got := slug(spaced(text), "other"); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"/pets/{id}.json": "/pets/{id}.json", "../api/openapi.yaml": "../api/openapi.yaml", "on": "'on'", "Null": "'Null'", "1": "'1'", "a b": "'a b'",
		"it's": "'it''s'", "a\nb": `"a\nb"`, "": "''", "# x": "'# x'", "{a}": "'{a}'", "é": "'é'", "\u2028": `"\u2028"`,
	} {
		if got := yamlText(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := phpString(`it's \ "x" $y`); got != `'it\'s \\ "x" $y'` {
		t.Errorf("PHP: %s", got)
	}
	if got := phpComment("a ?> b\nc"); got != "a ? > b c" {
		t.Errorf("a comment: %s", got)
	}
}
