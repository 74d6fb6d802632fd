//! Real agents on loopback: what an operator does and sees.

mod clients;
mod config_files;
mod growth;
mod guide;
mod kept;
mod recovery;
mod refusals;
mod sources;
