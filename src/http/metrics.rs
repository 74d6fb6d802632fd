//! What the agent counts, in the two forms of Consul's endpoint: its JSON, and Prometheus' text
//! (agent reference, 6.3, Metrics).
//!
//! The values are those of the report and of `info`, read when asked; nothing is kept or averaged,
//! so all are gauges.

use std::fmt::Write as _;

use serde::Serialize;

use super::node::Stats;
use crate::telemetry::rfc3339;
use crate::types::Reason;
use crate::why::Report;

/// The groups of `info` whose numbers are shown.
const GROUPS: [&str; 3] = ["autopilot", "raft", "serf_lan"];

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Gauge {
    name: String,
    value: f64,
    labels: std::collections::BTreeMap<&'static str, String>,
    #[serde(skip)]
    help: String,
}

/// All values, as `/v1/agent/metrics` gives them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricsJson {
    timestamp: String,
    gauges: Vec<Gauge>,
    points: [(); 0],
    counters: [(); 0],
    samples: [(); 0],
}

impl MetricsJson {
    pub(super) fn new(now_ms: u64, gauges: Vec<Gauge>) -> Self {
        // Consul writes the time as Go prints it.
        let timestamp = rfc3339(now_ms).replace('T', " ");
        let seconds = timestamp.split('.').next().unwrap_or_default();
        Self {
            timestamp: format!("{seconds} +0000 UTC"),
            gauges,
            points: [],
            counters: [],
            samples: [],
        }
    }
}

/// Every value. Of the reasons one is 1 and all others are 0, so that an alert can name its code
/// before it ever happened.
pub(super) fn gauges(report: &Report, stats: &Stats) -> Vec<Gauge> {
    let flag = |is_so: bool| if is_so { 1.0 } else { 0.0 };
    let mut all: Vec<Gauge> = Reason::ALL
        .iter()
        .map(|reason| Gauge {
            labels: [("code", reason.code().to_owned())].into(),
            ..gauge(
                "why",
                flag(*reason == report.said.reason),
                "1 for the reason code that holds",
            )
        })
        .collect();
    let held = report.held.as_secs_f64();
    all.push(gauge(
        "why_seconds",
        held,
        "Seconds that the reason code has held",
    ));
    all.push(gauge(
        "live",
        flag(report.is_live),
        "1 if the deciding loop turns",
    ));
    all.push(gauge(
        "ready",
        flag(report.is_ready()),
        "1 if the agent serves requests",
    ));
    all.push(gauge(
        "formed",
        flag(report.is_formed),
        "1 if the agent is in a cluster",
    ));
    for (group, values) in stats
        .iter()
        .filter(|(group, _)| GROUPS.contains(&group.as_str()))
    {
        for (name, text) in values {
            if let Ok(value) = text.parse() {
                let about = format!("The value {name} of the group {group} of `quorate info`");
                all.push(gauge(&format!("{group}.{name}"), value, &about));
            }
        }
    }
    all
}

fn gauge(name: &str, value: f64, help: &str) -> Gauge {
    Gauge {
        name: format!("quorate.{name}"),
        value,
        labels: std::collections::BTreeMap::new(),
        help: help.to_owned(),
    }
}

/// The text format of Prometheus, version 0.0.4.
pub(super) fn prometheus(gauges: &[Gauge]) -> String {
    let mut text = String::new();
    let mut last = "";
    for gauge in gauges {
        let name = gauge.name.replace('.', "_");
        if gauge.name != last {
            // Writing to a text cannot fail.
            let _infallible = write!(text, "# HELP {name} {}\n# TYPE {name} gauge\n", gauge.help);
            last = &gauge.name;
        }
        let labels: Vec<String> = gauge
            .labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _infallible = writeln!(text, "{name}{labels} {}", gauge.value);
    }
    text
}
