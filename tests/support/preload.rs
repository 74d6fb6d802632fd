//! Small libraries that are put before libc's own, for one agent.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::World;

/// The variable that names such a library to the loader.
pub(crate) const VARIABLE: &str = "LD_PRELOAD";

/// Compiles `tests/support/<name>.c`: a C compiler is what Rust links with.
pub(crate) fn compile(world: &World, name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/support/{name}.c"));
    let library = world.path(&format!("{name}.so"));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(compiled.success());
    library
}
