//! A server on loopback that plays recorded answers in order, and hostile ones.
//!
//! ```ignore
//! let tape = Tape::play([
//!     Take::get("/v1/servers?per_page=50").header("authorization", "Bearer t").json(PAGE_1),
//!     Take::get("/v1/servers?page=2").json(PAGE_2),
//! ]).await;
//! let answer = tape.resolve("provider=hetzner api_token=t").await;   // adds endpoint=
//! tape.finish();                                                      // every take was asked for
//! ```
//!
//! A request that is not the one recorded gets status 599 and fails the test at `finish`. Lookups
//! run on a [`FakeClock`], so pauses between tries take no time. With [`Tape::always`] every
//! request gets one hostile answer: [`Hostile::ALL`] is what each provider must survive.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{
    Answer, Environment, FakeClock, FakeDns, FakeFiles, Io, Limits, Query, RealHttp, ResolveError,
    resolve_within,
};

/// One expected request and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    answer: Play,
}

#[derive(Debug, Clone)]
enum Play {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    Hostile(Hostile),
}

impl Take {
    /// A GET of exactly this path and query; the answer is an empty JSON object until said.
    pub(crate) fn get(target: &str) -> Self {
        Self::of("GET", target)
    }

    /// A POST to exactly this path and query.
    pub(crate) fn post(target: &str) -> Self {
        Self::of("POST", target)
    }

    /// Any method.
    pub(crate) fn of(method: &'static str, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
            answer: Play::Reply {
                status: 200,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: "{}".to_owned(),
            },
        }
    }

    /// The request must have this header; name in lower case.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request must have this body.
    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// Answers 200 with this JSON.
    pub(crate) fn json(mut self, json: &str) -> Self {
        if let Play::Reply { body, .. } = &mut self.answer {
            json.clone_into(body);
        }
        self
    }

    /// Answers with this status.
    pub(crate) fn status(mut self, code: u16) -> Self {
        if let Play::Reply { status, .. } = &mut self.answer {
            *status = code;
        }
        self
    }

    /// Answers with this header.
    pub(crate) fn reply_header(mut self, name: &str, value: &str) -> Self {
        if let Play::Reply { headers, .. } = &mut self.answer {
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Answers badly.
    pub(crate) fn hostile(mut self, hostile: Hostile) -> Self {
        self.answer = Play::Hostile(hostile);
        self
    }
}

/// A bad answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hostile {
    /// Takes the request and says nothing.
    Hang,
    /// A body without end, a little at a time.
    Endless,
    /// A length beyond the limit, announced.
    Announced,
    /// A body beyond the limit, in chunks without an announced length.
    Oversize,
    /// Closes the connection in place of an answer.
    Reset,
    /// Half of a body, and the connection closes.
    HalfBody,
    /// Status 200 and JSON that breaks off.
    HalfJson,
    /// Status 200 and no body.
    Empty,
    /// Status 200 and a page to log in.
    LoginPage,
    /// Status 200 and JSON of another API.
    OtherShape,
    /// A redirect to another host.
    Elsewhere,
    /// A redirect to itself.
    Circle,
    /// Status 500.
    Broken,
    /// Status 503 that asks for a pause of an hour.
    Busy,
    /// Status 401.
    Unknown,
    /// Status 403.
    Forbidden,
    /// Status 429.
    TooMany,
}

impl Hostile {
    /// Each of them; none may become an empty answer.
    pub(crate) const ALL: [Self; 17] = [
        Self::Hang,
        Self::Endless,
        Self::Announced,
        Self::Oversize,
        Self::Reset,
        Self::HalfBody,
        Self::HalfJson,
        Self::Empty,
        Self::LoginPage,
        Self::OtherShape,
        Self::Elsewhere,
        Self::Circle,
        Self::Broken,
        Self::Busy,
        Self::Unknown,
        Self::Forbidden,
        Self::TooMany,
    ];
}

/// The limits of lookups against a tape: small, so that hostile answers take no time.
pub(crate) const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(30),
    pages: 20,
    body_bytes: 1 << 20,
};

