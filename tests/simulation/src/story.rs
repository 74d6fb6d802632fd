//! What happened, line by line with its time, and what went wrong.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

static IS_TOLD: AtomicBool = AtomicBool::new(false);
static JOINED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static SPEAKER: RefCell<String> = const { RefCell::new(String::new()) };
    static NOW: Cell<u64> = const { Cell::new(0) };
    /// A sum over everything that happened, to compare two runs.
    static SUM: Cell<u64> = const { Cell::new(0xCBF2_9CE4_8422_2325) };
}

/// Begins to listen to agents and panics; prints what is told if asked to.
pub fn begin(is_told: bool) {
    IS_TOLD.store(is_told, Ordering::Relaxed);
    tracing_subscriber::registry().with(Lines).init();
    std::panic::set_hook(Box::new(|panic| fail(&format!("panic: {panic}"))));
}

/// Says whose turn it is and what time.
pub fn set_speaker(name: &str, now: u64) {
    SPEAKER.with_borrow_mut(|speaker| name.clone_into(speaker));
    NOW.set(now);
}

/// Tells one thing.
pub fn tell(text: &str) {
    let now = NOW.get();
    let line = SPEAKER
        .with_borrow(|speaker| format!("{:>4}.{:03} {speaker:<8} {text}", now / 1000, now % 1000));
    // FNV-1a (draft-eastlake-fnv).
    let sum = line.bytes().fold(SUM.get(), |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    SUM.set(sum);
    if IS_TOLD.load(Ordering::Relaxed) {
        println!("{line}");
    }
}

/// Notes that something broke a promise.
pub fn fail(text: &str) {
    tell(&format!("BROKEN: {text}"));
    let now = NOW.get();
    FAILURES
        .lock()
        .unwrap()
        .push(format!("at {}.{:03} s: {text}", now / 1000, now % 1000));
}

/// Whether an agent's log has said that it joined others.
pub fn has_joined(name: &str) -> bool {
    JOINED.lock().unwrap().contains(name)
}

/// What broke so far.
pub fn failures() -> Vec<String> {
    FAILURES.lock().unwrap().clone()
}

/// A number that two runs share only if they told the same.
pub fn sum() -> u64 {
    SUM.get()
}

/// Takes the log lines of agents into the story.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let is_ours = meta.target().starts_with("agent") || meta.target().starts_with("quorate");
        if *meta.level() > Level::INFO || !is_ours {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        if line.message.starts_with("Join cluster completed") {
            let name = SPEAKER.with_borrow(String::clone);
            JOINED.lock().unwrap().insert(name);
        }
        tell(&format!(
            "[{}] {}{}",
            meta.level(),
            line.message,
            line.fields
        ));
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push_str(&format!(" {}={text}", field.name()));
        }
    }
}
