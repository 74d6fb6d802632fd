//! A name server on loopback, over UDP: address and service records that can be changed, all with
//! one time to live. It keeps every question.
//!
//! The form of its messages is that of RFC 1035, section 4, and RFC 2782.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Kinds of records, as on the wire.
const A: u16 = 1;
const SRV: u16 = 33;
/// The length of a message's head.
const HEAD: usize = 12;

/// What a name has.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Address(Ipv4Addr),
    /// A port and the name of a host.
    Service(u16, String),
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<String, Vec<Data>>,
    asked: Vec<String>,
}

/// The server; it ends when dropped.
#[derive(Debug)]
pub(crate) struct NameServer {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl NameServer {
    /// Starts it without any name.
    pub(crate) async fn start(ttl: u32) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let task = tokio::spawn(serve(socket, Arc::clone(&state), ttl));
        Self { addr, state, task }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Replaces all that it knows.
    pub(crate) fn set(&self, names: impl IntoIterator<Item = (String, Vec<Data>)>) {
        lock(&self.state).names = names.into_iter().collect();
    }

    /// The questions so far, such as `1 peers.example`, the number being the kind.
    pub(crate) fn asked(&self) -> Vec<String> {
        lock(&self.state).asked.clone()
    }
}

/// The state is whole after each change, so one that a panic left may be used.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(socket: UdpSocket, state: Arc<Mutex<State>>, ttl: u32) {
    let mut buffer = [0; 2_048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let reply = reply(&buffer[..length], &mut lock(&state), ttl);
        let _who_asked_is_gone = socket.send_to(&reply, from).await;
    }
}

/// Answers the one question of a message.
fn reply(message: &[u8], state: &mut State, ttl: u32) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = HEAD;
    while message[at] != 0 {
        let end = at + 1 + usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..end]).to_lowercase());
        at = end;
    }
    let name = labels.join(".");
    let kind = u16::from_be_bytes([message[at + 1], message[at + 2]]);
    let question = &message[HEAD..at + 5];
    state.asked.push(format!("{kind} {name}"));
    let known = state.names.get(&name);
    let records: Vec<Vec<u8>> = known
        .into_iter()
        .flatten()
        .filter_map(|data| record(data, kind, ttl))
        .collect();
    // A reply with authority; no such name is code 3.
    let flags = if known.is_some() { 0x8580 } else { 0x8583_u16 };
    let mut reply = message[..2].to_vec();
    let count = u16::try_from(records.len()).unwrap();
    for number in [flags, 1, count, 0, 0] {
        reply.extend(number.to_be_bytes());
    }
    reply.extend(question);
    reply.extend(records.concat());
    reply
}

/// A record of the name in question, if it is of the kind.
fn record(data: &Data, kind: u16, ttl: u32) -> Option<Vec<u8>> {
    let said = match (data, kind) {
        (Data::Address(ip), A) => ip.octets().to_vec(),
        (Data::Service(port, host), SRV) => {
            // Priority and weight, the same for all.
            let mut said = [1, 1, *port].map(u16::to_be_bytes).concat();
            for label in host.split('.') {
                said.push(u8::try_from(label.len()).unwrap());
                said.extend(label.as_bytes());
            }
            said.push(0);
            said
        }
        _ => return None,
    };
    // The name is that of the question, at the end of the head.
    let mut record = vec![0xc0, 12];
    record.extend([kind, 1].map(u16::to_be_bytes).concat());
    record.extend(ttl.to_be_bytes());
    record.extend(u16::try_from(said.len()).unwrap().to_be_bytes());
    record.extend(said);
    Some(record)
}
