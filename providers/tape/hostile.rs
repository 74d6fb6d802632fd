//! Answers that no lookup may take for an answer.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::Asked;

use crate::Kind;

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
    /// The kind of error that it must become for a provider without words of its own for it.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Hang | Self::Endless => Kind::Timeout,
            Self::Reset | Self::Broken => Kind::Unavailable,
            Self::Busy | Self::TooMany => Kind::Throttled,
            Self::Unknown => Kind::Credentials,
            Self::Forbidden => Kind::Denied,
            _ => Kind::Answer,
        }
    }

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

/// Says whether the connection goes on.
pub(super) async fn play_hostile(stream: &mut TcpStream, hostile: Hostile, asked: &Asked) -> bool {
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
