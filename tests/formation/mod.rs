//! Real agents on loopback: what an operator does and sees.

mod autopilot;
#[cfg(feature = "aws")]
mod chaos;
mod clients;
mod clusters;
mod config_files;
mod consul_failures;
mod damaged_snapshots;
mod discover;
mod growth;
mod guide;
mod herd;
mod hostile;
mod identity;
mod kept;
mod long;
mod moved;
mod operator;
mod pair;
mod partition;
mod plain_sources;
mod recovery;
mod recovery_faults;
mod recovery_peers;
mod refresh;
mod refusals;
mod removed;
mod replacement;
mod rounds;
mod service_manager;
mod sources;
mod stopping;
mod storage;
mod watching;
mod why;
mod wiped;
