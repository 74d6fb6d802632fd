//! The log: lines in Consul's form, as text or JSON, on standard output.
//!
//! Sets up what the rest only uses through `tracing`. Decides the form of a line and what is
//! shown; never what is worth a line. Rules: agent reference, 2.11 (form of a line), style,
//! section on logs.
//!
//! A line's message is constant; what varies is a field. One thing has one spelling:
//!
//! | field | what |
//! |---|---|
//! | `node` | name of a node |
//! | `member` | name of a node as gossip sees it |
//! | `addr` | address with port |
//! | `cluster` | a cluster id |
//! | `key`, `accepted` | the gossip key that seals, those that only open: by fingerprint |
//! | `source` | index of a source of addresses, from 0 |
//! | `provider` | name of a provider |
//! | `attempt` | number of a try, from 1 |
//! | `count` | how many, of what the message names |
//! | `expect` | the expected number of servers |
//! | `leader` | name of the leader |
//! | `term` | raft term |
//! | `index` | raft log index |
//! | `reason` | a stable reason code, such as `waiting-for-servers` |
//! | `detail` | the reason in one line, with names |
//! | `wait_ms`, `elapsed_ms` | a time to come, a time past |
//! | `error` | an error by its `Display` |
//!
//! Where Consul's wording is kept, so are its fields.

mod layer;
mod level;
mod line;
mod time;

pub use level::{Level, LevelError};
pub use line::Format;
pub use time::rfc3339;

use std::io;

use tracing::Subscriber;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, reload};

use layer::Lines;

/// The log is set up already; by this function, or by the program that embeds the agent.
#[derive(Debug, thiserror::Error)]
#[error("set up the log: the process has one already")]
pub struct LogError {
    source: SetGlobalDefaultError,
}

/// Turns the log up and down while the process runs.
#[derive(Debug, Clone)]
pub struct Dial(reload::Handle<Targets, Registry>);

impl Dial {
    /// Logs from this level on.
    pub fn set(&self, level: Level) {
        // It fails only once there is no log any more.
        drop(self.0.reload(shown(level)));
    }
}

/// Sends the log of this process to standard output from here on. Without colour, always.
///
/// # Errors
///
/// [`LogError`] if there is a log already.
pub fn init(level: Level, format: Format) -> Result<Dial, LogError> {
    let (subscriber, dial) = dialled(level, format, io::stdout);
    tracing::subscriber::set_global_default(subscriber).map_err(|source| LogError { source })?;
    Ok(dial)
}

/// As [`init`], to any writer and without setting it up: for tests, and for programs that embed
/// an agent.
pub fn subscriber<W>(level: Level, format: Format, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    dialled(level, format, writer).0
}

fn dialled<W>(level: Level, format: Format, writer: W) -> (impl Subscriber + Send + Sync, Dial)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(shown(level));
    let lines = Lines::new(format, writer).with_filter(filter);
    (Registry::default().with(lines), Dial(handle))
}

