//! Exhaustive search over the pure rooms: every interleaving up to a bound.

mod join;
