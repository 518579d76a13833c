// Package scaffold writes what somebody begins with who has an OpenAPI document: a map
// of all its operations ([Plan.Map]) and, if wanted, a PHP script for each ([Plan.Stubs]).
//
// # What it promises
//
// The map can be served as it is: every operation of it answers, with an example that
// fits the document where one can be made. What cannot be served (two paths of one
// shape, a path that is none) stands in it as a comment, with the reason. No file that
// is there is ever overwritten: a map in the way is an error ([ErrExists]), a script in
// the way is kept and counts as the operation's.
//
// Nothing of the document becomes code. Its texts are written as YAML or PHP strings,
// or on one line of a comment.
package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/router"
	"github.com/urocket/urocket/scripts/php"
)

// ErrExists says that there is a file already where one was to be written.
var ErrExists = errors.New("there is such a file already, and nothing is overwritten")

// Options say what is wanted.
type Options struct {
	Document string // its file name
	Map      string // what the map will be called; its folder is what paths in it are relative to
	Stubs    string // folder for scripts; "": none are wanted
	Name     string // servicename; "": made of the document's title
}

// Plan is what will be written.
type Plan struct {
	o          Options
	doc        *apidoc.Document
	operations []operation
	name       string
	openapi    string // path of the document, as it stands in the map
	wd         string // path of the scripts
}

// operation is one of the document's.
type operation struct {
	*apidoc.Operation
	example apidoc.Example
	script  string // its file name; "": there is none
	refused string // why it cannot be served; ""
	blind   bool   // requests cannot be validated
}

// New reads the document and plans. The error says what is wrong with the document.
func New(o Options) (*Plan, error) {
	doc, _, err := apidoc.Load(o.Document)
	if err != nil {
		return nil, err
	}
	p := &Plan{o: o, doc: doc, name: o.Name}
	if p.name == "" {
		p.name = slug(doc.Title(), "service")
	}
	if p.openapi, err = relative(o.Map, o.Document); err != nil {
		return nil, err
	}
	if o.Stubs != "" {
		if p.wd, err = relative(o.Map, o.Stubs); err != nil {
			return nil, err
		}
	}
	p.plan()
	return p, nil
}

func (p *Plan) plan() {
	var routes router.Router[struct{}]
	names := map[string]bool{strings.TrimSuffix(helperName, ".php"): true}
	for _, o := range p.doc.Operations() {
		op := operation{Operation: o}
		if err := config.CheckPath(o.Path); err != nil {
			op.refused = err.Error()
		} else if err := routes.Add(o.Method, o.Path, struct{}{}); err != nil {
			op.refused = err.Error()
		}
		if op.refused == "" {
			_, err := o.Prepare(true, false)
			op.blind = err != nil
			op.example = o.Example(p.o.Stubs == "")
			if p.o.Stubs != "" {
				op.script = scriptName(o, names)
			}
		}
		p.operations = append(p.operations, op)
	}
}

// Operations counts those that will be served.
func (p *Plan) Operations() (n int) {
	for _, o := range p.operations {
		if o.refused == "" {
			n++
		}
	}
	return n
}

// Refused are those that cannot be served, with the reason, one a line.
func (p *Plan) Refused() (list []string) {
	for _, o := range p.operations {
		if o.refused != "" {
			list = append(list, o.Method+" "+o.Path+": "+o.refused)
		}
	}
	return list
}

// relative is how a file is called in another one's folder.
func relative(from, to string) (string, error) {
	folder, err := filepath.Abs(filepath.Dir(from))
	if err != nil {
		return "", fmt.Errorf("find the folder of %s: %w", from, err)
	}
	file, err := filepath.Abs(to)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", to, err)
	}
	return filepath.Rel(folder, file)
}

// WriteMap writes the map under its name.
func (p *Plan) WriteMap() error {
	return create(p.o.Map, p.Map())
}

// helperName is the file that every script includes.
const helperName = "urocket.php"

// WriteStubs writes the scripts into their folder, which is made where it is missing. It
// returns those that were there already, and stay as they are.
func (p *Plan) WriteStubs() (written int, kept []string, err error) {
	if err := os.MkdirAll(p.o.Stubs, 0o777); err != nil {
		return 0, nil, err
	}
	files := map[string][]byte{helperName: php.Helper}
	for _, o := range p.operations {
		if o.script != "" {
			files[o.script] = o.stub()
		}
	}
	for name, text := range files {
		file := filepath.Join(p.o.Stubs, name)
		switch err := create(file, text); {
		case errors.Is(err, ErrExists):
			kept = append(kept, file)
		case err != nil:
			return written, nil, err
		case name != helperName:
			written++
		}
	}
	slices.Sort(kept)
	return written, kept, nil
}

// create writes a new file, whole or not at all.
func create(name string, text []byte) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", name, ErrExists)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(name) // half a file would be in the way of the next attempt
		}
	}()
	_, err = f.Write(text)
	return err
}
