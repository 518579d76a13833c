// Package check holds the manifests beside it against the types of the Kubernetes API:
// it builds each overlay as `kubectl apply -k` does, refuses fields that the API does
// not know, and looks at what the API would accept and would still not work, from
// ports that nobody has to a grace period that is shorter than urocket's own.
//
// It is a module of its own: urocket itself does not depend on Kubernetes.
package check
