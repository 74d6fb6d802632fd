//! The lower half of the EC2 stand-in: forms, documents, and connections that can be reset.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::http::{Response, StatusCode, header};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::Instance;

/// Reads `application/x-www-form-urlencoded`.
pub(super) fn decode_form(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    };
    text.split('&')
        .filter(|text| !text.is_empty())
        .map(pair)
        .collect()
}

fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts
        .next()
        .unwrap_or_default()
        .replace('+', " ")
        .into_bytes();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(digits, 16).ok());
        bytes.extend(rest.replace('+', " ").bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A page of instances, and the token of the next.
pub(super) fn document<'a>(page: impl Iterator<Item = &'a Instance>, next: Option<&str>) -> String {
    let mut xml = String::from(concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        r#"<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">"#,
        "<requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId><reservationSet>",
    ));
    for instance in page {
        xml.push_str("<item><reservationId>r-1</reservationId><instancesSet><item>");
        instance_element(&mut xml, instance);
        xml.push_str("</item></instancesSet></item>");
    }
    xml.push_str("</reservationSet>");
    if let Some(next) = next {
        element(&mut xml, "nextToken", next);
    }
    xml.push_str("</DescribeInstancesResponse>");
    xml
}

fn instance_element(xml: &mut String, instance: &Instance) {
    element(xml, "instanceId", &instance.id);
    xml.push_str("<instanceState><code>16</code>");
    element(xml, "name", &instance.state);
    xml.push_str("</instanceState><placement>");
    element(xml, "availabilityZone", &instance.zone);
    xml.push_str("</placement>");
    if let Some(private) = &instance.private_v4 {
        element(xml, "privateIpAddress", private);
    }
    if let Some(public) = &instance.public_v4 {
        element(xml, "ipAddress", public);
    }
    xml.push_str("<tagSet>");
    for (key, value) in &instance.tags {
        xml.push_str("<item>");
        element(xml, "key", key);
        element(xml, "value", value);
        xml.push_str("</item>");
    }
    xml.push_str("</tagSet><networkInterfaceSet>");
    for address in &instance.v6 {
        xml.push_str("<item><ipv6AddressesSet><item>");
        element(xml, "ipv6Address", address);
        xml.push_str("</item></ipv6AddressesSet></item>");
    }
    xml.push_str("</networkInterfaceSet>");
}

fn element(xml: &mut String, name: &str, text: &str) {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    for part in ["<", name, ">", &text, "</", name, ">"] {
        xml.push_str(part);
    }
}

/// An error in the API's form; `retry_after` in seconds.
pub(super) fn refusal(status: u16, code: &str, retry_after: Option<u32>) -> Response<Body> {
    let mut xml =
        String::from(r#"<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error>"#);
    element(&mut xml, "Code", code);
    element(&mut xml, "Message", "a stand-in says no");
    xml.push_str(
        "</Error></Errors><RequestID>ea966190-f9aa-478e-9ede-EXAMPLE</RequestID></Response>",
    );
    let mut response = reply(status, xml.into());
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// An answer of type XML, whatever the body is.
pub(super) fn reply(status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let xml = header::HeaderValue::from_static("text/xml;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, xml);
    response
}

/// Set on a connection that is to be reset at its next write.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Has the connection reset.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Door>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().cut.clone()
    }
}

/// A listener whose connections can be reset.
pub(super) struct Door {
    tcp: TcpListener,
}

impl Door {
    /// Opens on a listener.
    pub(super) const fn new(tcp: TcpListener) -> Self {
        Self { tcp }
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, addr) = Listener::accept(&mut self.tcp).await;
        let cut = Cut::default();
        (Wire { stream, cut }, addr)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A connection that can be reset.
pub(super) struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut.0.load(Ordering::Relaxed) {
            // The server drops the stream after an error; with this, its end is a reset.
            self.stream.set_zero_linger()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
