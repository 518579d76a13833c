// Package measure keeps what was measured, and says what it comes to.
//
// A [Sample] is one row under one load in one round. [Results] are all samples of
// a run. Two things make its figures worth comparing on a machine that others use
// too: every row runs once in every round, so that what disturbs one disturbs its
// neighbours, and a row's share of its limit is taken within a round before the
// median is.
package measure
