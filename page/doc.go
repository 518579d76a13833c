// Package page is the page of a urocket at work, for whoever looks after it: the
// operations, what runs now and what it costs, how the last calls ended and what
// they wrote, and a button that ends one.
//
//	p := page.New(page.Options{…})
//	p.Adopt(operations)       // a configuration is in force
//	p.Count(page.Call{…})     // a call is over
//	server.Handler = p.Handler(others)
//	p.Close()                 // before the server is shut down
//
// # What is shown
//
// The page is made here, whole, by html/template: it can be read where no script
// runs. A small script of its own then keeps it up to date with what comes as
// server-sent events, and puts it in place as text, never as markup. Forms and
// links work without it.
//
// What a script wrote is hostile until the opposite is proved, which it is not.
// It is text wherever it stands, with control characters and those that turn the
// direction of text replaced by signs. The page may load nothing but its own two
// files, run no script in the text, be in no frame, and post to nobody else
// (Content-Security-Policy).
//
// # Who may see it
//
// What scripts print is nobody's business but the operator's, and so is the
// button. The admin listener asks nobody who he is, so the page does:
//
//   - The connection has to come from this machine. The kernel's table of
//     connections tells whose the other end is.
//   - It has to be root's or urocket's own user's, and of no process that serves
//     a request: the rule that /urprocs has on the unix socket. Or it has a key,
//     which who passes that rule can have there ([Page.Link]).
//   - The request has to be for a name that no stranger's DNS can point here: an
//     address of this machine, or localhost. Else a page from elsewhere could
//     have a browser read this one (DNS rebinding).
//   - What ends a call has to come from this page: a POST with the token that
//     stands in it, and with no Origin or Sec-Fetch-Site that says otherwise.
//
// What cannot be found out is refused, with a text that says what to do instead.
//
// # What it costs
//
// A call that is over takes a lock for as long as it takes to keep a pointer to
// its record. Kept are the last 100 calls, and the last 50 that went wrong, which
// a crowd of others so cannot push out: with 4 KiB of each stream that is
// 1.2 MiB at most.
//
// While nobody watches nothing else is done. Who watches is told of what has
// changed once a second, and sooner of a call's end; all of them are served from
// one look at the calls. At most 16 may watch. Nothing is queued for them: who is
// slow gets what is true when he is ready, and is cut off when he takes nothing
// for 10 s. Close ends their streams.
package page
