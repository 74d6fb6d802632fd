//! The tests of the whole, in one binary.

// `cfg(test)` tells clippy that helpers may unwrap and index like the tests that they serve.
#[cfg(test)]
mod model;
