package warm

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func words(line string) (words []*string) {
	for w := range strings.FieldsSeq(line) {
		if w == "{}" {
			words = append(words, nil)
			continue
		}
		if w == "''" {
			w = ""
		}
		words = append(words, &w)
	}
	return words
}

func TestReadLine(t *testing.T) {
	for _, c := range []struct{ line, options, script, args string }{
		{"php a.php", "", "a.php", ""},
		{"/usr/bin/php8.2 a.php {} x", "", "a.php", "{} x"},
		{"php -n -dx=1 -d y=2 --define z=3 --define=q=1 -q a.php -d {}", "-n -dx=1 -d y=2 --define z=3 --define=q=1 -q", "a.php", "-d {}"},
		{"php -nd x=1 -c /etc/php --no-php-ini ./a.php -- -x", "-nd x=1 -c /etc/php --no-php-ini", "./a.php", "-- -x"},
		{"php -f a.php", "", "a.php", ""},
		{"php -n -fa.php -d x=1 one -d {}", "-n -d x=1", "a.php", "one -d {}"},
		{"php --file a.php -- {}", "", "a.php", "{}"},
		{"php --file=a.php - x", "", "a.php", "- x"},
	} {
		got, err := ReadLine(words(c.line))
		if err != nil || strings.Join(got.Options, " ") != c.options || got.Script != c.script || spelled(words(c.line)[got.Args:]) != c.args {
			t.Errorf("%s: %+v, %v", c.line, got, err)
		}
	}
}

func spelled(words []*string) string {
	var s []string
	for _, w := range words {
		if w == nil {
			s = append(s, "{}")
			continue
		}
		s = append(s, *w)
	}
	return strings.Join(s, " ")
}

func TestLinesThatAreNotUnderstood(t *testing.T) {
	for line, why := range map[string]string{
		"":                      "not begin with php",
		"{} a.php":              "not begin with php",
		"sh -c php":             "not begin with php",
		"env php a.php":         "not begin with php",
		"php-config a.php":      "not begin with php",
		"php":                   "no script",
		"php -":                 "no script",
		"php -- a.php":          "no script",
		"php '' a.php":          "no script",
		"php -n":                "no script",
		"php -r echo":           "option -r",
		"php -a":                "option -a",
		"php -S localhost:8000": "option -S",
		"php -nr 1":             "option -r",
		"php -nf a.php":         "option -nf",
		"php -H a.php":          "option -H",
		"php --run=1":           "option --run",
		"php -B a -F b.php":     "option -B",
		"php -d":                "lacks its value",
		"php -d {} a.php":       "placeholder stands in an option",
		"php {}":                "placeholder stands where",
		"php -f {}":             "placeholder, or nothing",
		"php -f a.php {}":       "write -- before it",
		"php -f - a":            "no script by name",
	} {
		if got, err := ReadLine(words(line)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
}

// What is understood is what PHP itself makes of it.
func TestReadLineAsPHPDoes(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "a.php")
	write(t, script, `<?php echo implode("|", $argv), ini_get("memory_limit");`)
	for _, line := range []string{
		"php -n a.php x -- -n", "php -n -f a.php", "php -n -f a.php x -y", "php -n -f a.php -- -y", "php -n -f a.php -d memory_limit=7M - z",
		"php -n -dmemory_limit=5M a.php -d memory_limit=6M", "php -n --file a.php --define memory_limit=4M x",
		"php -n -nqd memory_limit=3M a.php --", "php -n -f a.php -- -- x", "php --no-php-ini --define=memory_limit=3M a.php",
	} {
		read, err := ReadLine(words(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		args := strings.Fields(line)
		want := php(t, dir, args[1:]...)
		ours := slices.Concat(read.Options, []string{read.Script}, args[read.Args:])
		// The arguments behind -f SCRIPT that begin with "-" stand behind "--".
		if got := php(t, dir, ours...); got != want {
			t.Errorf("%s: %s\nas php reads it: %s", line, got, want)
		}
	}
}

func php(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("php", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return fmt.Sprint(string(out), err)
}
