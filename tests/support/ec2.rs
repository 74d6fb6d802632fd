//! A stand-in for the EC2 API: one action, on loopback, on a port of the system's choice.
//!
//! It speaks the Query protocol in the shape of Amazon's reference: a form is posted to `/`, XML
//! comes back (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html>).
//! `DescribeInstances` honours `Filter.N.Name` and `Filter.N.Value.M` for `instance-state-name`
//! and `tag:<key>` (exact values, no wildcards), `MaxResults` from 5 to 1,000, and `NextToken`
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>). It does
//! not check signatures. Every request is kept; any number of answers can be scripted to go wrong.
//!
//! It depends on nothing of the program, since tests of two packages and an example include this
//! file by path; what an includer does not use, its `mod` line expects to be dead code.

#[path = "ec2_wire.rs"]
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use wire::{Cut, Door};

/// The longest form that is read, in bytes.
const FORM_BYTES_MAX: usize = 64 << 10;

/// An instance as the API shows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Instance {
    /// Its id, such as `i-0a`.
    pub(crate) id: String,
    /// The name of its state, such as `running`.
    pub(crate) state: String,
    /// Its tags by key.
    pub(crate) tags: BTreeMap<String, String>,
    /// Its private IPv4 address.
    pub(crate) private_v4: Option<String>,
    /// Its public IPv4 address.
    pub(crate) public_v4: Option<String>,
    /// The IPv6 addresses, one interface each.
    pub(crate) v6: Vec<String>,
    /// Its availability zone.
    pub(crate) zone: String,
}

impl Instance {
    /// A running instance with a private address and no tag.
    pub(crate) fn running(id: &str, private_v4: impl Into<Ipv4Addr>) -> Self {
        Self {
            id: id.to_owned(),
            state: "running".to_owned(),
            private_v4: Some(private_v4.into().to_string()),
            zone: "eu-west-1a".to_owned(),
            ..Self::default()
        }
    }

    /// Adds a tag.
    pub(crate) fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// What goes wrong with an answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// An error in the API's form.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code of the error, such as `RequestLimitExceeded`.
        code: &'static str,
        /// The header `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// A body of one's own.
    Body {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection is reset instead of an answer.
    Reset,
    /// No answer ever comes.
    Hang,
    /// The right answer, which stops in its middle.
    Half,
    /// The right answer, but its next page is always the same.
    Circle,
    /// The right answer of an API that ignores every filter.
    Unfiltered,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    form: BTreeMap<String, String>,
    authorization: String,
    session_token: Option<String>,
}

impl Request {
    /// The form, percent-decoded.
    pub(crate) const fn form(&self) -> &BTreeMap<String, String> {
        &self.form
    }

    /// The value of a form field; empty if it is absent.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.form.get(name).map_or("", String::as_str)
    }

    /// The call, such as `DescribeInstances`.
    pub(crate) fn action(&self) -> &str {
        self.field("Action")
    }

    /// The header `Authorization`, with the signature and what it covers.
    pub(crate) fn authorization(&self) -> &str {
        &self.authorization
    }

    /// The header `X-Amz-Security-Token`.
    pub(crate) fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }
}

#[derive(Debug, Default)]
struct World {
    instances: Vec<Instance>,
    page_size: Option<usize>,
    faults: VecDeque<(usize, Fault)>,
    requests: Vec<Request>,
}

/// The stand-in; it stops listening when it is dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    addr: SocketAddr,
    world: Arc<Mutex<World>>,
    server: JoinHandle<()>,
}

