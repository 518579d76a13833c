package conform

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// facts are what is compared, by name.
type facts map[string]string

// neverTwice begins the name of a fact whose value must never be there twice.
const neverTwice = "unique "

// normalisations are what must differ between two runs of the same script, and
// is therefore taken out before they are compared.
var normalisations = []struct {
	what, why string
	of        func(r run, text string) string
}{
	{
		"the id of the request", "each call has its own",
		func(r run, text string) string { return replaceAll(text, r.id, "@REQUEST_ID@") },
	},
	{
		"the folder of the gateway", "the two run in folders of their own, with names of one length",
		func(r run, text string) string {
			inJSON := strings.ReplaceAll(r.dir, "/", `\/`) // as PHP's json_encode writes it
			return replaceAll(replaceAll(text, r.dir, "@GATEWAY@"), inJSON, "@GATEWAY@")
		},
	},
	{
		"UROCKET_DEADLINE", "it is a time of day",
		func(_ run, text string) string {
			return deadline.ReplaceAllString(text, `$1@DEADLINE@`)
		},
	},
	{
		"a fact that is the process's id, as urocket has it", "each process has its own; that it is this one is shown by that",
		func(r run, text string) string {
			return regexp.MustCompile(`(?m) = "?`+strconv.Itoa(r.pid)+`"?$`).ReplaceAllString(text, " = @PID@")
		},
	},
}

var (
	deadline = regexp.MustCompile(`(UROCKET_DEADLINE(?: = |":)")\d{13}`)
	factLine = regexp.MustCompile(`^([^=\n]+) = (.*)\n$`)
)

// facts are those of a run; of values that must never be there twice, which are
// returned beside them, only the length is compared.
func (r run) facts() (f facts, unique map[string]string) {
	unique = map[string]string{}
	f = facts{"exit": r.exit}
	if r.caller != "" {
		f["caller"] = r.normal(r.caller)
	}
	f["stderr"] = short([]byte(r.normal(string(r.stderr))))
	var rest strings.Builder
	for line := range strings.Lines(r.normal(string(r.stdout))) {
		m := factLine.FindStringSubmatch(line)
		switch {
		case m == nil:
			rest.WriteString(line)
		case strings.HasPrefix(m[1], neverTwice):
			unique[m[1]] = m[2]
			f[m[1]] = fmt.Sprintf("%d bytes", len(m[2]))
		default:
			f[m[1]] += m[2]
		}
	}
	f["stdout"] = short([]byte(rest.String()))
	return f, unique
}

func (r run) normal(text string) string {
	for _, n := range normalisations {
		text = n.of(r, text)
	}
	return text
}

// filesOf are the files of a trial's folder as they are in the end.
func filesOf(g *gateway, tr trial) (facts, error) {
	f, root := facts{}, g.folder(tr)
	return f, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		value := info.Mode().String()
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			value += " " + short([]byte(run{dir: g.dir, id: "no id"}.normal(string(text))))
		}
		f["file "+strings.TrimPrefix(path, root+"/")] = value
		return nil
	})
}

// short is a text, or what is left of a long one: its length, its end and its hash.
func short(text []byte) string {
	const enough = 3000
	if len(text) <= enough {
		return string(text)
	}
	return fmt.Sprintf("%d bytes, %x, …%q", len(text), sha256.Sum256(text), text[len(text)-100:])
}

func replaceAll(text, from, to string) string {
	if from == "" {
		return text
	}
	return strings.ReplaceAll(text, from, to)
}
