package measure

// A Sample is one row at one number of connections in one round.
type Sample struct {
	Rate    float64 `json:"rate"`               // answers per second
	P50     float64 `json:"p50_ms"`             // how long an answer took, milliseconds
	P99     float64 `json:"p99_ms"`             //
	Alone   float64 `json:"alone_ms,omitempty"` // how long an answer took when nothing of the call before still ran, median, milliseconds; 0: not known
	CPU     float64 `json:"cpu_us"`             // processor time of the server and all it started per answer, microseconds; 0: not known
	RSS     float64 `json:"rss_mib,omitempty"`  // resident memory of the server's own processes at the end, MiB
	Foreign float64 `json:"foreign"`            // share of all processor time that went to others meanwhile, or was stolen by the host: 0 to 1
	Err     string  `json:"err,omitempty"`      // why it is no figure
}

// Best is the fastest of several samples that are no errors. If all are, it is the
// last of them.
func Best(of ...Sample) (best Sample) {
	for _, s := range of {
		if best.Err != "" || best.Rate == 0 || s.Err == "" && s.Rate > best.Rate {
			best = s
		}
	}
	return best
}
