package web

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// refusalFormats collects what the rules may say to a person: the format
// strings of the calls that make such errors.
func refusalFormats(t *testing.T, folders ...string) []string {
	t.Helper()
	// the place of the format among the arguments of each function
	return formatsOf(t, map[string]int{"add": 1, "Invalid": 1, "Errorf": 1, "refuse": 3, "refuseRow": 2, "warn": 2}, folders...)
}

func formatsOf(t *testing.T, place map[string]int, folders ...string) []string {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				at, ok := place[nameOf(call.Fun)]
				if !ok || len(call.Args) <= at {
					return true
				}
				if text, ok := literal(call.Args[at]); ok {
					found[text] = true
				}
				return true
			})
		}
	}
	var out []string
	for format := range found {
		out = append(out, format)
	}
	slices.Sort(out)
	return out
}

func nameOf(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && x.Name == "fmt" {
			return ""
		}
		return f.Sel.Name
	}
	return ""
}

// literal is a string constant, also one that is put together with +.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		a, okA := literal(e.X)
		b, okB := literal(e.Y)
		return a + b, okA && okB
	}
	return "", false
}

// chatFormats are what reading a chat may say: its refusals all end alike, and
// its notes name what was left out.
func chatFormats(t *testing.T) []string {
	t.Helper()
	const end = "; nothing was imported"
	out := formatsOf(t, map[string]int{"note": 0, "count": 0}, "../imports/chat")
	for _, format := range formatsOf(t, map[string]int{"refuse": 0}, "../imports/chat") {
		out = append(out, format+end)
	}
	if len(out) < 30 {
		t.Errorf("only %d sentences were found", len(out))
	}
	return out
}

// Everything the rules may say to somebody who fills in a form is translated.
func TestRefusalsAreTranslated(t *testing.T) {
	raw, err := os.ReadFile("i18n/refusals.de.json")
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]string
	if err := json.Unmarshal(raw, &have); err != nil {
		t.Fatal(err)
	}
	want := append(refusalFormats(t, ".", "../app", "../domain", "../imports", "../notify"), chatFormats(t)...)
	for _, format := range want {
		if _, ok := have[format]; !ok {
			t.Errorf("not translated: %q", format)
		}
	}
	for format, text := range have {
		for n := range strings.Count(format, "%") {
			if hole := "$" + strconv.Itoa(n+1); !strings.Contains(text, hole) && !strings.Contains(text, "${"+strconv.Itoa(n+1)+"}") {
				t.Errorf("%q: the translation lacks %s", format, hole)
			}
		}
	}
}