/// Our own lines from the level on; those of dependencies from `warn` on, since what they say
/// below that is about themselves. Raft's library warns at every heartbeat to a dead peer; what an
/// operator needs of that is in our own lines.
fn shown(level: Level) -> Targets {
    Targets::new()
        .with_default(level.max(Level::Warn).filter())
        .with_target("openraft", Level::Error.filter())
        .with_target("agent", level.filter())
        .with_target("quorate", level.filter())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        /// The lines, without their times.
        fn lines(&self, time_chars: usize) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines()
                .map(|line| line.get(time_chars..).unwrap().to_owned())
                .collect()
        }
    }

    fn logged(level: Level, format: Format, what: impl FnOnce()) -> Page {
        let page = Page::default();
        let writer = page.clone();
        tracing::subscriber::with_default(subscriber(level, format, move || writer.clone()), what);
        page
    }

    const TEXT_TIME: usize = "2025-01-02T03:04:05.678Z ".len();

    #[test]
    fn a_line_reads_as_consuls() {
        let page = logged(Level::Info, Format::Text, || {
            tracing::info!(target: "agent.server", "cluster leadership acquired");
            tracing::warn!(
                target: "agent.server.raft",
                count = 3,
                node = "a b",
                leader = "",
                is_voter = true,
                error = %io::Error::other("no \"route\"\nto host"),
                "failed to contact"
            );
        });
        let expected = [
            "[INFO]  agent.server: cluster leadership acquired",
            "[WARN]  agent.server.raft: failed to contact: count=3 node=\"a b\" leader= \
             is_voter=true error=\"no \\\"route\\\"\\nto host\"",
        ];
        assert_eq!(page.lines(TEXT_TIME), expected);
    }

    #[test]
    fn our_modules_are_named_as_parts_of_the_agent() {
        let page = logged(Level::Trace, Format::Text, || {
            tracing::error!("here");
            tracing::debug!(target: "quorate::agent::clock", "b");
            tracing::trace!(target: "quorate::raft::store", "c");
            tracing::info!(target: "quorate_providers::resolve", "d");
            tracing::warn!(target: "hyper::client::pool", "e");
        });
        let expected = [
            "[ERROR] agent.telemetry: here",
            "[DEBUG] agent: b",
            "[TRACE] agent.server.raft: c",
            "[INFO]  agent.providers: d",
            "[WARN]  hyper.client.pool: e",
        ];
        assert_eq!(page.lines(TEXT_TIME), expected);
    }

    #[test]
    fn a_level_hides_what_is_below_it_and_dependencies_show_from_warn_on() {
        let all = || {
            tracing::error!(target: "agent", "1");
            tracing::warn!(target: "agent", "2");
            tracing::info!(target: "agent", "3");
            tracing::debug!(target: "agent", "4");
            tracing::trace!(target: "agent", "5");
            tracing::error!(target: "hyper::proto", "6");
            tracing::warn!(target: "hyper::proto", "7");
            tracing::info!(target: "hyper::proto", "8");
            tracing::warn!(target: "openraft::core", "9");
        };
        let rows = [
            (Level::Error, "1 6"),
            (Level::Warn, "1 2 6 7"),
            (Level::Info, "1 2 3 6 7"),
            (Level::Debug, "1 2 3 4 6 7"),
            (Level::Trace, "1 2 3 4 5 6 7"),
        ];
        for (level, expected) in rows {
            let lines = logged(level, Format::Text, all).lines(0);
            let shown: Vec<&str> = lines
                .iter()
                .filter_map(|line| line.split(' ').next_back())
                .collect();
            assert_eq!(shown.join(" "), expected, "{level}");
        }
    }

    #[test]
    fn a_dial_turns_the_log_up_and_down() {
        let page = Page::default();
        let writer = page.clone();
        let (subscriber, dial) = dialled(Level::Warn, Format::Text, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            for (level, text) in [(Level::Info, "a"), (Level::Error, "b"), (Level::Info, "c")] {
                dial.set(level);
                tracing::info!(target: "agent", text, "said");
            }
        });
        let expected = ["[INFO]  agent: said: text=a", "[INFO]  agent: said: text=c"];
        assert_eq!(page.lines(TEXT_TIME), expected);
    }

    #[test]
    fn a_line_has_the_fields_of_the_spans_around_it() {
        let page = logged(Level::Info, Format::Text, || {
            let _in_attempt = tracing::info_span!("attempt", attempt = 2).entered();
            let lookup =
                tracing::info_span!("lookup", provider = "aws", count = tracing::field::Empty);
            lookup.in_scope(|| {
                lookup.record("count", 5);
                tracing::info!(target: "agent", source = 0, "resolved");
            });
        });
        let expected = ["[INFO]  agent: resolved: attempt=2 provider=aws count=5 source=0"];
        assert_eq!(page.lines(TEXT_TIME), expected);
    }

    #[test]
    fn a_json_line_has_consuls_keys_and_typed_fields() {
        let page = logged(Level::Info, Format::Json, || {
            let _in_span = tracing::info_span!("attempt", attempt = 2).entered();
            tracing::warn!(target: "agent.server", count = 3, node = "a \"b\"", on = true, "x y");
        });
        let line = page.lines(0).remove(0);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "@level": "warn",
            "@message": "x y",
            "@module": "agent.server",
            "@timestamp": value["@timestamp"],
            "attempt": 2,
            "count": 3,
            "node": "a \"b\"",
            "on": true,
        });
        assert_eq!(value, expected);
        let time = value["@timestamp"].as_str().unwrap();
        assert_eq!(time.len(), "2025-01-02T03:04:05.678901Z".len(), "{time}");
    }
}
