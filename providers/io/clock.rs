//! Time and chance, of the system or made up.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::BoxFuture;

/// A clock.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time of day, for signatures, dates in headers and the age of files.
    fn now(&self) -> SystemTime;

    /// The time since some beginning; never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()>;

    /// A number between zero and one, for jitter.
    fn chance(&self) -> f64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        BEGINNING.elapsed()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(pause))
    }

    fn chance(&self) -> f64 {
        // The standard library seeds this from the system, and changes it each time.
        let bits = RandomState::new().hash_one(0_u8);
        let thousandths = u16::try_from(bits % 1_001).unwrap_or_default();
        f64::from(thousandths) / 1_000.0
    }
}

/// A clock that stands still until somebody waits for it, and then jumps. Clones share the time.
#[derive(Debug, Clone, Default)]
pub struct FakeClock {
    millis: Arc<AtomicU64>,
}

impl FakeClock {
    /// 2026-01-01 00:00:00 UTC, at which every fake clock begins.
    pub const BEGINNING: Duration = Duration::from_hours(490_896);
}

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Self::BEGINNING + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.millis.fetch_add(millis, Ordering::Relaxed);
        Box::pin(tokio::task::yield_now())
    }

    /// Always one: the longest pause.
    fn chance(&self) -> f64 {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fake_clock_jumps_when_somebody_waits() {
        let clock = FakeClock::default();
        let other = clock.clone();
        clock.sleep(Duration::from_hours(1)).await;
        assert_eq!(other.elapsed(), Duration::from_hours(1));
    }

    #[test]
    fn chance_lies_between_zero_and_one_and_changes() {
        let drawn: Vec<f64> = (0..20).map(|_| SystemClock.chance()).collect();
        assert!(
            drawn.iter().all(|one| (0.0..=1.0).contains(one)),
            "{drawn:?}"
        );
        assert!(
            drawn.iter().any(|one| (one - drawn[0]).abs() > 0.000_1),
            "{drawn:?}"
        );
    }
}
