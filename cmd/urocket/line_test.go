package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Each line is the one that slog itself writes.
func TestLinesAreThoseOfSlog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns"))
		if rapid.Bool().Draw(t, "utc") {
			at = at.UTC()
		}
		r := slog.NewRecord(at, slog.Level(rapid.IntRange(-5, 9).Draw(t, "level")), text.Draw(t, "message"), 0)
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			r.AddAttrs(slog.Attr{Key: text.Draw(t, "key"), Value: value.Draw(t, "value")})
		}
		same(t, r)
	})
}

func TestUsualLinesAreThoseOfSlog(t *testing.T) {
	for _, r := range []slog.Record{
		{},
		slog.NewRecord(time.Time{}, slog.LevelInfo, "x", 0),
		slog.NewRecord(time.Now(), slog.LevelWarn, "a & b <c>", 0),
	} {
		same(t, r)
		r.AddAttrs(slog.Int("status", 200), slog.Float64("wall", 0.001), slog.Float64("cpu", 12), slog.Float64("zero", math.Copysign(0, -1)), slog.Bool("oom", true))
		same(t, r)
	}
}

func same(t interface {
	Errorf(string, ...any)
	Helper()
}, r slog.Record,
) {
	t.Helper()
	var got, want bytes.Buffer
	gerr := newLineHandler(&got, nil).Handle(context.Background(), r)
	werr := slog.NewJSONHandler(&want, nil).Handle(context.Background(), r)
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	var direct bytes.Buffer
	derr := newLineHandler(&direct, nil).HandleLine(context.Background(), r.Time, r.Level, r.Message, attrs)
	if direct.String() != want.String() || (derr == nil) != (werr == nil) {
		t.Errorf("%s instead of\n%s%v %v", direct.Bytes(), want.Bytes(), derr, werr)
	}
	if got.String() != want.String() || (gerr == nil) != (werr == nil) {
		t.Errorf("%s instead of\n%s%v %v", got.Bytes(), want.Bytes(), gerr, werr)
	}
}

var text = rapid.OneOf(rapid.StringMatching(`[ -~]{0,9}`), rapid.StringMatching(`[a-z_]{1,9}`), rapid.String())

var value = rapid.OneOf(
	rapid.Map(text, slog.StringValue),
	rapid.Map(rapid.Int64(), slog.Int64Value),
	rapid.Map(rapid.Uint64(), slog.Uint64Value),
	rapid.Map(rapid.Bool(), slog.BoolValue),
	rapid.Map(rapid.Float64(), slog.Float64Value),
	rapid.Map(rapid.Int64Range(0, 1<<50), func(us int64) slog.Value { return slog.Float64Value(float64(us) / 1000) }),
	rapid.Map(text, func(s string) slog.Value { return slog.AnyValue(errors.New(s)) }),
	rapid.Map(text, func(s string) slog.Value { return slog.AnyValue([]string{s}) }),
	rapid.Map(text, func(s string) slog.Value { return slog.GroupValue(slog.String(s, s)) }),
)

func BenchmarkLine(b *testing.B) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	for _, name := range strings.Fields("wall utime stime queue spawn cpu") {
		r.AddAttrs(slog.Float64(name, 1.234))
	}
	for _, name := range strings.Fields("request_id method path end") {
		r.AddAttrs(slog.String(name, "0f5f1e3e-7d0e-4c7b-8a55-0b7a4f1f6c11"))
	}
	r.AddAttrs(slog.Int("status", 200), slog.Int("exit", 0), slog.Int("stdout", 0), slog.Int("stderr", 0))
	for name, h := range map[string]slog.Handler{"own": newLineHandler(discard{}, nil), "slog": slog.NewJSONHandler(discard{}, nil)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = h.Handle(context.Background(), r)
			}
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
