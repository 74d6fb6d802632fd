//! A line of each code.

use crate::types::Reason;

/// Each code with a line that it was told in.
pub(super) const EXAMPLES: &[(Reason, &str)] = &[
];
