// Package guard says who may call an operation: it holds the credentials of a request
// against what the document demands and what the operator has set up. It knows requests
// and credentials, and neither the document's format, nor the configuration's, nor
// processes.
//
// # What it promises
//
//   - A [Rule] is OpenAPI's: a list of alternatives of which one is to be met, each a
//     list of schemes that are all to be met. An alternative without schemes is met by
//     everybody.
//   - Nothing is let in by an error: what cannot be checked is not met, and the caller
//     is told that it is not his fault (500).
//   - Who is let in has a name, if his credentials have one: that of the first scheme, in
//     the order of the configuration, that gives one.
//   - A [Refusal] is 401 with the challenges that RFC 9110 and RFC 6750 demand, 403 where
//     the credentials are good and not enough, and tells in words of our own what is
//     missing. No value that was sent or is kept here is in it, or in any error or
//     log line.
//   - A header, parameter or cookie that carries credentials counts only if it was sent once.
//   - Secrets are compared in constant time: keys by their digests, each with all of them.
//   - Files are followed (package follow): what was renewed counts within seconds, and what
//     cannot be read leaves the last good state in force.
//
// # Schemes and methods
//
//	apiKey                       [Keys]; [Signatures] in a header
//	http basic                   [Passwords]
//	http bearer, oauth2,
//	openIdConnect                [Tokens], [Keys]
//	mutualTLS                    [Certificates]
//	any                          [Upstream]: a proxy checks it
//
// A signature is over the body. So what goes by it is judged in two steps: [Rule.Check]
// wants everything that can be told without the body, a signature of the right form
// included, and [Visitor.CheckBody] the rest once the body is there.
//
// # What it does not promise
//
// An alternative of schemes that a proxy checks is taken as met. Nothing is counted:
// who guesses keys or passwords is not locked out (passwords are slow to check, and only so
// many at a time). A certificate or token that was withdrawn before its time is good until
// then.
package guard
