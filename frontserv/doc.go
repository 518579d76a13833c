// Package frontserv is the public HTTP edge: an OpenAPI document and a list of
// routes become an [http.Handler] that starts a process for each request and
// answers with what the process has to say.
//
// A request passes these stages, in this order; each may end it with a problem
// (RFC 9457), which is made here and nowhere else:
//
//	sizes      414, 431
//	route      404, 405, 501; the document's path first, the verb second
//	security   401, 403; who may call is for package guard to say, which see
//	body       413, 408; taken whole, on disk when it is large
//	signature  401; of a body that has to have one
//	payload    400 not-json; the bytes that the process is given
//	validation 400, 415; against the document
//	arguments  413, 400; what execve(2) would not take
//	a place    429, 503; see package visor
//	start      500
//	the answer the reply; or 499, 502, 503, 504
//
// Whatever comes from a request reaches the process as one argument, one
// variable, or bytes on its standard input or in a file, never as code, as a path
// or as the name of anything. Whatever goes back in a problem is our own words: no
// path, no argument, no variable and nothing that a script wrote.
//
// The sub-packages hold what stands on its own: router finds the operation,
// apidoc knows the document, guard checks credentials, payload makes JSON of forms and
// parameters, follow keeps what was read from files up to date, certificate is that for TLS.
package frontserv
