//! Exhaustive searches over the pure rooms: the real code, every interleaving up to a bound.

mod bootstrap;
mod join;
