package config

// The shapes of values, for the schema: what scope.go reads. A test holds both against
// the same files.

var (
	aText    = schema{"type": []string{"string", "number"}} // 33 may be the number of a group, or a name
	aBoolean = schema{"type": "boolean"}
	aTime    = schema{"anyOf": []any{
		schema{"type": "number", "minimum": 0},
		schema{"type": "string", "pattern": `^(0|[1-9][0-9]*(\.[0-9]+)?|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`},
	}}
	aTimeout = schema{"anyOf": []any{
		schema{"type": "number", "exclusiveMinimum": 0},
		schema{"type": "string", "pattern": `^(none|[1-9][0-9]*(\.[0-9]+)?|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`, "not": schema{"pattern": `^([0.]+[a-zµμ]+)+$`}},
	}}
	aMode     = aMatch(`^(0o?)?[0-7]{3}$`)
	aPath     = schema{"type": "string", "minLength": 1}
	aVariable = aMatch(`^[A-Za-z_][A-Za-z0-9_]*$`)
	aName     = schema{"anyOf": []any{aText, schema{"type": "array", "minItems": 1, "items": aText}}} // or several
)

// aWhole is a number from least to most; most 0: any.
func aWhole(least, most int) schema {
	s := schema{"type": "integer", "minimum": least}
	if most > 0 {
		s["maximum"] = most
	}
	return s
}

func aSize(least int) schema {
	return schema{"anyOf": []any{
		schema{"type": "integer", "minimum": least},
		schema{"type": "string", "pattern": `^(0|[1-9][0-9]*)([TGMK]iB|[TGMkK]B|B)?$`},
	}}
}

// aWord is one of a few; the first is the default.
func aWord[T ~string](words ...T) schema { return schema{"type": "string", "enum": words} }

// aMatch is a text of a form.
func aMatch(pattern string) schema { return schema{"type": "string", "pattern": pattern} }

// aList is a list of texts of a form.
func aList(pattern string) schema { return schema{"type": "array", "items": aMatch(pattern)} }

const anAddress = `^([^ /]*):[0-9]{1,5}$`

// shapeTable are the values of the keys. No two places have a key in different shapes,
// but for the mode of cgroup, which is written out.
var shapeTable = map[string]schema{
	"servicename": {"type": []string{"string", "number"}, "pattern": serviceNameForm.String(), "maxLength": maxName},
	"port":        aWhole(1, 65535),
	"listen":      aMatch(anAddress),
	"socketpath":  {"type": "string", "minLength": 1},
	"socketmode":  aMode,
	"socketgroup": aText,
	"openapi":     {"type": "string", "minLength": 1},
	"basepath":    aMatch(`^(/[^?#{}]*)?$`),
	"admin":       aMatch(anAddress),
	"security": {"anyOf": []any{
		aWord(SecurityUpstream),
		schema{"type": "object", "additionalProperties": schema{"anyOf": []any{aWord(SecurityUpstream), schema{"$ref": "#/definitions/scheme"}}}},
	}},
	"tls":       {"$ref": "#/definitions/tls"},
	"maxbody":   aSize(1),
	"running":   aWhole(1, 0),
	"queued":    aWhole(0, 0),
	"queuewait": aTime,
	"drain":     aTime,
	"cgroup": {"anyOf": []any{
		aWord(CgroupAuto, CgroupRequired, CgroupOff),
		schema{
			"type": "object", "additionalProperties": false,
			"properties": schema{"mode": aWord(CgroupAuto, CgroupRequired, CgroupOff), "parent": aMatch("^/")},
		},
	}},
	"defaults": {"anyOf": []any{schema{"$ref": "#/definitions/defaults"}, schema{"type": "null"}}},
	"paths":    {"type": []string{"object", "null"}, "patternProperties": schema{"^/": schema{"$ref": "#/definitions/path"}}, "additionalProperties": false},

	"validatein":   aBoolean,
	"validateout":  aBoolean,
	"reply":        aWord(ReplySocket, ReplyStdout, ReplyCGI, ReplyReport),
	"contenttype":  aMatch("^[^/ ]+/[^/ ]+"),
	"onexit":       aWord(ExitFail, ExitReport, ExitWait),
	"replyfrom":    aWord(FromAnyone, FromProcess),
	"logstdout":    aBoolean,
	"stats":        aBoolean,
	"statswait":    aTime,
	"ondisconnect": aWord(DisconnectContinue, DisconnectKill),
	"inject":       {"anyOf": []any{schema{"$ref": "#/definitions/inject"}, schema{"type": "null"}}},
	"limits":       {"anyOf": []any{schema{"$ref": "#/definitions/limits"}, schema{"type": "null"}}},

	"wd":      {"type": "string", "minLength": 1},
	"env":     aList(`^[A-Za-z_][A-Za-z0-9_]*=`),
	"passenv": aList(`^[A-Za-z_][A-Za-z0-9_]*\*?$`),
	"cmd": {"anyOf": []any{
		schema{"type": "string", "minLength": 1},
		schema{"type": "array", "minItems": 1, "items": schema{"type": []string{"string", "number", "boolean", "null"}}},
	}},
	"channel":  aWord(ChannelCmdline, ChannelStdin, ChannelFile),
	"encoding": aWord(EncodingJSON, EncodingRaw),
	"timeout":  aTimeout,
	"grace":    aTime,
	"tmpdir":   aWord(TmpInherit, TmpOwn),
	"user":     aText,
	"group":    aText,
	"umask":    aMode,
	"script":   {"type": "string", "minLength": 1},
	"options":  aWord(OptionsRefuse, OptionsAllow),
	"driver":   aWord(DriverSpawn, DriverFork, DriverWorker),
	"worker":   {"$ref": "#/definitions/worker"},

	"memory":    aSize(minMemory),
	"swap":      aSize(0),
	"pids":      aWhole(1, 0),
	"cpus":      {"type": "number", "minimum": 0.01},
	"cpuweight": aWhole(1, 10_000),
	"iomax":     aList(ioMaxForm.String()),
	"ioweight":  aWhole(1, 10_000),
	"nofile":    aWhole(minNoFile, 0),
	"fsize":     aSize(0),
	"core":      aSize(0),
	"mode":      aWord(LimitEnforce, LimitBestEffort),

	"keys":       aList(`.`),
	"keysfile":   aPath,
	"keysenv":    aVariable,
	"htpasswd":   aPath,
	"jwks":       aPath,
	"issuer":     aText,
	"audience":   aName,
	"algorithms": {"type": "array", "minItems": 1, "items": schema{"enum": algorithms}},
	"leeway":     aTime,
	"hmac":       aWord(HMACGitHub, HMACStripe),
	"secretfile": aPath,
	"secretenv":  aVariable,
	"tolerance":  aTime,
	"clients":    aName,

	"cert":       aPath,
	"key":        aPath,
	"clientca":   aPath,
	"minversion": {"enum": []any{1.2, 1.3, "1.2", "1.3"}},

	"min":         aWhole(0, 0),
	"max":         aWhole(1, 0),
	"maxrequests": aWhole(1, 0),
	"maxage":      aTime,
	"maxmemory":   aSize(minMemory),
	"boottimeout": aTime,
}
