//! What it costs to find many EC2 instances: whole processes against a paged API on loopback.
//!
//! ```text
//! cargo bench -p quorate-providers --no-default-features --features aws --bench aws_pages
//! GO_DISCOVER=/path/to/discover QUORATE=/path/to/quorate cargo bench ... --bench aws_pages
//! ```
//!
//! The first program is this one, which asks as a program does that takes the library; the others
//! are run if a variable names them: `quorate discover`, and the command of go-discover, with the
//! same string. An instance in the reply has the fields that Amazon describes one with, 2.3 KiB.
//! Where the client names no size for pages the API does not page, as Amazon's does not; go-discover
//! names none, so a row with pages shows it an API that pages all the same. Time and memory are those
//! of GNU time: user and system seconds, and the peak of resident memory; the median of the runs.
//! `serve INSTANCES` prints the endpoint and serves until it is ended, for measuring by other means.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use quorate_providers::{Io, Query, resolve};
use tokio::net::TcpListener;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Runs of each program; the median counts.
const RUNS: usize = 5;

/// Instances of a page, as many as Amazon gives at most.
const PAGE: usize = 1_000;

/// The instance that all others are made after.
const MODEL: &str = include_str!("../aws/testdata/instances_1.xml");

/// The API: how many instances there are, whether it pages unasked, and its calls so far.
#[derive(Debug, Default)]
struct Api {
    instances: AtomicUsize,
    pages_unasked: AtomicUsize,
    calls: AtomicUsize,
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    match words.as_slice() {
        ["resolve", text] => runtime.block_on(print_addresses(text)),
        ["serve", instances] => runtime.block_on(serve(instances.parse()?)),
        _ => measure(&runtime),
    }
}

/// What a program does that takes the library.
async fn print_addresses(text: &str) -> Outcome<()> {
    let answer = resolve(&Query::parse(text)?, &Io::real()).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for contact in &answer.contacts {
        writeln!(out, "{contact}")?;
    }
    Ok(out.flush()?)
}

async fn serve(instances: usize) -> Outcome<()> {
    let api = Arc::new(Api::default());
    api.instances.store(instances, Ordering::Relaxed);
    writeln!(io::stdout(), "{}", start(api).await?)?;
    std::future::pending().await
}

/// Starts the API, and gives its endpoint.
async fn start(api: Arc<Api>) -> Outcome<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/", post(answer)).with_state(api);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(endpoint)
}

