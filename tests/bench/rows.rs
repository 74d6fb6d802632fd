//! What the benches have in common: words of the command line, waiting without a limit of one's
//! own, and rows that are printed as a table.

use std::future::Future;
use std::time::{Duration, Instant};

/// Pause between two looks that are measured; a hundredth of the shortest target.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// After so long what is measured does not come about.
const HOPELESS: Duration = Duration::from_mins(2);

/// What was asked for on the command line.
#[derive(Debug)]
pub(crate) struct Wish {
    /// How many runs of each row.
    pub(crate) runs: usize,
    /// The program of `--beside`, which gets a column of its own.
    pub(crate) beside: Option<String>,
    /// The flag of `--with`, which only that other program gets.
    pub(crate) with: Option<String>,
    /// The word of `--only`, which leaves out all rows without it.
    only: Option<String>,
}

impl Wish {
    /// Reads `[RUNS] [--beside PROGRAM] [--with FLAG] [--only WORD]`; what else `cargo bench` passes
    /// is not for us.
    pub(crate) fn of_command_line(runs: usize) -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| word == name)?;
            words.get(at + 1).cloned()
        };
        Self {
            runs: words
                .iter()
                .find_map(|word| word.parse().ok())
                .unwrap_or(runs),
            beside: after("--beside"),
            with: after("--with"),
            only: after("--only"),
        }
    }

    /// Whether a row was asked for.
    pub(crate) fn takes(&self, what: &str) -> bool {
        self.only.as_ref().is_none_or(|word| what.contains(word))
    }
}

/// One measured thing.
#[derive(Debug)]
pub(crate) struct Row {
    what: &'static str,
    unit: &'static str,
    target: f64,
    /// Of each program, what was measured in each run.
    columns: Vec<Vec<f64>>,
}

impl Row {
    /// A row without measurements; the unit goes behind each number.
    pub(crate) const fn new(what: &'static str, unit: &'static str, target: f64) -> Self {
        Self {
            what,
            unit,
            target,
            columns: Vec::new(),
        }
    }

    /// Adds a measurement of the n-th program.
    pub(crate) fn add(&mut self, program: usize, value: f64) {
        while self.columns.len() <= program {
            self.columns.push(Vec::new());
        }
        self.columns[program].push(value);
    }

    /// Whether the median of the first program meets the target.
    fn is_met(&self) -> bool {
        self.columns
            .first()
            .is_some_and(|ours| median(ours) <= self.target)
    }

    fn line(&self) -> String {
        let cells = self.columns.iter().map(|values| self.cell(values));
        let cells: Vec<String> = cells.collect();
        let verdict = if self.is_met() { "" } else { ", missed" };
        format!(
            "| {} | {} | {} {}{verdict} |",
            self.what,
            cells.join(" | "),
            number(self.target),
            self.unit
        )
    }

    /// The median, and the least and the most where there is more than one.
    fn cell(&self, values: &[f64]) -> String {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        match sorted.as_slice() {
            [] => "-".to_owned(),
            [one] => format!("{} {}", number(*one), self.unit),
            [least, .., most] => format!(
                "{} {} ({}-{})",
                number(median(&sorted)),
                self.unit,
                number(*least),
                number(*most)
            ),
        }
    }
}

/// Prints rows as a table with one column per program, and what the machine was doing besides.
pub(crate) fn print(rows: &[Row], programs: &[&str]) {
    println!("| work | {} | target |", programs.join(" | "));
    println!("|---|{}---|", "---|".repeat(programs.len()));
    for row in rows {
        println!("{}", row.line());
    }
    println!("\nmedian (least-most); {}", load());
}

/// The load averages of the machine.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = load.split_whitespace().take(3).collect();
    format!("load averages {}", averages.join(" "))
}

/// The middle one; nought of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which a share of them lies; nought of none.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list"
)]
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * share) as usize;
    let last = sorted.len().saturating_sub(1);
    sorted.get(place.min(last)).copied().unwrap_or(0.0)
}

/// Asks again and again until it is so; gives the seconds since an instant.
pub(crate) async fn until<F>(what: &str, since: Instant, ask: impl FnMut() -> F) -> f64
where
    F: Future<Output = bool>,
{
    until_every(LOOK_EVERY, what, since, ask).await
}

/// As [`until`], with a pause of one's own where a look costs those who are measured.
pub(crate) async fn until_every<F>(
    pause: Duration,
    what: &str,
    since: Instant,
    mut ask: impl FnMut() -> F,
) -> f64
where
    F: Future<Output = bool>,
{
    while !ask().await {
        assert!(since.elapsed() < HOPELESS, "did not happen: {what}");
        tokio::time::sleep(pause).await;
    }
    since.elapsed().as_secs_f64()
}

fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.1}")
    }
}
