package guard

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// How long a comparison takes tells nothing only if it is the right one, and if none is
// left out after the first that fits. A clock cannot show that reliably; the source can.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	for _, c := range []struct{ file, function, compare string }{
		{"keys.go", "find", "subtle.ConstantTimeCompare"},
		{"signatures.go", "compare", "hmac.Equal"},
		{"passwords.go", "check", "bcrypt.CompareHashAndPassword"},
	} {
		source, err := parser.ParseFile(token.NewFileSet(), c.file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		var calls []string
		exits := 0
		for _, d := range source.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != c.function {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.RangeStmt:
					ast.Inspect(n.Body, func(n ast.Node) bool {
						if _, ok := n.(*ast.BranchStmt); ok {
							exits++
						}
						return true
					})
				case *ast.CallExpr:
					if s, ok := n.Fun.(*ast.SelectorExpr); ok {
						if x, ok := s.X.(*ast.Ident); ok {
							calls = append(calls, x.Name+"."+s.Sel.Name)
						}
					}
				}
				return true
			})
		}
		if !slices.Contains(calls, c.compare) || exits > 0 {
			t.Errorf("%s of %s calls %q and leaves a loop %d times", c.function, c.file, calls, exits)
		}
		for _, other := range []string{"bytes.Equal", "bytes.Compare", "strings.EqualFold", "slices.Equal", "reflect.DeepEqual"} {
			if slices.Contains(calls, other) {
				t.Errorf("%s of %s calls %s", c.function, c.file, other)
			}
		}
	}
	// Two keys are the same: the last is found, so the first has ended nothing.
	one, _ := parseKey(entry("first", "K"))
	two, _ := parseKey(entry("last", "K"))
	if k := find([]key{one, two}, one.digest); k == nil || k.name != "last" {
		t.Errorf("found %v", k)
	}
}
