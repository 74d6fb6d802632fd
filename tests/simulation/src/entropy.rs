//! Chance by a seed, for all of the process: the system's source of randomness is replaced.
//!
//! Everything here that is random asks the system for a seed in the end: `rand`, the hash maps of
//! the standard library, tokio's `select!`, openraft. With this function in its place a process that
//! runs on one thread does the same thing every time.

use std::sync::atomic::{AtomicU64, Ordering};

static STATE: AtomicU64 = AtomicU64::new(0);

/// Says which chance the process has from now on. To be called before anything is random.
pub fn seed(seed: u64) {
    STATE.store(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), Ordering::SeqCst);
}

/// A generator whose values follow from the seed and a name.
pub fn rng(name: u64) -> rand::rngs::StdRng {
    use rand::SeedableRng as _;
    rand::rngs::StdRng::seed_from_u64(STATE.load(Ordering::SeqCst) ^ name.rotate_left(32))
}

/// The next word of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
/// Generators, 2014, figure 17).
fn next() -> u64 {
    let state = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
    let mut word = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Takes the place of the C library's function of this name.
#[expect(
    unsafe_code,
    reason = "the name must be the C library's, and the buffer comes as a pointer"
)]
#[unsafe(no_mangle)]
extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: the caller of getrandom(2) owns `length` writable bytes at `buffer`.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    for chunk in bytes.chunks_mut(8) {
        let word = next().to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    isize::try_from(length).unwrap_or(isize::MAX)
}
