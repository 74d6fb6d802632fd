//! What the runs came to: each is searched once, however many tests look at it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::runs::{LARGE, SMALL};
use super::search::{Searched, search};
use super::world::Setup;

type Results = BTreeMap<&'static str, Arc<OnceLock<Searched>>>;

/// What was searched so far.
static RESULTS: Mutex<Results> = Mutex::new(BTreeMap::new());

/// The setup of a run.
fn setup(name: &str) -> (&'static str, &'static Setup) {
    let mut runs = SMALL.iter().chain(&LARGE);
    let found = runs.find(|run| run.0 == name);
    let (name, setup) = found.unwrap_or_else(|| panic!("no run is called {name}"));
    (name, setup)
}

/// Searches a run, prints its count, and wants nothing broken and nothing stuck.
pub(super) fn holds(name: &str) -> Arc<OnceLock<Searched>> {
    let (name, setup) = setup(name);
    let cell = {
        let mut results = RESULTS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(results.entry(name).or_default())
    };
    let searched = cell.get_or_init(|| {
        let began = std::time::Instant::now();
        let searched = search(setup);
        println!(
            "{:>9} states, {:>6} ms: {name}",
            searched.states,
            began.elapsed().as_millis()
        );
        searched
    });
    assert_eq!(searched.broken, None, "{name}");
    assert_eq!(searched.stuck, None, "{name}");
    cell
}
