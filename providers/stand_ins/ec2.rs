//! `aws` before moto, which others test their EC2 code with: instances, tags, states and pages.
//!
//! It makes a page of reservations and not of instances, takes any key pair, and throttles nobody;
//! of the metadata service it leaves out a header that Amazon's SDK insists on, so that the role of
//! an instance is not tried here.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::routing::post;
use quorate_providers::{
    Answer, Environment, Io, Kind, Query, RealHttp, ResolveError, SystemDns, resolve,
};
use tokio::net::TcpListener;

use crate::{Place, Program, client, gaps, program, shown};

/// Reservations of one instance each, and how many of them are on a page: moto takes minutes to
/// make and show the thousand that `aws` asks for at once.
const MANY: usize = 25;
const PAGE: usize = 10;

/// A running moto.
struct Moto {
    // Ends before its folder does.
    _program: Program,
    _place: Place,
    at: SocketAddrV4,
    client: reqwest::Client,
}

impl Moto {
    async fn start() -> Option<Self> {
        let path = program("moto_server")?;
        let place = Place::new();
        let at = place.port();
        let (ip, port) = (at.ip().to_string(), at.port().to_string());
        let args = ["-H", &ip, "-p", &port].map(str::to_owned);
        let client = client(None);
        let answers = || {
            let reply = client.get(format!("http://{at}/moto-api/")).send();
            async move { reply.await.is_ok_and(|reply| reply.status() == 200) }
        };
        let program = Program::start(&path, &place, &args, answers).await;
        Some(Self {
            _place: place,
            _program: program,
            at,
            client,
        })
    }

    /// One call of the Query protocol, by somebody in a region; gives the XML.
    async fn call(&self, region: &str, form: &[(&str, &str)]) -> String {
        let scope = format!("AWS4-HMAC-SHA256 Credential=AKID/20260101/{region}/ec2/aws4_request");
        let request = self.client.post(format!("http://{}/", self.at));
        let request = request.header("authorization", scope).form(form);
        let reply = request.send().await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        assert!(status.is_success(), "{form:?}: {text}");
        text
    }

    /// Starts one instance with a tag, and gives its id and its private address.
    async fn run(&self, region: &str, role: &str) -> (String, String) {
        let form = [
            ("Action", "RunInstances"),
            ("ImageId", "ami-12c6146b"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "role"),
            ("TagSpecification.1.Tag.1.Value", role),
            ("TagSpecification.1.Tag.2.Key", "Name"),
            ("TagSpecification.1.Tag.2.Value", "a <&> b"),
        ];
        let xml = self.call(region, &form).await;
        let of = |tag: &str| {
            let rest = xml.split(&format!("<{tag}>")).nth(1).unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        (of("instanceId"), of("privateIpAddress"))
    }

    async fn ask(&self, keys: &str) -> Result<Answer, ResolveError> {
        ask_at(&format!("http://{}", self.at), keys).await
    }
}

async fn ask_at(url: &str, keys: &str) -> Result<Answer, ResolveError> {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
    ];
    let io = Io::new(Environment::fixed(variables), SystemDns).with_http(RealHttp::default());
    let text = format!("provider=aws endpoint={url} {keys}");
    resolve(&Query::parse(&text).unwrap(), &io).await
}

#[tokio::test]
async fn moto_gives_the_running_instances_with_the_tag_of_one_region() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let region = "eu-west-1";
    let mut wanted = Vec::new();
    for _ in 0..3 {
        wanted.push(moto.run(region, "server").await.1);
    }
    wanted.sort_by_key(|ip| ip.parse::<std::net::Ipv4Addr>().unwrap());
    moto.run(region, "client").await;
    moto.run("us-east-2", "server").await;
    for action in ["StopInstances", "TerminateInstances"] {
        let (id, _ip) = moto.run(region, "server").await;
        moto.call(region, &[("Action", action), ("InstanceId.1", &id)])
            .await;
    }
    let keys = "region=eu-west-1 tag_key=role tag_value=server";
    let answer = moto.ask(keys).await.unwrap();
    assert_eq!(shown(&answer), wanted);
    assert!(answer.is_complete(), "{:?}", gaps(&answer));
    for contact in &answer.contacts {
        assert_eq!(contact.name.as_deref(), Some("a <&> b"));
        assert_eq!(contact.zone.as_deref(), Some("eu-west-1a"));
        assert_eq!(contact.tags["role"], "server");
    }
    let public = moto
        .ask(&format!("{keys} addr_type=public_v4"))
        .await
        .unwrap();
    assert_eq!(public.contacts.len(), 3, "{public:?}");
    let all = moto
        .ask("region=eu-west-1 tag_key=role tag_value=*")
        .await
        .unwrap();
    assert_eq!(all.contacts.len(), 4, "{:?}", shown(&all));
    let none = moto
        .ask("region=eu-west-1 tag_key=role tag_value=nobody")
        .await
        .unwrap();
    assert!(none.contacts.is_empty() && none.is_complete(), "{none:?}");
    let elsewhere = moto
        .ask("region=us-east-2 tag_key=role tag_value=server")
        .await
        .unwrap();
    assert_eq!(elsewhere.contacts.len(), 1, "{:?}", shown(&elsewhere));
}

/// Hands requests on to moto with a smaller page asked for; gives where, and how many there were.
async fn smaller_pages(moto: &Moto) -> (String, Arc<AtomicUsize>) {
    let (client, url) = (moto.client.clone(), format!("http://{}/", moto.at));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let hand_on = move |headers: HeaderMap, form: String| {
        counter.fetch_add(1, Ordering::Relaxed);
        assert!(form.contains("MaxResults=1000"), "{form}");
        let form = form.replace("MaxResults=1000", &format!("MaxResults={PAGE}"));
        let request = client.post(&url).body(form);
        async move {
            let of = |name: HeaderName| headers[name].clone();
            let request = request.header(CONTENT_TYPE, of(CONTENT_TYPE));
            let request = request.header(AUTHORIZATION, of(AUTHORIZATION));
            request.send().await.unwrap().text().await.unwrap()
        }
    };
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = tcp.local_addr().unwrap();
    let app = Router::new().route("/", post(hand_on));
    tokio::spawn(async move { axum::serve(tcp, app).await.unwrap() });
    (format!("http://{at}"), count)
}

#[tokio::test]
async fn every_page_of_moto_is_read() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let mut wanted = Vec::new();
    for _ in 0..MANY {
        wanted.push(moto.run("eu-west-1", "server").await.0);
    }
    wanted.sort();
    let (url, count) = smaller_pages(&moto).await;
    let keys = "region=eu-west-1 tag_key=role tag_value=server";
    let answer = ask_at(&url, keys).await.unwrap();
    assert!(answer.is_complete(), "{:?}", gaps(&answer));
    let ids = answer
        .seen
        .iter()
        .map(|(instance, _fate)| instance.id.clone());
    let mut found: Vec<String> = ids.map(Option::unwrap).collect();
    found.sort();
    assert_eq!(found, wanted);
    assert_eq!(count.load(Ordering::Relaxed), MANY.div_ceil(PAGE));
}

#[tokio::test]
async fn an_error_of_moto_is_an_error() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let error = moto
        .ask("region=eu-nowhere-9 tag_key=role tag_value=server")
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
}
