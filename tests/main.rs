//! The one test binary of the tree.

mod model;
