package conform

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// code are the trials of what PHP reads: the script, and what it includes.
func code() []trial {
	return []trial{
		{script: "include", cmd: []string{"php", "-d", "include_path=.:@DIR@/path", "include.php"}, calls: times(2)},
		{script: "elsewhere", cmd: []string{"php", "bin/elsewhere.php"}},
		{script: "elsewhere", as: "elsewhere-absolute", flags: everywhere, cmd: []string{"php", "@DIR@/bin/elsewhere.php"}},
		{script: "elsewhere", as: "elsewhere-dots", cmd: []string{"/usr/bin/php", "./lib/../bin/elsewhere.php"}},
		{script: "whereami", calls: times(2)},
		{script: "whereami", as: "linked", cmd: []string{"php", "link.php"}, before: func(dir string) error { return os.Symlink("whereami.php", filepath.Join(dir, "link.php")) }},
		{script: "autoload", calls: times(2)},
		{script: "conditional", cmd: withArg("conditional"), calls: each("a", "b", "a", "b")},
		{script: "prepend", cmd: []string{"php", "-d", "auto_prepend_file=@DIR@/mine.php", "-d", "auto_append_file=after.php", "prepend.php"}, calls: times(2)},
		{script: "plain", as: "prepend-none", cmd: []string{"php", "-d", "auto_prepend_file=none", "plain.php"}},
		{script: "prepend", as: "prepend-relative", cmd: []string{"php", "-dauto_prepend_file=mine.php", "prepend.php"}},
		{script: "halt"},
		{script: "shebang"},
		{script: "inline"},
		{script: "strict"},
		{script: "ticks", calls: times(2)},
		{script: "fibers"},
		{script: "generators", keys: keys{"channel": "stdin"}, calls: []call{{body: []byte("one\ntwo\n")}}},
		{script: "weak"},
		{script: "serialize"},
		{script: "universe", calls: times(2)},
		{script: "state", calls: times(3), needs: []string{"pcntl", "posix"}},
	}
}

// changes are the trials of files that are others in the next call.
func changes() []trial {
	return []trial{
		{script: "edited", before: edition("first", "first"), calls: []call{
			{},
			{before: edition("second", "second")}, // at once, in the same second, of other length
			{before: edition("thirds", "second")}, // the same length
			{before: edition("thirds", "fourth")}, // only the included file
			{before: replaced("fifth!", time.Hour)},
			{before: replaced("six th", 2*time.Hour)}, // older than what it replaces
		}},
		{script: "edited", as: "edited-keeping-times", before: replaced("first!", 0), calls: []call{{}, {}, {before: replacedScript("second", 0)}}},
		{script: "edited", as: "include-keeping-times", flags: everywhere, before: replaced("first!", 0), calls: []call{{}, {}, {before: replacedPart("second", 0)}}},
		{script: "edited", as: "removed", flags: everywhere, before: edition("first", "first"), calls: []call{
			{}, {before: func(dir string) error { return os.Remove(filepath.Join(dir, "edited.php")) }}, {before: edition("again", "again")},
		}},
		{script: "edited", as: "parse-error-between", flags: everywhere, before: edition("first", "first"), calls: []call{{}, {before: writing("edited.php", "<?php echo 1; }")}, {before: edition("again", "again")}}},
		{script: "plain", as: "release", flags: everywhere, cmd: []string{"php", "@DIR@/current/main.php"}, before: releases(1), calls: []call{{}, {before: releases(2)}, {before: releases(1)}}},
		{script: "plain", as: "release-folder", flags: everywhere, cmd: []string{"php", "main.php"}, keys: keys{"wd": "@DIR@/current"}, before: releases(1), calls: []call{{}, {before: releases(2)}, {before: releases(1)}}},
		{script: "plain", as: "release-include", flags: everywhere, cmd: []string{"php", "fixed.php"}, before: releases(1), calls: []call{{}, {}, {before: releases(2)}, {before: releases(1)}}},
	}
}

// commands are the trials of other words than php and a script.
func commands() []trial {
	return []trial{
		{script: "plain", as: "odd-name", flags: everywhere, cmd: []string{"php", "an odd näme$(x);.php", "x"}, before: copied("an odd näme$(x);.php")},
		{script: "plain", as: "no-suffix", cmd: []string{"php", "script", "-x"}, before: copied("script")},
		{script: "plain", as: "missing", cmd: []string{"php", "not-there.php"}, flags: neverWarm},
		{script: "plain", as: "a-folder", cmd: []string{"php", "folder"}, flags: neverWarm, before: func(dir string) error { return os.Mkdir(filepath.Join(dir, "folder"), 0o755) }},
		{script: "plain", as: "phar", flags: everywhere, cmd: []string{"php", "app.phar", "x"}, before: phar, calls: times(2)},
		{script: "plain", as: "code-in-the-command", cmd: []string{"php", "-r", `echo getcwd(), " ", json_encode($argv), " ", getenv("REQUEST_METHOD"), "\n"; exit(3);`, "x"}},
		{script: "plain", as: "code-on-stdin", cmd: []string{"php"}, keys: keys{"channel": "stdin"}, calls: []call{{body: []byte(`<?php echo "from stdin ", __FILE__, " ", $argc, "\n"; exit(4);`)}}},
		{script: "plain", as: "lines-of-stdin", cmd: []string{"php", "-R", `echo $argi, " ", strtoupper($argn), "\n";`}, keys: keys{"channel": "stdin"}, calls: []call{{body: []byte("one\ntwo\n")}}},
		{script: "plain", as: "lint", cmd: []string{"php", "-l", "plain.php"}},
		{script: "plain", as: "version", cmd: []string{"php", "-v"}},
		{script: "plain", as: "old-options", cmd: []string{"php", "-q", "-C", "plain.php", "x"}},
		{script: "plain", as: "disabled-functions", cmd: []string{"php", "-d", "disable_functions=putenv,chdir,exec", "plain.php", "x"}, calls: times(2)},
		{script: "plain", as: "basedir", cmd: []string{"php", "-d", "open_basedir=@DIR@", "plain.php", "x"}, calls: times(2)},
		{script: "plain", as: "no-such-extension", cmd: []string{"php", "-d", "extension=nosuch", "plain.php"}, calls: times(2)},
		{
			script: "wrapped", keys: keys{"env": []string{"PATH=@DIR@/bin:/usr/bin:/bin", "GIVEN_PATH=@DIR@/bin:/usr/bin:/bin"}},
			before: executable("bin/php", "#!/bin/sh\nexec /usr/bin/php -d precision=4 \"$@\"\n"), calls: times(2),
		},
		{script: "plain", as: "behind-env", cmd: []string{"env", "ADDED=1", "php", "plain.php", "x"}},
		{script: "plain", as: "behind-sh", cmd: []string{"sh", "-c", `php plain.php "$0"; exit $(($? + 1))`, "x"}},
	}
}

