// Package reply is the rules for what a script may say of its answer besides the body,
// whichever way it says it: on the socket or in a frame.
package reply

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urocket/urocket/processctl/spool"
)

// MaxType is the longest Content-Type, in bytes.
const MaxType = 1024

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"

	// maxQuoted is how much of a wrong value is shown to its sender, in bytes.
	maxQuoted = 64
)

// CheckStatus takes numbers from 200 to 599.
func CheckStatus(status int) error {
	if status < 200 || status > 599 {
		return fmt.Errorf("the status is %d: want a number from 200 to 599", status)
	}
	return nil
}

// HasBody is false for the statuses whose answers have no content, RFC 9110
// sections 15.3.5, 15.3.6 and 15.4.5.
func HasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified
}

// CheckField judges a header field. The name is a token of RFC 9110, section 5.6.2,
// and none that belongs to the connection or to urocket; the value may hold anything
// but control characters.
func CheckField(name, value string) error {
	switch {
	case !isToken(name):
		return fmt.Errorf("%s cannot be the name of a header", Quoted(name))
	case isForbidden(name):
		return fmt.Errorf("%s cannot be set by a reply, it is urocket's own", Quoted(name))
	case HasControl(value):
		return fmt.Errorf("the value of %s has a control character", Quoted(name))
	}
	return nil
}

// forbidden are the headers that belong to the connection or to urocket, in
// lower case.
var forbidden = map[string]bool{
	"connection": true, "content-length": true, "transfer-encoding": true, "trailer": true, "upgrade": true,
	"te": true, "keep-alive": true, "date": true, "server-timing": true,
}

func isForbidden(name string) bool {
	name = strings.ToLower(name)
	return forbidden[name] || strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "urocket-")
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		alnum := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// HasControl finds control characters other than the tab. Bytes from 0x80 on
// (obs-text) are let through, as RFC 9110 section 5.5 does.
func HasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// CheckType judges a content type; "" is none.
func CheckType(v string) error {
	if v == "" || v == jsonType {
		return nil
	}
	ascii := !strings.ContainsFunc(v, func(r rune) bool { return r >= utf8.RuneSelf })
	kind, _, err := mime.ParseMediaType(v)
	if err != nil || len(v) > MaxType || !ascii || HasControl(v) || !strings.Contains(kind, "/") {
		return fmt.Errorf("Content-Type is %s: want something like application/json", Quoted(v))
	}
	return nil
}

// ContentType is that of an answer whose script has said kind, or nothing: none for an
// empty body, JSON unless said otherwise. curl -d and PHP mark everything as a form;
// what is JSON all the same counts as that.
func ContentType(kind string, body *spool.Body) (string, error) {
	switch {
	case body.Size() == 0:
		return "", nil
	case kind == "", kind == jsonType:
		return jsonType, nil
	}
	if media, _, _ := mime.ParseMediaType(kind); media != formType {
		return kind, nil
	}
	isJSON, err := holdsJSON(body)
	if err != nil || !isJSON {
		return kind, err
	}
	return jsonType, nil
}

// holdsJSON says whether body is a JSON object or array. Only what begins like
// one is taken into memory for it.
func holdsJSON(body *spool.Body) (bool, error) {
	begins, err := beginsJSON(bufio.NewReader(body.NewReader()))
	if err != nil || !begins {
		return false, err
	}
	all, err := body.Bytes()
	if err != nil {
		return false, err
	}
	return utf8.Valid(all) && json.Valid(all), nil
}

func beginsJSON(r io.ByteReader) (bool, error) {
	for {
		c, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return false, nil // nothing but blanks
		case err != nil:
			return false, err
		case !strings.ContainsRune(" \t\r\n", rune(c)):
			return c == '{' || c == '[', nil
		}
	}
}

// Quoted shows a value in a message, cut short.
func Quoted(s string) string {
	if len(s) > maxQuoted {
		return strconv.Quote(s[:maxQuoted]) + "…"
	}
	return strconv.Quote(s)
}
