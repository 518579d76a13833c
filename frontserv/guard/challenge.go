package guard

import (
	"strconv"
	"strings"
)

// challenge is a value of WWW-Authenticate under way.
type challenge struct {
	strings.Builder
	realm   string
	failure *failure
	scopes  []string // that the operation demands
	params  int
}

// begin writes the authentication scheme and the realm.
func (c *challenge) begin(scheme string) {
	c.WriteString(scheme)
	c.param("realm", c.realm)
}

// param writes a parameter as a quoted string (RFC 9110 section 11.2).
func (c *challenge) param(name, value string) {
	sep := ", "
	if c.params == 0 {
		sep = " "
	}
	c.params++
	c.WriteString(sep + name + "=" + strconv.Quote(printable(value)))
}

// printable leaves what may stand in a quoted string.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// bearer is the challenge of RFC 6750 section 3. Who has sent no credentials is told no
// error.
func (c *challenge) bearer() {
	c.begin("Bearer")
	switch {
	case c.failure == nil || c.failure.why == isMissing:
	case c.failure.why == isForbidden:
		c.param("error", "insufficient_scope")
		c.param("error_description", c.failure.text)
	case c.failure.why == isInvalid:
		c.param("error", "invalid_token")
		c.param("error_description", c.failure.text)
	}
	if len(c.scopes) > 0 {
		c.param("scope", strings.Join(c.scopes, " "))
	}
}

// place is the challenge for credentials that have no authentication scheme: RFC 9110
// demands one all the same.
func (c *challenge) place(scheme string, p place) {
	if p.in == "auth" {
		c.bearer()
		return
	}
	c.begin(scheme)
	c.param("in", p.in)
	c.param("name", p.name)
}
