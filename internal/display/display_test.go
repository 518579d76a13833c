package display

import (
	"testing"
	"time"
)

func TestDisplay(t *testing.T) {
	for got, want := range map[string]string{
		Duration(time.Minute): "1m", Duration(90 * time.Minute): "1h30m", Duration(10 * time.Second): "10s", Duration(time.Hour): "1h",
		Duration(20 * time.Minute): "20m", Duration(time.Millisecond): "1ms", Duration(65 * time.Second): "1m5s", Duration(10 * time.Hour): "10h",
		Size(0, " "): "0 B", Size(1023, ""): "1023B", Size(1024, ""): "1.0KiB", Size(640<<10, " "): "640 KiB", Size(5_452_595, ""): "5.2MiB", Size(3<<30, ""): "3.0GiB",
		Command([]string{"sh", "-c", "a b", "", `it's`}): `sh -c "a b" "" "it's"`, Command(nil): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
