package scaffold

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/urocket/urocket/config"
)

// Map is the text of the map.
func (p *Plan) Map() []byte {
	m := &mapWriter{}
	p.writeHead(m)
	p.writeSecurity(m)
	p.writeDefaults(m)
	m.line("")
	if p.Operations() == 0 {
		m.line("paths: {}")
	} else {
		m.line("paths:")
	}
	path := ""
	for _, o := range p.operations {
		if o.refused != "" {
			m.line("")
			m.comment(2, "%s %s is left out: %s", o.Method, o.Path, o.refused)
			continue
		}
		if o.Path != path {
			path = o.Path
			m.line("")
			m.line("  %s:", yamlText(path))
		}
		p.writeOperation(m, o)
	}
	return m.Bytes()
}

func (p *Plan) writeHead(m *mapWriter) {
	m.comment(0, "Which command answers which operation of %s. Written by `urocket init`, and yours from now on:", p.openapi)
	m.comment(0, "")
	m.comment(0, "    urocket dry -c FILE     checks everything and shows the routes; what is wrong is told with its line")
	m.comment(0, "    urocket -c FILE         serves it; SIGHUP reads it again")
	m.comment(0, "    urocket parse -c FILE   shows every key with its default")
	m.comment(0, "    urocket schema          prints a JSON Schema of this file: saved beside it as urocket-service.schema.json, it lets an")
	m.comment(0, "                            editor complete and check what has `# yaml-language-server: $schema=urocket-service.schema.json`")
	m.comment(0, "                            as its first line")
	m.line("")
	m.line("servicename: %-24s # in the log and in the name of the cgroup", p.name)
	m.line("")
	m.line("%-37s # `port: 8080` in its place would listen on every interface", "listen: 127.0.0.1:8080")
	m.line("%-37s # where the scripts reply", "socketpath: "+yamlText("/tmp/"+slug(p.name, "service")+".sock"))
	m.line("%-37s # used as it is; the paths and verbs below are its own", "openapi: "+yamlText(p.openapi))
}

// writeSecurity says who checks what the document demands. It has to be said: without
// it nothing that demands anything is served.
func (p *Plan) writeSecurity(m *mapWriter) {
	var schemes []string
	for _, o := range p.operations {
		for _, alternative := range o.Security() {
			for _, demand := range alternative {
				schemes = append(schemes, demand.Scheme)
			}
		}
	}
	slices.Sort(schemes)
	schemes = slices.Compact(schemes)
	if len(schemes) == 0 {
		return
	}
	m.line("")
	m.comment(0, "The document demands credentials (%s). NOBODY CHECKS THEM HERE: `upstream` says that a proxy in front does. There", strings.Join(schemes, ", "))
	m.comment(0, "is none yet, so leave this on the loopback interface until there is.")
	m.line("security: upstream")
}

func (p *Plan) writeDefaults(m *mapWriter) {
	m.line("")
	m.comment(0, "Keys of an operation, for all of them. An operation that has one of its own goes first.")
	m.line("defaults:")
	if p.wd != "" {
		m.line("  %-35s # the working directory: where the scripts are", "wd: "+yamlText(p.wd))
	}
	m.line("  %-35s # from the start of a process; then its caller gets 504, and it SIGTERM", "timeout: 5s")
	m.comment(2, "validateout: true                  # have every answer checked against the document; `validatein` is on already")
	m.comment(2, "logstdout: true                    # what scripts print goes to the log")
	if p.o.Stubs == "" {
		m.line("")
		m.comment(0, "Until a command of yours stands in its place, each operation prints an example, which `reply: stdout` makes its answer.")
		m.comment(0, "Without that key a script replies by itself, with any status: `urocket reply --status 201`.")
	}
}

// writeOperation writes one verb.
func (p *Plan) writeOperation(m *mapWriter, o operation) {
	if title := o.Title(); title != "" {
		m.comment(4, "%s", title)
	}
	m.line("    %s:", strings.ToLower(o.Method))
	if o.blind {
		m.line("      validatein: false                # its schema is one that nothing can be held against")
	}
	if o.script != "" {
		if o.example.Wrong != nil {
			m.comment(6, "the example that %s answers with does not fit: %v", o.script, o.example.Wrong)
		}
		m.line("      inject:")
		m.line("        cmd: php %s", o.script)
	} else {
		p.writeExample(m, o)
	}
	m.line("        channel: stdin")
	if o.RawOnly() {
		m.line("        encoding: raw                  # the body as it came: it is not JSON")
	}
}

// writeExample has the example printed.
func (p *Plan) writeExample(m *mapWriter, o operation) {
	e := o.example
	if e.Wrong != nil {
		m.comment(6, "the example does not fit: %v", e.Wrong)
	}
	m.line("      reply: %s", config.ReplyStdout)
	if e.Type != "" && e.Type != o.ResponseType() {
		m.line("      contenttype: %s", yamlText(e.Type))
	}
	if e.Status != 200 {
		m.comment(6, "the document has %d here, and reply: stdout answers 200", e.Status)
	}
	m.line("      inject:")
	text := strings.TrimSuffix(string(e.Body), "\n")
	if text == "" {
		m.line(`        cmd: ["true"]`)
		return
	}
	m.line("        cmd: [echo, %s]", yamlQuoted(strings.ReplaceAll(text, "{{", "{{{{")))
}

// mapWriter writes lines of YAML.
type mapWriter struct{ bytes.Buffer }

func (m *mapWriter) line(format string, args ...any) {
	m.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (m *mapWriter) comment(indent int, format string, args ...any) {
	m.line("%s# %s", strings.Repeat(" ", indent), oneLine(fmt.Sprintf(format, args...)))
}

// maxTitle is the longest line that is taken out of a document, in characters.
const maxTitle = 160

// oneLine makes a line of a comment of any text.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxTitle {
		text = string(runes[:maxTitle]) + "…"
	}
	return text
}

// plainYAML is what YAML takes for a text without quotes, if it is none of the words
// that it has for other things.
var plainYAML = regexp.MustCompile(`^(/|\.\.?/|[A-Za-z])[A-Za-z0-9_./{}-]*$`)

var yamlWords = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// yamlText writes a text as a value or a key.
func yamlText(text string) string {
	if plainYAML.MatchString(text) && !slices.Contains(yamlWords, strings.ToLower(text)) {
		return text
	}
	return yamlQuoted(text)
}

// yamlQuoted writes a text in quotes, as in a list.
func yamlQuoted(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.QuoteToASCII(text)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
