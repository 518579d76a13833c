package config

import (
	"slices"
	"strings"

	"github.com/urocket/urocket/internal/suggest"
)

// place is a map of the file and the keys that belong there.
type place struct {
	name string // where that is, for messages
	keys []string
}

var (
	topKeys = []string{
		"servicename", "port", "listen", "socketpath", "socketmode", "socketgroup", "openapi", "basepath", "admin",
		"security", "tls", "maxbody", "running", "queued", "queuewait", "drain", "cgroup", "defaults", "paths",
	}
	operationKeys = []string{
		"validatein", "validateout", "reply", "contenttype", "onexit", "replyfrom", "logstdout", "stats", "statswait",
		"ondisconnect", "running", "queued",
	}
	injectKeys = []string{
		"wd", "env", "passenv", "cmd", "channel", "encoding", "timeout", "grace", "tmpdir", "user", "group", "umask",
		"script", "options", "driver", "worker",
	}
	limitKeys = []string{
		"memory", "swap", "pids", "cpus", "cpuweight", "iomax", "ioweight", "nofile", "fsize", "core", "mode",
	}

	// schemeKeys are those of one way to check a scheme after the other; the first of
	// each begins it.
	schemeKeys = []string{
		"keys", "keysfile", "keysenv", "htpasswd", "jwks", "issuer", "audience", "algorithms", "leeway",
		"hmac", "secretfile", "secretenv", "tolerance", "clients",
	}

	atTop       = place{"at the top of the file", topKeys}
	inOperation = place{"in an operation", slices.Concat(operationKeys, []string{"inject", "limits"})}
	inInject    = place{"in inject", injectKeys}
	inLimits    = place{"in limits", limitKeys}
	inDefaults  = place{"in defaults", slices.Concat(operationKeys, injectKeys, limitKeys)}
	inScheme    = place{"of a security scheme", schemeKeys}
	inTLS       = place{"in tls", []string{"cert", "key", "clientca", "minversion"}}
	inCgroup    = place{"in cgroup", []string{"mode", "parent"}}
	inWorker    = place{"in worker", []string{"min", "max", "maxrequests", "maxage", "maxmemory", "boottimeout"}}

	verbs = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}
)

// spellings are the keys that may be written in two ways.
var spellings = map[string]string{
	"validate-in": "validatein", "validate-out": "validateout", "log-stdout": "logstdout",
}

// entry is a key with its value, as it stands in the file.
type entry struct {
	written string // the key as the user spelled it
	line    int    // of the key
	value   *node
}

// keysOf returns the keys of a map under their first spelling. Keys that do not
// belong there are reported, as are the two spellings of one.
func keysOf(m *node, where place, c *collector) map[string]entry {
	found := make(map[string]entry, len(m.pairs))
	for _, p := range m.pairs {
		key := p.key
		if first, other := spellings[key]; other {
			key = first
		}
		if !slices.Contains(where.keys, key) {
			c.fault(p.line, "unknown key %q %s%s", p.key, where.name, meant(p.key, where))
			continue
		}
		have, twice := found[key]
		switch {
		case !twice:
			found[key] = entry{p.key, p.line, p.value}
		case p.merged || have.written == p.key: // an explicit key wins; the same spelling twice is reported already
		default:
			c.fault(p.line, "%s and %s (line %d) are two spellings of one key: leave one out", p.key, have.written, have.line)
		}
	}
	return found
}

// meant says what an unknown key was probably meant to be.
func meant(key string, where place) string {
	plain := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(key))
	if slices.Contains(where.keys, plain) {
		return ": write " + plain
	}
	for _, other := range []place{inOperation, inInject, inLimits, atTop} {
		if slices.Contains(other.keys, plain) {
			advice := ": it belongs " + other.name
			if slices.Equal(where.keys, atTop.keys) && slices.Contains(inDefaults.keys, plain) {
				advice += ", or in defaults for all operations"
			}
			return advice
		}
	}
	if near := suggest.Nearest(plain, where.keys); near != "" {
		return ": did you mean " + near + "?"
	}
	return ": the keys here are " + strings.Join(where.keys, ", ")
}
