//! Reads requests, compares them with what was recorded, and answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::hostile::play_hostile;
use super::take::Play;
use super::{Asked, State};

pub(super) async fn serve(mut stream: TcpStream, addr: SocketAddr, state: Arc<Mutex<State>>) {
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
