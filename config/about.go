package config

// about is what is said of a key, in its words: the schema has them as descriptions, and
// the tables of docs/configuration.md and docs/worker.md are made of them. A test sees to it
// that every key has its words and that what is called its default is.
type about struct {
	key       string
	otherwise string // Markdown: the default, or words about it
	text      string // Markdown
}

// described are the words on the keys of each place. Those of defaults are the others' own.
var described = map[string][][]about{
	atTop.name:       {aboutService},
	inOperation.name: {aboutOperation},
	inInject.name:    {aboutInject},
	inLimits.name:    {aboutLimits},
	inDefaults.name:  {aboutOperation, aboutInject, aboutLimits},
	inWorker.name:    {aboutWorker},
	inScheme.name:    {aboutScheme},
	inTLS.name:       {aboutTLS},
}

// find is what is said of a key of a place.
func find(where place, key string) (about, bool) {
	for _, rows := range described[where.name] {
		for _, row := range rows {
			if row.key == key {
				return row, true
			}
		}
	}
	return about{}, false
}

// aboutService are the keys at the top of the file.
var aboutService = []about{
	{"servicename", "required", "Name in logs and of the cgroup. Small letters, digits and `-`."},
	{"port", "8080", "TCP port on every interface. Never together with `listen`."},
	{"listen", "none", "Address and port, such as `127.0.0.1:8080`."},
	{"socketpath", "required", "The unix socket on which scripts reply. 107 bytes at most. Its folder has to exist. Only a socket that no live process serves is replaced."},
	{"socketmode", "`\"0660\"`", "Its permissions, octal, in quotes."},
	{"socketgroup", "none", "Its group: a name or a number."},
	{"openapi", "required", "The OpenAPI document, 3.0 or 3.1, YAML or JSON. It is used as it is."},
	{"basepath", "path of the document's first server", "A request matches as it is, or without this in front. `\"\"` for none."},
	{"security", "none", "Who checks what the document demands of callers. `upstream`: a proxy in front does. Or a map, [scheme by scheme](#security). An operation that demands a scheme which nothing covers refuses start."},
	{"tls", "none", "TLS on the public listener: [its keys](#tls)."},
	{"admin", "none", "A TCP address for `/healthz`, `/readyz` and [`/metrics`](metrics.md), which are on the socket too, and for [the page](page.md), which is for this machine alone. Without a host (`:9090`) it refuses start: it asks nobody who he is, so whoever means to open it to others writes `0.0.0.0:9090`, and is warned."},
	{"maxbody", "10MiB", "A larger request or reply is refused with 413."},
	{"running", "64", "Processes at once, all operations together."},
	{"queued", "256", "Callers that wait for a place. One more gets 503. Who is next: [operations.md](operations.md#places)."},
	{"queuewait", "10s", "How long a caller waits for a place before it gets 429 (the operation is full) or 503 (the service is)."},
	{"drain", "25s", "At SIGTERM: how long running calls may still end by themselves."},
	{"cgroup", "`auto`", "`auto`: use cgroup v2 as far as this machine allows, and say at start how far. `required`: refuse start unless it can all be used. `off`: a parent process of its own for each call, which its orphans fall to; see [the table of escapes](escapes.md). Or a map: `{mode: required, parent: /sys/fs/cgroup/x}`, where `parent` is the group below which urocket makes its own: the one that it runs in, or one without processes."},
	{"defaults", "none", "One flat map of keys of an operation, of `inject` and of `limits`, for all operations. `running` and `queued` in it count for each operation by itself."},
	{"paths", "none", "Path, as in the document, then verb (`get put post delete options head patch trace`), then the keys below."},
}

// aboutTLS are the keys of tls.
var aboutTLS = []about{
	{"cert", "required", "PEM file; intermediate certificates follow the server's. It is read again when it changes."},
	{"key", "required", "PEM file of its key. It is read again when it changes."},
	{"clientca", "none", "PEM file of the authorities whose client certificates are good. Clients are then asked for one, and may have none."},
	{"minversion", "`\"1.2\"`", "The oldest version of TLS that is spoken."},
}

// aboutScheme are the keys of a scheme of security.
var aboutScheme = []about{
	{"keys", "none", "For `apiKey`, `http` bearer, `oauth2` and `openIdConnect`: digests of keys or opaque tokens, `NAME:sha256:HEX SCOPE…`. These, those of `keysfile` and those of `keysenv` count together."},
	{"keysfile", "none", "A file with one of them a line."},
	{"keysenv", "none", "The name of a variable of urocket's environment with such lines, or with commas between them."},
	{"htpasswd", "none", "For `http` basic: a file of names and bcrypt hashes."},
	{"jwks", "none", "For `http` bearer, `oauth2` and `openIdConnect`: JSON Web Tokens. A file, or an https URL, with the public keys."},
	{"issuer", "required with `jwks`", "The `iss` of a token, or `any`."},
	{"audience", "required with `jwks`", "An `aud` of a token, a list of them, or `any`."},
	{"algorithms", "`[RS256, ES256, EdDSA]`", "With `jwks`: which signatures are accepted. Those with a shared secret never are."},
	{"leeway", "30s", "With `jwks`: how far clocks may differ. 10m at most."},
	{"hmac", "none", "For `apiKey` in header: the form of a signature over the body."},
	{"secretfile", "none", "With `hmac`: a file with its secrets, one a line."},
	{"secretenv", "none", "With `hmac`: the name of a variable of urocket's environment with them."},
	{"tolerance", "5m", "With `hmac: stripe`: how far the time in a signature may be off."},
	{"clients", "none", "For `mutualTLS`: client certificates that `tls.clientca` has signed: `any`, a name, or a list of names."},
}
