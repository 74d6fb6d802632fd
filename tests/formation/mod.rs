//! Real agents on loopback: what an operator does and sees.

mod clients;
mod clusters;
mod config_files;
mod growth;
mod guide;
mod hostile;
mod identity;
mod kept;
mod partition;
mod refusals;
mod sources;