async fn answer(State(api): State<Arc<Api>>, form: String) -> String {
    api.calls.fetch_add(1, Ordering::Relaxed);
    let field = |name: &str| {
        let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let instances = api.instances.load(Ordering::Relaxed);
    let is_paged = field("MaxResults").is_some() || api.pages_unasked.load(Ordering::Relaxed) > 0;
    let size = if is_paged { PAGE } else { instances };
    let from: usize = field("NextToken").map_or(0, |token| token.parse().unwrap_or(0));
    let to = instances.min(from + size);
    document(from, to, (to < instances).then_some(to))
}

/// The reply with some of the instances.
fn document(from: usize, to: usize, next: Option<usize>) -> String {
    let (head, rest) = MODEL
        .split_once("    <item>\n      <reservationId>")
        .unwrap_or((MODEL, ""));
    let (model, _) = rest.split_once("\n    </item>").unwrap_or((rest, ""));
    let mut text = head.to_owned();
    for number in from..to {
        let ip = format!(
            "10.{}.{}.{}",
            number >> 16,
            (number >> 8) & 255,
            number & 255
        );
        let one = model
            .replace("10.0.0.1", &ip)
            .replace("i-01", &format!("i-{number:017x}"));
        text.push_str("    <item>\n      <reservationId>");
        text.push_str(&one);
        text.push_str("\n    </item>\n");
    }
    text.push_str("  </reservationSet>\n");
    let token = next.map(|next| format!("  <nextToken>{next}</nextToken>\n"));
    text + &token.unwrap_or_default() + "</DescribeInstancesResponse>\n"
}

/// What a run of a program came to.
#[derive(Debug, Clone, Copy)]
struct Run {
    found: usize,
    calls: usize,
    wall: Duration,
    cpu_seconds: f64,
    peak_kib: usize,
}

fn measure(runtime: &tokio::runtime::Runtime) -> Outcome<()> {
    let api = Arc::new(Api::default());
    let endpoint = runtime.block_on(start(Arc::clone(&api)))?;
    let text = format!(
        "provider=aws region=eu-west-1 tag_key=role tag_value=server access_key_id=A \
         secret_access_key=s endpoint={endpoint}"
    );
    let this = std::env::current_exe()?.display().to_string();
    let mut programs = vec![("the library", this, vec!["resolve"])];
    if let Ok(path) = std::env::var("QUORATE") {
        programs.push(("quorate discover", path, vec!["discover"]));
    }
    if let Ok(path) = std::env::var("GO_DISCOVER") {
        programs.push(("go-discover", path, vec!["-q", "addrs"]));
    }
    let mut out = io::stdout();
    writeln!(
        out,
        "| program | instances | API pages | found | calls | time | CPU | peak memory |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for (instances, pages_unasked) in [(1_000, 0), (5_000, 0), (5_000, 1)] {
        api.instances.store(instances, Ordering::Relaxed);
        api.pages_unasked.store(pages_unasked, Ordering::Relaxed);
        for (name, path, words) in &programs {
            let is_go = *name == "go-discover";
            // An API that pages unasked is the same to whoever asks for pages.
            if pages_unasked > 0 && !is_go {
                continue;
            }
            let mut runs = Vec::new();
            for _run in 0..RUNS {
                runs.push(run(&api, path, words, &text)?);
            }
            let pages = if is_go && pages_unasked == 0 {
                "no"
            } else {
                "by 1,000"
            };
            writeln!(
                out,
                "| {name} | {instances} | {pages} | {} |",
                median(&mut runs)
            )?;
        }
    }
    Ok(())
}

/// Runs a program once, under GNU time.
fn run(api: &Api, path: &str, words: &[&str], text: &str) -> Outcome<Run> {
    let before = api.calls.load(Ordering::Relaxed);
    let started = Instant::now();
    let output = Command::new("time")
        .args(["--quiet", "-f", "\n@ %U %S %M", path])
        .args(words)
        .arg(text)
        .stdin(Stdio::null())
        .output()?;
    let wall = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("{path}: {said}").into());
    }
    let figures = said.rsplit("@ ").next().unwrap_or_default();
    let figures: Vec<f64> = figures.split_whitespace().flat_map(str::parse).collect();
    let [user, system, peak] = figures.as_slice() else {
        return Err(format!("GNU time says {said}").into());
    };
    Ok(Run {
        found: String::from_utf8(output.stdout)?.split_whitespace().count(),
        calls: api.calls.load(Ordering::Relaxed) - before,
        wall,
        cpu_seconds: user + system,
        peak_kib: format!("{peak:.0}").parse()?,
    })
}

/// The cells of a row.
fn median(runs: &mut [Run]) -> String {
    let found = runs.first().map_or(0, |run| run.found);
    let calls = runs.first().map_or(0, |run| run.calls);
    let mut middle = |order: fn(&Run, &Run) -> std::cmp::Ordering| {
        runs.sort_by(order);
        runs.get(runs.len() / 2).copied()
    };
    let wall = middle(|a, b| a.wall.cmp(&b.wall)).map_or(0.0, |run| run.wall.as_secs_f64());
    let cpu = middle(|a, b| a.cpu_seconds.total_cmp(&b.cpu_seconds));
    let cpu = cpu.map_or(0.0, |run| run.cpu_seconds);
    let peak = middle(|a, b| a.peak_kib.cmp(&b.peak_kib)).map_or(0, |run| run.peak_kib);
    format!(
        "{found} | {calls} | {:.0} ms | {:.0} ms | {} MiB",
        wall * 1e3,
        cpu * 1e3,
        peak / 1_024
    )
}
