package worker

import "slices"

// An answer's header is nearly always of one form: the members id, status, headers and
// bye, each once, without an escape in a string. Such a header is read here, at a small
// part of what encoding/json costs, which reads all others: whatever is not understood
// at once is left to it, wrong or right.

// scanAnswer reads a header of that form, its fields apart from the rest; false: it is of
// another. The strings are parts of the header.
func scanAnswer(header string) (s said, list []Field, ok bool) {
	in := scanner{rest: header}
	if !in.take('{') {
		return s, nil, false
	}
	for first := true; !in.take('}'); first = false {
		if !first && !in.take(',') {
			return s, nil, false
		}
		name, ok := in.text()
		if !ok || !in.take(':') {
			return s, nil, false
		}
		if name == "headers" && list == nil {
			list, ok = in.headers()
		} else {
			ok = s.scanMember(name, &in)
		}
		if !ok {
			return s, nil, false
		}
	}
	in.blanks()
	return s, list, in.rest == ""
}

// scanMember reads the value of a member that has not been there yet.
func (s *said) scanMember(name string, in *scanner) (ok bool) {
	switch {
	case name == "id" && s.ID == "":
		s.ID, ok = in.text()
		return ok && s.ID != ""
	case name == "status" && s.Status == nil:
		n, ok := in.number()
		s.Status = &n
		return ok
	case name == "bye" && !s.Bye:
		s.Bye = in.word("true")
		return s.Bye
	}
	return false
}

// scanner is what is left of a header.
type scanner struct{ rest string }

func (in *scanner) blanks() {
	for in.rest != "" && (in.rest[0] == ' ' || in.rest[0] == '\n' || in.rest[0] == '\t' || in.rest[0] == '\r') {
		in.rest = in.rest[1:]
	}
}

// take takes a character, if it is the next one behind blanks.
func (in *scanner) take(c byte) bool {
	in.blanks()
	if in.rest == "" || in.rest[0] != c {
		return false
	}
	in.rest = in.rest[1:]
	return true
}

// word takes a word that stands for a value.
func (in *scanner) word(word string) bool {
	in.blanks()
	if len(in.rest) <= len(word) || in.rest[:len(word)] != word {
		return false
	}
	in.rest = in.rest[len(word):]
	return true // what follows is a comma or a brace, or wrong
}

// text takes a plain string.
func (in *scanner) text() (string, bool) {
	if !in.take('"') {
		return "", false
	}
	for i := range len(in.rest) {
		switch {
		case in.rest[i] == '"':
			text := in.rest[:i]
			in.rest = in.rest[i+1:]
			return text, true
		case !isPlain(in.rest[i]):
			return "", false
		}
	}
	return "", false
}

// number takes a status: three digits, the first of which is no 0.
func (in *scanner) number() (n int, ok bool) {
	in.blanks()
	if len(in.rest) < 4 || in.rest[0] == '0' || in.rest[3] >= '0' && in.rest[3] <= '9' {
		return 0, false
	}
	for _, c := range []byte(in.rest[:3]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	in.rest = in.rest[3:]
	return n, true // what follows is a comma or a brace, or wrong
}

// mostScanned is how many header fields are looked through for one of the same name.
const mostScanned = 32

// headers takes an object of strings and of lists of strings; no two are of one name.
func (in *scanner) headers() (list []Field, ok bool) {
	if !in.take('{') {
		return nil, false
	}
	list = make([]Field, 0, 4)
	for first := true; !in.take('}'); first = false {
		if !first && !in.take(',') {
			return nil, false
		}
		name, ok := in.text()
		if !ok || !in.take(':') || len(list) > mostScanned || slices.ContainsFunc(list, func(f Field) bool { return f.Name == name }) {
			return nil, false
		}
		if list, ok = in.values(list, name); !ok {
			return nil, false
		}
	}
	return list, true
}

// values takes the value of a field, or a list of some. One without any is left to
// others, for it has a name all the same.
func (in *scanner) values(list []Field, name string) ([]Field, bool) {
	if !in.take('[') {
		value, ok := in.text()
		return append(list, Field{name, value}), ok
	}
	for {
		value, ok := in.text()
		if !ok {
			return nil, false
		}
		list = append(list, Field{name, value})
		if in.take(']') {
			return list, true
		}
		if !in.take(',') {
			return nil, false
		}
	}
}
