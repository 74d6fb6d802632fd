//! Real agents on loopback: what an operator does and sees.

mod clients;
mod config_files;
mod consul_failures;
mod growth;
mod guide;
mod kept;
mod moved;
mod refusals;
mod replacement;
mod sources;
mod storage;
