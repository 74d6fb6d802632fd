//! The crate's doors, seen from outside, with providers that need no vendor.
