//! The `bootstrap` room.
