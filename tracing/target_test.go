package tracing

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// setEnvironment leaves nothing of OpenTelemetry in the environment but this.
func setEnvironment(t *testing.T, entries ...string) {
	t.Helper()
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for _, e := range entries {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
}

var options = Options{Service: "pets", Version: "1.2.3", Logger: slog.New(slog.DiscardHandler)}

// Without an endpoint, or with a word that none is wanted, nothing is made.
func TestNothingWanted(t *testing.T) {
	const to = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
	for name, entries := range map[string][]string{
		"nothing said":      nil,
		"other things said": {"OTEL_SERVICE_NAME=x", "OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_TRACES_SAMPLER=always_on"},
		"an empty endpoint": {"OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT= "},
		"disabled":          {to, "OTEL_SDK_DISABLED=True"},
		"no exporter":       {to, "OTEL_TRACES_EXPORTER=none"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, entries...)
			if e, err := New(options); e != nil || err != nil {
				t.Errorf("%v, %v", e, err)
			}
			if err := Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the SDK would replace by a default of its own is refused, by name.
func TestRefusedSettings(t *testing.T) {
	const to = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
	for name, c := range map[string]struct {
		entries  []string
		variable string
	}{
		"no scheme":           {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"an address":          {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"no host":             {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"no URL":              {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://%zz"}, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"a file":              {[]string{to, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=file:///x"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
		"another exporter":    {[]string{to, "OTEL_TRACES_EXPORTER=zipkin"}, "OTEL_TRACES_EXPORTER"},
		"gRPC":                {[]string{to, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"gRPC for the traces": {[]string{to, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, c.entries...)
			for _, err := range []error{func() error { _, err := New(options); return err }(), Check()} {
				var wrong *SettingError
				if !errors.As(err, &wrong) || wrong.Variable != c.variable || wrong.Unbuilt || !strings.HasPrefix(err.Error(), c.variable+": ") {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// A program without the tag says what it lacks.
func TestAskedWithoutTheTag(t *testing.T) {
	setEnvironment(t, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1/v1/traces")
	err := Check()
	if built {
		if err != nil {
			t.Error(err)
		}
		return
	}
	for _, err := range []error{err, func() error { _, err := New(options); return err }()} {
		var wrong *SettingError
		if !errors.As(err, &wrong) || !wrong.Unbuilt || wrong.Variable != "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" || !strings.Contains(err.Error(), "make build TAGS=otel") {
			t.Errorf("%v", err)
		}
	}
}
