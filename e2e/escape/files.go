package escape

import (
	"os"
	"path/filepath"
)

// files are what a script leaves on disk.
var files = []Row{
	{
		Slug: "litters-its-tmpdir", Tries: "fills its TMPDIR with deep trees, directories that nobody may read, and links to what lies outside", Hurts: true, Root: true,
		Operation: Operation{litter, Keys{"tmpdir": "own", "user": "@UID@", "group": "@UID@"}},
		On:        same("with `tmpdir: own` all of it is removed with the call; nothing outside is touched", littered),
	},
	{
		Slug: "litters-it-as-root", Tries: "the same as root", Hurts: true, Root: true,
		Operation: Operation{litter, Keys{"tmpdir": "own"}},
		On:        same("the same", littered),
	},
	{
		Slug: "replaces-its-tmpdir", Tries: "removes its TMPDIR and puts a link to another directory in its place", Hurts: true,
		Operation: Operation{`
			mkdir(HERE . '/outside'); touch(HERE . '/outside/file');
			$tmp = getenv('TMPDIR'); tell('tmp', $tmp);
			rmdir($tmp); symlink(HERE . '/outside', $tmp); echo 'done';`, Keys{"tmpdir": "own"}},
		On: same("the link is removed, and not what it leads to", func(a *Attempt) {
			a.begin("", "").want(200, "done")
			a.absent(a.told("tmp"))
			a.untouched("outside/file")
		}),
	},
	{
		Slug: "files-elsewhere", Tries: "leaves files outside its TMPDIR", Hurts: true,
		Operation: Operation{`touch(HERE . '/elsewhere'); echo 'done';`, nil},
		On: same("they stay: only `tmpdir: own` and the payload's file are urocket's to remove", func(a *Attempt) {
			a.begin("", "").want(200, "done")
			a.untouched("elsewhere")
		}),
	},
	{
		Slug: "removes-the-socket", Tries: "removes urocket's socket", Hurts: true, Root: true,
		Operation: Operation{`tell('removed', unlink(getenv('UROCKET_SOCKET')) ? 'yes' : 'no'); post('done');`, Keys{"reply": "socket", "user": "@UID@", "group": "@UID@"}},
		On: same("another user needs write permission on its folder for that: give it one in which only urocket has it", func(a *Attempt) {
			a.begin("", "").want(200, "done")
			a.is("removed", "no")
		}),
	},
}

// litter leaves a tree that is hard to remove.
const litter = `
	mkdir(HERE . '/outside'); mkdir(HERE . '/outside/directory'); touch(HERE . '/outside/file'); chmod(HERE . '/outside/file', 0400);
	$tmp = getenv('TMPDIR'); tell('tmp', $tmp);
	symlink(HERE . '/outside', "$tmp/link"); symlink(HERE . '/outside/file', "$tmp/file"); link(HERE . '/outside/file', "$tmp/hard");
	symlink('..', "$tmp/up"); symlink('loop', "$tmp/loop"); symlink('/', "$tmp/root"); posix_mkfifo("$tmp/pipe", 0);
	touch("$tmp/-rf"); touch("$tmp/new\nline \xff");
	mkdir("$tmp/closed"); mkdir("$tmp/closed/inner"); touch("$tmp/closed/inner/file"); symlink(HERE . '/outside/directory', "$tmp/closed/link");
	chmod("$tmp/closed/inner", 0); chmod("$tmp/closed", 0);
	mkdir("$tmp/deep");
	chdir("$tmp/deep");
	for ($n = 0; $n < 300; $n++) { mkdir($name = str_repeat('d', 100)); chdir($name); } // far over PATH_MAX
	touch('file');
	symlink(HERE . '/outside', 'link');
	chmod($tmp, 0);
	echo 'done';`

func littered(a *Attempt) {
	a.begin("", "").want(200, "done")
	a.absent(a.told("tmp"))
	a.untouched("outside/file", "outside/directory")
}

// untouched demands files of the row's directory.
func (a *Attempt) untouched(names ...string) {
	a.Helper()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(a.dir, name)); err != nil {
			a.Errorf("it is gone: %v", err)
		}
	}
}