#[derive(Debug, Default)]
struct State {
    takes: VecDeque<Take>,
    always: Option<Hostile>,
    asked: Vec<Asked>,
    wrong: Vec<String>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A server that plays.
#[derive(Debug)]
pub(crate) struct Tape {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
    clock: FakeClock,
    pub(crate) environment: Environment,
    pub(crate) files: FakeFiles,
    pub(crate) limits: Limits,
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tape {
    /// Plays these takes in order, and nothing else.
    pub(crate) async fn play(takes: impl IntoIterator<Item = Take>) -> Self {
        let takes = takes.into_iter().collect();
        Self::start(State {
            takes,
            ..State::default()
        })
        .await
    }

    /// Gives every request one hostile answer.
    pub(crate) async fn always(hostile: Hostile) -> Self {
        let always = Some(hostile);
        Self::start(State {
            always,
            ..State::default()
        })
        .await
    }

    async fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, addr, Arc::clone(&shared)));
            }
        });
        Self {
            addr,
            state,
            task,
            clock: FakeClock::default(),
            environment: Environment::fixed([]),
            files: FakeFiles::default(),
            limits: LIMITS,
        }
    }

    /// With environment variables.
    pub(crate) fn with_variables(mut self, variables: &[(&str, &str)]) -> Self {
        self.environment = Environment::fixed(variables.iter().copied());
        self
    }

    /// With files.
    pub(crate) fn with_files(mut self, files: FakeFiles) -> Self {
        self.files = files;
        self
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Doors to this server and to nowhere else.
    pub(crate) fn io(&self) -> Io {
        Io::new(self.environment.clone(), FakeDns::default())
            .with_http(RealHttp::default())
            .with_files(self.files.clone())
            .with_clock(self.clock.clone())
    }

    /// Resolves a query with `endpoint=` of this server added.
    pub(crate) async fn resolve(&self, text: &str) -> Result<Answer, ResolveError> {
        let query = Query::parse(&format!("{text} endpoint={}", self.url())).unwrap();
        resolve_within(&query, &self.io(), &self.limits).await
    }

    /// The time that lookups spent waiting between tries.
    pub(crate) fn waited(&self) -> Duration {
        use crate::Clock as _;
        self.clock.elapsed()
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Fails the test unless every take was asked for as recorded, and nothing else was.
    pub(crate) fn finish(self) {
        let state = self.state.lock().unwrap();
        assert!(state.wrong.is_empty(), "{}", state.wrong.join("\n"));
        let left: Vec<&str> = state
            .takes
            .iter()
            .map(|take| take.target.as_str())
            .collect();
        assert!(left.is_empty(), "never asked for: {left:?}");
    }
}

async fn serve(mut stream: TcpStream, addr: SocketAddr, state: Arc<Mutex<State>>) {
    while let Some(asked) = read_request(&mut stream).await {
        let play = judge(&mut state.lock().unwrap(), &asked);
        let goes_on = match play {
            Play::Reply {
                status,
                headers,
                body,
            } => {
                let body = body.replace("{addr}", &addr.to_string());
                let mut text = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in &headers {
                    write!(
                        text,
                        "{name}: {}\r\n",
                        value.replace("{addr}", &addr.to_string())
                    )
                    .unwrap();
                }
                text = format!("{text}\r\n{body}");
                stream.write_all(text.as_bytes()).await.is_ok()
            }
            Play::Hostile(hostile) => play_hostile(&mut stream, hostile, &asked).await,
        };
        if !goes_on {
            return;
        }
    }
}

fn judge(state: &mut State, asked: &Asked) -> Play {
    state.asked.push(asked.clone());
    if let Some(hostile) = state.always {
        return Play::Hostile(hostile);
    }
    let Some(take) = state.takes.pop_front() else {
        state.wrong.push(format!(
            "one request too many: {} {}",
            asked.method, asked.target
        ));
        return unexpected();
    };
    let mut wrong = Vec::new();
    if (asked.method.as_str(), &asked.target) != (take.method, &take.target) {
        wrong.push(format!(
            "asked {} {}, recorded {} {}",
            asked.method, asked.target, take.method, take.target
        ));
    }
    for (name, value) in &take.headers {
        let found = asked.headers.get(name);
        if found != Some(value) {
            wrong.push(format!(
                "{}: header {name} is {found:?}, not {value}",
                take.target
            ));
        }
    }
    if let Some(body) = take.body.as_ref().filter(|body| **body != asked.body) {
        wrong.push(format!(
            "{}: body is {}, not {body}",
            take.target, asked.body
        ));
    }
    if wrong.is_empty() {
        return take.answer;
    }
    state.wrong.append(&mut wrong);
    unexpected()
}

fn unexpected() -> Play {
    Play::Reply {
        status: 418,
        headers: Vec::new(),
        body: "not what was recorded".to_owned(),
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: BTreeMap<String, String> = lines.filter_map(pair).collect();
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Says whether the connection goes on.
async fn play_hostile(stream: &mut TcpStream, hostile: Hostile, asked: &Asked) -> bool {
    let json = "content-type: application/json\r\n";
    let whole = |status: u16, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status} -\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let text = match hostile {
        Hostile::Hang => std::future::pending().await,
        Hostile::Reset => return false,
        Hostile::Endless | Hostile::Oversize => return pour(stream, hostile).await,
        Hostile::Announced => {
            format!("HTTP/1.1 200 -\r\n{json}content-length: 99999999999\r\n\r\n[")
        }
        Hostile::HalfBody => {
            let half = format!("HTTP/1.1 200 -\r\n{json}content-length: 1000\r\n\r\n[{{\"a\":");
            let _sent = stream.write_all(half.as_bytes()).await;
            return false;
        }
        Hostile::HalfJson => whole(200, json, "[{\"a\":"),
        Hostile::Empty => whole(200, json, ""),
        Hostile::LoginPage => whole(200, "content-type: text/html\r\n", "<html>Log in</html>"),
        Hostile::OtherShape => whole(200, json, "{\"hello\":\"world\"}"),
        Hostile::Elsewhere => whole(302, "location: http://127.0.0.2:9/list\r\n", ""),
        Hostile::Circle => whole(302, &format!("location: {}\r\n", asked.target), ""),
        Hostile::Broken => whole(500, json, "{\"message\":\"oops\"}"),
        Hostile::Busy => whole(503, "retry-after: 3600\r\n", ""),
        Hostile::Unknown => whole(401, json, "{\"message\":\"who are you\"}"),
        Hostile::Forbidden => whole(403, json, "{\"message\":\"not you\"}"),
        Hostile::TooMany => whole(429, json, "{\"message\":\"slow down\"}"),
    };
    stream.write_all(text.as_bytes()).await.is_ok()
}

/// Writes chunks for as long as anybody reads; an endless one stops for ever after the first.
async fn pour(stream: &mut TcpStream, hostile: Hostile) -> bool {
    let head =
        "HTTP/1.1 200 -\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let mut is_read = stream.write_all(head.as_bytes()).await.is_ok();
    while is_read {
        is_read = stream.write_all(chunk.as_bytes()).await.is_ok();
        if hostile == Hostile::Endless {
            std::future::pending::<()>().await;
        }
    }
    false
}
