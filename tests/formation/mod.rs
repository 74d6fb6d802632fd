//! Real agents on loopback: what an operator does and sees.

mod clients;
mod config_files;
mod growth;
mod guide;
mod kept;
mod operator;
mod recovery;
mod recovery_peers;
mod refusals;
mod sources;
