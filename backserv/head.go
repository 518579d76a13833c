package backserv

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/urocket/urocket/internal/reply"
	"github.com/urocket/urocket/visor"
)

const (
	statusHeader = "Urocket-Status"
	fieldHeader  = "Urocket-Header"

	jsonType = "application/json"
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
		if err := reply.CheckType(kind); err != nil {
			return head{}, err
		}
		out.kind = kind
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
		return 0, fmt.Errorf("Urocket-Status is %s: want a number from 200 to 599", reply.Quoted(v))
	}
	return n, nil
}

// parseField reads "Name: value".
func parseField(line string) (visor.Field, error) {
	name, value, found := strings.Cut(line, ":")
	if !found {
		return visor.Field{}, fmt.Errorf("Urocket-Header is %s: want `Name: value`", reply.Quoted(line))
	}
	value = strings.Trim(value, " \t")
	if err := reply.CheckField(name, value); err != nil {
		return visor.Field{}, fmt.Errorf("Urocket-Header: %w", err)
	}
	return visor.Field{Name: name, Value: value}, nil
}
