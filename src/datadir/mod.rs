//! The `datadir` room.
