package tracing

import (
	"net/url"
	"os"
	"strings"
)

// Variables that say where to. The first one counts alone.
const (
	tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	anyEndpoint    = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// SettingError says which variable of the environment cannot be followed.
type SettingError struct {
	Variable string // "": the SDK does not say
	Reason   string
	Unbuilt  bool // this program cannot export at all
}

func (e *SettingError) Error() string {
	if e.Variable == "" {
		return "traces: " + e.Reason
	}
	return e.Variable + ": " + e.Reason
}

// target is where spans are to be sent.
type target struct {
	variable string // that names it
	url      *url.URL
}

// findTarget reads what the SDK leaves to the program, or passes over in silence: an
// endpoint that is none, for example, it takes for its default. nil: nothing is wanted.
func findTarget() (*target, error) {
	name := tracesEndpoint
	if setting(name) == "" {
		name = anyEndpoint
	}
	value := setting(name)
	if value == "" || strings.EqualFold(setting("OTEL_SDK_DISABLED"), "true") || setting("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	if x := setting("OTEL_TRACES_EXPORTER"); x != "" && x != "otlp" {
		return nil, &SettingError{Variable: "OTEL_TRACES_EXPORTER", Reason: "is neither otlp nor none"}
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, &SettingError{Variable: name, Reason: "is not the URL of a collector, such as http://127.0.0.1:4318"}
	}
	return &target{variable: name, url: u}, checkProtocol()
}

// checkProtocol refuses what is not spoken here.
func checkProtocol() error {
	name := "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	if setting(name) == "" {
		name = "OTEL_EXPORTER_OTLP_PROTOCOL"
	}
	switch setting(name) {
	case "", "http/protobuf", "http/json":
		return nil
	}
	return &SettingError{Variable: name, Reason: "is neither http/protobuf nor http/json; gRPC is not spoken: collectors take HTTP on port 4318"}
}

func setting(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// unbuilt says that spans are wanted of a program that has none.
func (t *target) unbuilt() error {
	return &SettingError{
		Variable: t.variable, Unbuilt: true,
		Reason: "asks for traces, which this urocket was built without: build it by `make build TAGS=otel`, or set OTEL_SDK_DISABLED=true",
	}
}
