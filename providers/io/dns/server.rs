//! A name server on loopback that says what it was told, over UDP and TCP on one port.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// What is said of one name and kind.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// These records, for so many seconds.
    Records(u32, Vec<RData>),
    /// As `Records`; over UDP only that there is more.
    Truncated(u32, Vec<RData>),
    /// There is no such name.
    NoName,
    /// The server fails.
    Fails,
}

type Zone = BTreeMap<(Name, RecordType), Said>;

#[derive(Debug, Default)]
struct State {
    zone: Zone,
    asked: Vec<String>,
}

/// The server.
#[derive(Debug)]
pub(crate) struct DnsServer {
    pub(crate) addr: SocketAddr,
    state: Arc<Mutex<State>>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// An SRV record.
pub(crate) fn srv(priority: u16, weight: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(
        priority,
        weight,
        port,
        Name::from_str(target).unwrap(),
    ))
}

/// An address record.
pub(crate) fn address(ip: &str) -> RData {
    match ip.parse().unwrap() {
        IpAddr::V4(ip) => RData::A(ip.into()),
        IpAddr::V6(ip) => RData::AAAA(ip.into()),
    }
}

impl DnsServer {
    /// Says this of whole names and kinds; of other kinds of a known name that there is no record,
    /// of other names that there is none.
    pub(crate) async fn start(zone: impl IntoIterator<Item = (&str, RecordType, Said)>) -> Self {
        let entry =
            |(name, kind, said): (&str, _, _)| ((Name::from_str(name).unwrap(), kind), said);
        let zone = zone.into_iter().map(entry).collect();
        let (udp, tcp) = sockets().await;
        let addr = udp.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            zone,
            ..State::default()
        }));
        let tasks = [
            tokio::spawn(serve_udp(udp, Arc::clone(&state))),
            tokio::spawn(serve_tcp(tcp, Arc::clone(&state))),
        ];
        Self { addr, state, tasks }
    }

    /// The questions so far, such as `udp A a.example.`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

/// A port that is free for both.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn serve_udp(socket: UdpSocket, state: Arc<Mutex<State>>) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let reply = reply(&buffer[..length], "udp", &state);
        let _sent = socket.send_to(&reply, from).await;
    }
}

async fn serve_tcp(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that goes ends its connection.
        let _gone = serve_stream(stream, &state).await;
    }
}

async fn serve_stream(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await?;
        let reply = reply(&bytes, "tcp", state);
        stream.write_u16(reply.len().try_into().unwrap()).await?;
        stream.write_all(&reply).await?;
    }
}

fn reply(bytes: &[u8], way: &str, state: &Mutex<State>) -> Vec<u8> {
    let asked = Message::from_vec(bytes).unwrap();
    let query = asked.queries[0].clone();
    let (name, kind) = (query.name().to_lowercase(), query.query_type());
    let mut state = state.lock().unwrap();
    state.asked.push(format!("{way} {kind} {name}"));
    let is_name = state.zone.keys().any(|(known, _)| *known == name);
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata.recursion_desired = true;
    reply.metadata.recursion_available = true;
    match state.zone.get(&(name.clone(), kind)) {
        Some(Said::Truncated(..)) if way == "udp" => reply.metadata.truncation = true,
        Some(Said::Records(ttl, all) | Said::Truncated(ttl, all)) => {
            let record = |data: &RData| Record::from_rdata(name.clone(), *ttl, data.clone());
            reply.answers = all.iter().map(record).collect();
        }
        Some(Said::Fails) => reply.metadata.response_code = ResponseCode::ServFail,
        Some(Said::NoName) => reply.metadata.response_code = ResponseCode::NXDomain,
        None if !is_name => reply.metadata.response_code = ResponseCode::NXDomain,
        None => {}
    }
    reply.add_query(query);
    reply.to_vec().unwrap()
}
