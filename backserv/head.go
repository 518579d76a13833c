package backserv

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
	"github.com/urocket/urocket/visor"
)

const (
	statusHeader = "Urocket-Status"
	fieldHeader  = "Urocket-Header"

	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"

	// maxType is the longest Content-Type of a reply, in bytes.
	maxType = 1024
	// maxQuoted is how much of a wrong value is shown to its sender, in bytes.
	maxQuoted = 64
)

// head is what the headers of a POST say about the answer.
type head struct {
	status int
	kind   string // content type; "": not said
	fields []visor.Field
}

// parseHead reads the status, the content type and the header fields of an
// answer. Its errors are written for the author of the script.
func parseHead(h http.Header) (head, error) {
	status, err := parseStatus(h.Values(statusHeader))
	if err != nil {
		return head{}, err
	}
	out := head{status: status}
	kinds := h.Values("Content-Type")
	if len(kinds) > 1 {
		return head{}, errors.New("more than one Content-Type: send one")
	}
	var own []string // set as a field, which is closer to what is meant
	for _, line := range h.Values(fieldHeader) {
		f, err := parseField(line)
		if err != nil {
			return head{}, err
		}
		if strings.EqualFold(f.Name, "Content-Type") {
			own = append(own, f.Value)
			continue
		}
		out.fields = append(out.fields, f)
	}
	if len(own) > 1 {
		return head{}, errors.New("more than one Urocket-Header: Content-Type: send one")
	}
	for _, kind := range append(kinds, own...) {
		if out.kind, err = parseType(kind); err != nil {
			return head{}, err
		}
	}
	return out, nil
}

// parseStatus accepts one number of three digits from 200 to 599; 200 where
// there is none.
func parseStatus(values []string) (int, error) {
	switch len(values) {
	case 0:
		return http.StatusOK, nil
	case 1:
	default:
		return 0, errors.New("more than one Urocket-Status: send one")
	}
	v := values[0]
	n, err := strconv.Atoi(v)
	if err != nil || len(v) != 3 || n < 200 || n > 599 { // len: no sign, no zeros in front
		return 0, fmt.Errorf("Urocket-Status is %s: want a number from 200 to 599", quoted(v))
	}
	return n, nil
}

// parseField reads "Name: value". The name is a token of RFC 9110, section
// 5.6.2; the value may hold anything but control characters.
func parseField(line string) (visor.Field, error) {
	name, value, found := strings.Cut(line, ":")
	if !found {
		return visor.Field{}, fmt.Errorf("Urocket-Header is %s: want `Name: value`", quoted(line))
	}
	if !isToken(name) {
		return visor.Field{}, fmt.Errorf("Urocket-Header: %s cannot be the name of a header", quoted(name))
	}
	if isForbidden(name) {
		return visor.Field{}, fmt.Errorf("Urocket-Header: %s cannot be set by a reply, it is urocket's own", quoted(name))
	}
	value = strings.Trim(value, " \t")
	if hasControl(value) {
		return visor.Field{}, fmt.Errorf("Urocket-Header: the value of %s has a control character", quoted(name))
	}
	return visor.Field{Name: name, Value: value}, nil
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

// hasControl finds control characters other than the tab. Bytes from 0x80 on
// (obs-text) are let through, as RFC 9110 section 5.5 does.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// parseType checks the content type of a reply; "" stays "".
func parseType(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	ascii := !strings.ContainsFunc(v, func(r rune) bool { return r >= utf8.RuneSelf })
	kind, _, err := mime.ParseMediaType(v)
	if err != nil || len(v) > maxType || !ascii || hasControl(v) || !strings.Contains(kind, "/") {
		return "", fmt.Errorf("Content-Type is %s: want something like application/json", quoted(v))
	}
	return v, nil
}

// typeOf is the content type of the answer: none for an empty body, JSON unless
// the script has said otherwise. curl -d and PHP mark everything as a form; what
// is JSON all the same counts as that.
func (h head) typeOf(body *spool.Body) (string, error) {
	switch {
	case body.Size() == 0:
		return "", nil
	case h.kind == "":
		return jsonType, nil
	}
	if kind, _, _ := mime.ParseMediaType(h.kind); kind != formType {
		return h.kind, nil
	}
	isJSON, err := holdsJSON(body)
	if err != nil || !isJSON {
		return h.kind, err
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
		case err == io.EOF:
			return false, nil // nothing but blanks
		case err != nil:
			return false, err
		case !strings.ContainsRune(" \t\r\n", rune(c)):
			return c == '{' || c == '[', nil
		}
	}
}

// quoted shows a value in a message, cut short.
func quoted(s string) string {
	if len(s) > maxQuoted {
		return strconv.Quote(s[:maxQuoted]) + "…"
	}
	return strconv.Quote(s)
}
