package backserv

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// plainSize is how long a request may be that is taken for a plain one, headers
// and body together, in bytes.
const plainSize = 4 << 10

// A plain is a POST of a reply in its simplest form, as curl and most scripts send
// it: whole in one piece, with nothing in it that could be understood in more than
// one way. To read one takes none of what net/http is good for.
type plain struct {
	id     string
	header http.Header // what says something about the answer; nil for nothing
	body   []byte      // of the bytes that were read
	close  bool        // the sender wants the connection closed
}

// The parts of a plain request, RFC 9112 sections 3 and 5.
const (
	plainTarget  = "POST /urhttp/"
	plainVersion = " HTTP/1.1\r\n"
)

// parsePlain reads a request of which nothing has been read yet. Whatever is not
// plain beyond doubt is not judged here: that is for net/http.
func parsePlain(b []byte) (p plain, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(plainTarget))
	if !ok {
		return p, false
	}
	id, rest, ok := bytes.Cut(rest, []byte(plainVersion))
	if !ok || len(id) == 0 || len(id) > maxID || !only(id, isPlainID) {
		return p, false
	}
	p.id = string(id)
	length, hosts := -1, 0
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return p, false
		}
		rest = after
		if len(line) == 0 {
			p.body = rest
			return p, hosts == 1 && length == len(rest)
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		value = bytes.Trim(value, " \t")
		if !ok || !only(value, isPlainValue) || !p.field(name, value, &length, &hosts) {
			return p, false
		}
	}
}

// field takes one header field; false: one that is not plain.
func (p *plain) field(name, value []byte, length, hosts *int) bool {
	switch strings.ToLower(string(name)) {
	case "accept", "accept-encoding", "user-agent":
	case "host":
		*hosts++
		return len(value) > 0 && only(value, isPlainHost)
	case "content-length":
		n, err := strconv.Atoi(string(value))
		if err != nil || *length >= 0 || !only(value, isDigit) {
			return false
		}
		*length = n
	case "connection":
		p.close = string(value) == "close"
		return p.close || string(value) == "keep-alive"
	case "content-type", "urocket-status", "urocket-header":
		if p.header == nil {
			p.header = http.Header{}
		}
		p.header.Add(string(name), string(value))
	default:
		return false
	}
	return true
}

func only(b []byte, fits func(byte) bool) bool {
	for _, c := range b {
		if !fits(c) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isPlainID(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-'
}

func isPlainHost(c byte) bool { return isPlainID(c) || c == '.' || c == ':' }

func isPlainValue(c byte) bool { return ' ' <= c && c <= '~' || c == '\t' }
