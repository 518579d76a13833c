package software

// prog is a program that Debian ships.
type prog struct {
	name  string
	file  string // there if it is installed
	idle  []call // one of each operation, without consequences
	calls []call
}

// call is one request, and what becomes of it.
type call struct {
	method string
	path   string
	body   string
	header []string
	status int
	want   []string          // in the answer
	files  map[string]string // in the gateway's folder, afterwards
}

var (
	asText = []string{"Content-Type: text/plain", "X-Editor: ada"}
	asPHP  = []string{"Content-Type: text/x-php"}
	asJSON = []string{"Content-Type: application/json"}
)

const (
	boats = "====== Boats ======\n\nSee the [[engine]] and the [[start]]. **Ahoi!**\n"
	sails = "====== Sails ======\n\nSee the [[engine]].\n"
	messy = "<?php\n$a=array(1,2) ;\nif($a){ echo 'é'; }\n"
	thing = "<?php\nnamespace Demo;\nfinal class Thing {}\ninterface Shape {}\n"
)

var programs = []prog{
	{
		name: "dokuwiki", file: "/usr/share/dokuwiki/bin/dwpage.php",
		idle: []call{
			{method: "PUT", path: "/wiki/playground?summary=x", body: "\n", header: asText}, // nothing is written
			{method: "GET", path: "/wiki/boats/title"},
			{method: "POST", path: "/index?mode=--quiet"},
			{method: "GET", path: "/wanted"},
			{method: "POST", path: "/render", header: asText},
		},
		calls: []call{
			{
				method: "PUT", path: "/wiki/boats?summary=the%20first%20%26%20best", body: boats, header: asText, status: 200,
				want: []string{`"exitcode":0`, ` \u003e boats\n`}, files: map[string]string{"data/pages/boats.txt": boats},
			},
			{method: "PUT", path: "/wiki/sea:sails?summary=sails", body: sails, header: asText, status: 200, want: []string{`"exitcode":0`}, files: map[string]string{"data/pages/sea/sails.txt": sails}},
			{method: "PUT", path: "/wiki/Boats?summary=x", body: boats, header: asText, status: 400, want: []string{"urn:urocket:validation", `"in":"path"`}},
			{method: "POST", path: "/index?mode=--no-colors", status: 200, want: []string{`"exitcode":0`, "boats... ", "sea:sails... ", `"stderr":""`}},
			{method: "GET", path: "/wiki/boats/title", status: 200, want: []string{"Boats"}},
			{method: "GET", path: "/wanted", status: 200, want: []string{"engine", "start", "sea:sails"}},
			{method: "PUT", path: "/wiki/engine?summary=wanted", body: "====== Engine ======\n", header: asText, status: 200, want: []string{`"exitcode":0`}},
			{method: "GET", path: "/wanted", status: 200, want: []string{"start"}},
			{method: "POST", path: "/render", body: boats, header: asText, status: 200, want: []string{`<h1 class="sectionedit1" id="boats">Boats</h1>`, "<strong>Ahoi!</strong>", "wikilink2"}},
			{method: "POST", path: "/index?mode=--clear", status: 200, want: []string{`"exitcode":0`, "Clearing index... done.", "engine... "}},
			{method: "POST", path: "/index?mode=--upside-down", status: 400, want: []string{`"in":"query"`}},
		},
	},
	{
		name: "php-codesniffer", file: "/usr/bin/phpcs",
		idle: []call{{method: "POST", path: "/code/style?standard=PSR12", body: "<?php\n", header: asPHP}, {method: "POST", path: "/code/fixed", body: "<?php\n", header: asPHP}},
		calls: []call{
			{method: "POST", path: "/code/style?standard=PSR12", body: messy, header: asPHP, status: 200, want: []string{`"errors":7,"warnings":0,"fixable":7`, "Expected 1 space(s) after IF keyword; 0 found"}},
			{method: "POST", path: "/code/style?standard=PSR1", body: messy, header: asPHP, status: 200, want: []string{`"errors":0`}},
			{method: "POST", path: "/code/fixed", body: messy, header: asPHP, status: 500, want: []string{`"exitcode":1`, `if ($a) {\n    echo 'é';\n}`}},
		},
	},
	{
		name: "composer", file: "/usr/bin/composer",
		idle: []call{{method: "POST", path: "/code/package", body: `{}`, header: asJSON}},
		calls: []call{
			{method: "POST", path: "/code/package", body: `{"name":"a/b","description":"x","license":"MIT","require":{"php":">=8"}}`, header: asJSON, status: 200, want: []string{`"exitcode":0`, "is valid"}},
			{method: "POST", path: "/code/package", body: `{"name":"a/b","license":"MIT"}`, header: asJSON, status: 500, want: []string{`"exitcode":2`, "- description : The property description is required"}},
			{method: "POST", path: "/code/package", body: `[1]`, header: asJSON, status: 400, want: []string{"urn:urocket:validation"}},
		},
	},
	{
		name: "phpab", file: "/usr/bin/phpab",
		idle: []call{{method: "POST", path: "/code/classmap", body: thing, header: asPHP}},
		calls: []call{
			{method: "POST", path: "/code/classmap", body: thing, header: asPHP, status: 200, want: []string{`'demo\\thing' =>`, `'demo\\shape' =>`, "spl_autoload_register("}},
		},
	},
}
