// Package family knows how processes descend from each other: which child can
// be reaped, who descends from whom, and how to signal one of them without ever
// hitting another process that has got its pid. It reads /proc as it is and
// keeps nothing.
package family
