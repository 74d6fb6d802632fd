//! What one call survives.
