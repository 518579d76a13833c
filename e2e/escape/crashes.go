package escape

import (
	"os"
	"strconv"
	"strings"
)

// crashes end urocket itself.
var crashes = []Row{
	{
		Slug: "kills-urocket", Tries: "as urocket's user, kills urocket itself (SIGKILL) in the middle of the call", Hurts: true, Root: true, Alone: true,
		Operation: Operation{`
			tell('tmp', getenv('TMPDIR')); touch(getenv('TMPDIR') . '/file');
			child(function () { posix_setsid(); stay('daemon'); });
			await('daemon'); tell('main', getmypid());
			posix_kill((int)getenv('ABOUT'), SIGKILL);
			stay('pid');`, Keys{"tmpdir": "own"}},
		Also: map[string]Operation{"after": {`echo 'served';`, nil}},
		On: grouped("the caller's connection breaks off; the processes run on until the next start, which ends them, and removes their groups and TMPDIR", func(a *Attempt) {
			a.breaks()
			for _, name := range []string{"main", "daemon"} {
				if pid := a.pid(name); !alive(pid) {
					a.Errorf("%s has ended before the next start", name)
				}
			}
			a.Launch(0)
			a.gone("main", "daemon")
			a.absent(a.told("tmp"))
			a.begin("after", "").want(200, "served")
		}, Cell{"the caller's connection breaks off; the shims end all processes at once, and the next start removes their TMPDIR", func(a *Attempt) {
			a.breaks()
			a.gone("main", "daemon")
			a.Launch(0)
			a.absent(a.told("tmp"))
			a.begin("after", "").want(200, "served")
		}}),
	},
	{
		Slug: "plants-links", Tries: "puts links into urocket's TMPDIR, under names that the next start will sweep", Hurts: true, Root: true, Alone: true,
		Operation: Operation{`
			mkdir(HERE . '/outside'); touch(HERE . '/outside/file');
			$tmp = getenv('TMPDIR');
			$name = fn(string $kind = '') => "$tmp/urocket-$kind" . substr(str_shuffle(str_repeat('abcdefghijklmnopqrstuvwxyz234567', 26)), 0, 26);
			symlink(HERE . '/outside', $one = $name()); symlink(HERE . '/outside/file', $two = $name('payload-')); posix_mkfifo($three = $name('payload-'), 0600);
			tell('links', "$one $two $three");
			mkdir($made = $name()); symlink(HERE . '/outside', "$made/link"); link(HERE . '/outside/file', "$made/hard"); link(HERE . '/outside/file', $name('payload-'));
			mkdir("$made/closed"); symlink(HERE . '/outside', "$made/closed/link"); chmod("$made/closed", 0);
			tell('made', $made); echo 'done';`, nil},
		On: same("directories are removed with all that is in them; links and pipes are not followed, and stay where they lie in TMPDIR itself; nothing outside is touched", func(a *Attempt) {
			a.begin("", "").want(200, "done")
			a.Crash()
			a.Launch(0)
			a.absent(a.told("made"))
			a.untouched("outside/file")
			for _, name := range strings.Fields(a.told("links")) {
				must(a.T, os.Remove(name))
			}
		}),
	},
}

// breaks makes the call, which must have no answer.
func (a *Attempt) breaks() {
	a.Helper()
	c := a.begin("", strconv.Itoa(a.PID()))
	if got := <-c.answer; got.err == nil {
		a.Errorf("answer %d %s", got.status, got.body)
	}
	a.told("main")
	a.Crash()
}