// edition writes the script and what it includes, in place.
func edition(script, part string) func(dir string) error {
	return func(dir string) error {
		return errors.Join(
			put(dir, "edited.php", "<?php\nrequire 'part.php';\necho 'script of the edition "+script+", ', part(), \"\\n\";\n"),
			put(dir, "part.php", "<?php\nfunction part() { return 'part of the edition "+part+"'; }\n"),
		)
	}
}

// replaced puts new files in the place of the old ones, as a deployment does, with
// the time of an earlier day.
func replaced(edition string, age time.Duration) func(dir string) error {
	return func(dir string) error {
		return errors.Join(replacedPart(edition, age)(dir), replacedScript(edition, age)(dir))
	}
}

func replacedScript(edition string, age time.Duration) func(dir string) error {
	return func(dir string) error {
		return replace(dir, "edited.php", "<?php\nrequire 'part.php';\necho 'script replaced by "+edition+", ', part(), \"\\n\";\n", age)
	}
}

// replacedPart is the same for what the script includes.
func replacedPart(edition string, age time.Duration) func(dir string) error {
	return func(dir string) error {
		return replace(dir, "part.php", "<?php\nfunction part() { return 'part replaced by "+edition+"'; }\n", age)
	}
}

func replace(dir, name, text string, age time.Duration) error {
	file, at := filepath.Join(dir, name), longAgo.Add(-age)
	return errors.Join(put(dir, name+".new", text), os.Chtimes(file+".new", at, at), os.Rename(file+".new", file))
}

func writing(name, text string) func(dir string) error {
	return func(dir string) error { return put(dir, name, text) }
}

func executable(name, text string) func(dir string) error {
	return func(dir string) error {
		return errors.Join(put(dir, name, text), os.Chmod(filepath.Join(dir, name), 0o755))
	}
}

// releases makes two releases, and the link to one of them.
func releases(current int) func(dir string) error {
	return func(dir string) error {
		const main = `<?php
echo "release N: ", str_replace(getenv("UROCKET_SOCKET"), "", __FILE__), " ", realpath(__FILE__), " ", getcwd(), "\n";
echo require __DIR__ . "/lib.php", " ", $_SERVER["SCRIPT_FILENAME"], " ", getmyinode() === fileinode(__FILE__), "\n";
`
		for _, n := range []string{"1", "2"} {
			release := filepath.Join("releases", n)
			if err := errors.Join(
				put(dir, filepath.Join(release, "main.php"), strings.ReplaceAll(main, "release N", "release "+n)),
				put(dir, filepath.Join(release, "lib.php"), "<?php return 'lib of "+n+" in ' . basename(__DIR__);\n"),
			); err != nil {
				return err
			}
		}
		link := filepath.Join(dir, "current")
		return errors.Join(
			put(dir, "fixed.php", "<?php echo include 'current/lib.php', ' ', include __DIR__ . '/current/lib.php', \"\\n\";\n"),
			os.Symlink(filepath.Join("releases", string(rune('0'+current))), link+".new"),
			os.Rename(link+".new", link),
		)
	}
}

func copied(name string) func(dir string) error {
	return func(dir string) error {
		text, err := os.ReadFile(filepath.Join(dir, "plain.php"))
		return errors.Join(err, put(dir, name, string(text)))
	}
}

// phar packs a program into one file, as composer's is.
func phar(dir string) error {
	const pack = `$p = new Phar("app.phar");
$p["main.php"] = '<?php require __DIR__ . "/lib.php"; echo lib(), " ", __FILE__, " ", Phar::running(), " ", json_encode($argv), "\n"; exit(5);';
$p["lib.php"] = '<?php function lib() { return "lib in " . basename(__DIR__); }';
$p->setStub("#!/usr/bin/env php\n<?php Phar::mapPhar('app.phar'); require 'phar://app.phar/main.php'; __HALT_COMPILER();");`
	cmd := exec.Command("php", "-d", "phar.readonly=0", "-r", pack)
	cmd.Dir = dir
	return cmd.Run()
}
