package backserv

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/urocket/urocket/processctl/worker"
)

func TestPoolAsDocumented(t *testing.T) {
	p := NewPool("/x", "GET", 2, worker.Stats{
		Min: 1, Max: 4, Alive: 3, Busy: 2, Booting: 1, Ending: 1, Failing: errors.New("why"), Waiting: 1,
		Outcomes: map[worker.Outcome]int64{worker.Answered: 7, worker.TimedOut: 1}, Ends: map[worker.Reason]int64{worker.ReasonTimeout: 1},
		Executed: 8, Time: 20 * time.Millisecond, Under: []int64{6, 0, 2, 0, 0, 0, 0, 0, 0, 1},
	})
	got, err := json.Marshal(p)
	const want = `{"path":"/x","method":"GET","min":1,"max":4,"alive":3,"busy":2,"booting":1,"ending":1,"failing":"why","queued":3,` +
		`"requests":{"answered":7,"timeout":1},"ends":{"timeout":1},"executed":{"count":8,"total_ms":20,"mean_ms":2.5,"under":[` +
		`{"ms":1,"count":6},{"ms":5,"count":0},{"ms":10,"count":2},{"ms":50,"count":0},{"ms":100,"count":0},{"ms":500,"count":0},{"ms":1000,"count":0},` +
		`{"ms":5000,"count":0},{"ms":10000,"count":0},{"ms":null,"count":1}]}}`
	if err != nil || string(got) != want {
		t.Errorf("%s (%v)\nwant %s", got, err, want)
	}
}
