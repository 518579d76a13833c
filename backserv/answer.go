package backserv

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/urocket/urocket/processctl/spool"
	"github.com/urocket/urocket/visor"
)

// An answer tells whoever asked what happened, and what would be right: its
// reader is the author of a script, looking at the output of curl.
type answer struct {
	status int
	text   string
	allow  string // of a 405
	close  bool   // the connection is not fit for another request
}

var (
	accepted = answer{status: http.StatusOK, text: "ok"}

	noID = answer{status: http.StatusBadRequest, text: "no request id in the URL: post to /urhttp/ and the value of the environment variable REQUEST_ID.\n" +
		"In PHP read it with getenv('REQUEST_ID'): Debian's PHP leaves $_ENV empty.\n"}

	unknownID = answer{status: http.StatusNotFound, text: "no call has this request id, or it ended more than 60 s ago.\n" +
		"Post to /urhttp/ and the value of the environment variable REQUEST_ID, as it is.\n"}

	nowhere = answer{status: http.StatusNotFound, text: "nothing is served at this path: replies go to /urhttp/ and the value of the environment variable REQUEST_ID.\n"}

	nothing = answer{status: http.StatusNotFound, text: "nothing is served at this path.\n"}

	notAReply = answer{status: http.StatusMethodNotAllowed, allow: "POST, PUT", text: "a reply is sent with POST or PUT:\n" +
		"curl --unix-socket \"$UROCKET_SOCKET\" -d '{\"hello\":true}' \"http://internal/urhttp/$REQUEST_ID\"\n"}

	onlyGet = answer{status: http.StatusMethodNotAllowed, allow: "GET, HEAD", text: "this is for reading: ask with GET.\n"}

	getOrDelete = answer{status: http.StatusMethodNotAllowed, allow: "GET, HEAD, DELETE", text: "ask for a call with GET, and end it with DELETE.\n"}

	terminating = answer{status: http.StatusAccepted, text: "SIGTERM is sent; what is left after the operation's grace gets SIGKILL.\n"}

	killing = answer{status: http.StatusAccepted, text: "SIGKILL is sent.\n"}

	alreadyAnswered = answer{status: http.StatusConflict, text: "this call is already answered: only the first reply counts.\n"}

	notHere = answer{status: http.StatusConflict, text: "this operation does not reply on the socket: its answer is what the process prints or how it ends.\n" +
		"Set `reply: socket` for it to answer here.\n"}

	foreign = answer{status: http.StatusForbidden, text: "only a process of this request may reply to it (replyfrom: process), and yours is not, or it had ended already:\n" +
		"wait for this answer before you exit.\n"}

	stalled = answer{status: http.StatusRequestTimeout, close: true, text: "the reply made no progress for 30 s and was given up. The request is still open.\n"}

	notKept = answer{status: http.StatusInternalServerError, text: "urocket could not keep the reply; its log says why. The request is still open.\n"}

	notShown = answer{status: http.StatusNotFound, text: "no call has this request id, or it ended more than 60 s ago.\n"}

	internal = answer{status: http.StatusInternalServerError, text: "urocket failed; its log says how.\n"}

	// brokenOff is answered to nobody: the sender has gone.
	brokenOff = answer{}
)

func badReply(err error) answer {
	return answer{status: http.StatusBadRequest, text: oneLine(err.Error()) + "\nThe request is still open for a better reply.\n"}
}

func tooLarge(max int64) answer {
	return answer{status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the reply is larger than maxbody, %d bytes.\nThe request is still open for a smaller one.\n", max)}
}

// refusal is the answer for an error of the visor.
func refusal(err error) answer {
	var gone *visor.GoneError
	var refused *visor.RefusedError
	var storage *spool.StorageError
	switch {
	case errors.As(err, &storage): // also where the validation came upon it
		return notKept
	case errors.Is(err, visor.ErrUnknown):
		return unknownID
	case errors.Is(err, visor.ErrAnswered):
		return alreadyAnswered
	case errors.Is(err, visor.ErrNotHere):
		return notHere
	case errors.Is(err, visor.ErrForeign):
		return foreign
	case errors.As(err, &gone):
		return answer{status: http.StatusGone, text: oneLine(gone.Error()) + " (" + gone.End.String() + ").\n" + consequences[gone.End]}
	case errors.As(err, &refused):
		return answer{status: http.StatusUnprocessableEntity, text: "the reply does not match the OpenAPI document (validateout): " + oneLine(refused.Error()) +
			"\nThe request is still open for a better reply.\n"}
	}
	return notKept
}

// consequences say what the caller was told in place of the reply, and what
// could be done about it.
var consequences = map[visor.End]string{
	visor.EndExit:     "The caller got 502 or a report: reply before the process ends, or set `onexit: wait`.\n",
	visor.EndTimeout:  "The caller got 504: reply earlier, or raise `timeout`.\n",
	visor.EndOOM:      "The caller got 502: use less, or raise `limits.memory`.\n",
	visor.EndDraining: "The caller got 503.\n",
}

// oneLine makes a line of s that can be printed on a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