impl StandIn {
    /// Starts it with these instances.
    ///
    /// # Errors
    ///
    /// If no port can be had on loopback.
    pub(crate) async fn start(instances: Vec<Instance>) -> io::Result<Self> {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = tcp.local_addr()?;
        let world = Arc::new(Mutex::new(World {
            instances,
            ..World::default()
        }));
        let router = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&world));
        let service = router.into_make_service_with_connect_info::<Cut>();
        let server = tokio::spawn(async move {
            // It fails only if the listener does, and then every test that uses it does too.
            drop(axum::serve(Door::new(tcp), service).await);
        });
        Ok(Self {
            addr,
            world,
            server,
        })
    }

    /// Its URL, as the key `endpoint` takes it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces the instances.
    pub(crate) fn set_instances(&self, instances: Vec<Instance>) {
        lock(&self.world).instances = instances;
    }

    /// Makes pages smaller than the client asks for, as the API may.
    pub(crate) fn set_page_size(&self, page_size: usize) {
        lock(&self.world).page_size = Some(page_size);
    }

    /// Lets the next answers that are not scripted yet go wrong, as many times as given.
    pub(crate) fn fail(&self, times: usize, fault: Fault) {
        lock(&self.world).faults.push_back((times, fault));
    }

    /// The requests so far, oldest first.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.world).requests.clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    fn next_fault(&mut self) -> Option<Fault> {
        let (times, fault) = self.faults.front_mut()?;
        let fault = fault.clone();
        *times = times.saturating_sub(1);
        if *times == 0 {
            self.faults.pop_front();
        }
        Some(fault)
    }
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: HttpRequest,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, FORM_BYTES_MAX).await;
    let form = wire::decode_form(&body.unwrap_or_default());
    let request = Request {
        form,
        authorization: header_text(&head.headers, "authorization").unwrap_or_default(),
        session_token: header_text(&head.headers, "x-amz-security-token"),
    };
    let fault = {
        let mut world = lock(&world);
        world.requests.push(request.clone());
        world.next_fault()
    };
    let good = |is_filtered, next| describe(&lock(&world), &request, is_filtered, next);
    match fault {
        None => good(true, None),
        Some(Fault::Unfiltered) => good(false, None),
        Some(Fault::Circle) => good(true, Some("after-0")),
        Some(Fault::Half) => half(good(true, None)).await,
        Some(Fault::Error {
            status,
            code,
            retry_after,
        }) => wire::refusal(status, code, retry_after),
        Some(Fault::Body { status, body }) => wire::reply(status, body.into()),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Reset) => {
            cut.set();
            wire::reply(200, Body::empty())
        }
    }
}

fn describe(
    world: &World,
    request: &Request,
    is_filtered: bool,
    next: Option<&str>,
) -> Response<Body> {
    if request.action() != "DescribeInstances" {
        return wire::refusal(400, "InvalidAction", None);
    }
    let asked: Option<usize> = request.field("MaxResults").parse().ok();
    if asked.is_some_and(|asked| !(5..=1_000).contains(&asked)) {
        return wire::refusal(400, "InvalidParameterValue", None);
    }
    let Some(filters) = filters(&request.form) else {
        return wire::refusal(400, "InvalidParameterValue", None);
    };
    let matching: Vec<&Instance> = world
        .instances
        .iter()
        .filter(|instance| !is_filtered || filters.iter().all(|filter| filter.admits(instance)))
        .collect();
    let offset = request.field("NextToken").strip_prefix("after-");
    let offset: usize = offset.map_or(0, |digits| digits.parse().unwrap_or(0));
    let size = asked
        .into_iter()
        .chain(world.page_size)
        .min()
        .unwrap_or(matching.len());
    let page = matching.iter().skip(offset).take(size);
    let end = offset + page.len();
    let own_next = (end < matching.len()).then(|| format!("after-{end}"));
    let next = next.map(str::to_owned).or(own_next);
    wire::reply(200, wire::document(page.copied(), next.as_deref()).into())
}

struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    fn admits(&self, instance: &Instance) -> bool {
        let found = match self.name.strip_prefix("tag:") {
            Some(key) => instance.tags.get(key),
            None => Some(&instance.state),
        };
        found.is_some_and(|found| self.values.contains(found))
    }
}

/// The filters of a form; none if one has a name that the stand-in does not know.
fn filters(form: &BTreeMap<String, String>) -> Option<Vec<Filter>> {
    let mut filters = Vec::new();
    for number in 1..=200 {
        let Some(name) = form.get(&format!("Filter.{number}.Name")) else {
            break;
        };
        let is_known = name == "instance-state-name" || name.starts_with("tag:");
        let prefix = format!("Filter.{number}.Value.");
        let of_filter = form.iter().filter(|(key, _)| key.starts_with(&prefix));
        filters.push(Filter {
            name: is_known.then(|| name.clone())?,
            values: of_filter.map(|(_, value)| value.clone()).collect(),
        });
    }
    Some(filters)
}

async fn half(whole: Response<Body>) -> Response<Body> {
    let body = axum::body::to_bytes(whole.into_body(), usize::MAX).await;
    let body = body.unwrap_or_default();
    wire::reply(200, body.slice(..body.len() / 2).into())
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
