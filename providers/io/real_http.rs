//! HTTP over the network: reqwest on rustls.
//!
//! Connections are kept per [`Route`], so that the pages of one lookup share one. Nothing is taken
//! from the process's environment, no reply is unpacked, and no redirect is followed.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy, Response};

use super::http::{Http, HttpError, Reply, Request, Route};
use super::{BoxFuture, tls};

/// The most routes whose connections are kept. Chosen: an agent has a handful of sources.
const CLIENTS_MAX: usize = 16;

/// The longest wait for a connection with its TLS. Chosen: three resends of a lost SYN.
const CONNECT_MAX: Duration = Duration::from_secs(8);

/// The most errors of one chain that are told.
const CAUSES_MAX: usize = 8;

/// HTTP/1.1 and HTTP/2 over TCP and TLS.
#[derive(Debug, Default)]
pub struct RealHttp {
    clients: Mutex<Vec<(Route, Client)>>,
}

impl Http for RealHttp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Reply, HttpError>> {
        Box::pin(async move {
            let client = self.client(&request.route)?;
            let call = client
                .request(request.method, request.url)
                .headers(request.headers)
                .body(request.body);
            match call.send().await {
                Ok(response) => read(response, request.body_bytes_max).await,
                Err(error) if error.is_connect() || error.is_builder() => Err(HttpError::Connect {
                    cause: causes(error),
                }),
                Err(error) => Err(HttpError::Broken {
                    cause: causes(error),
                }),
            }
        })
    }
}

impl RealHttp {
    fn client(&self, route: &Route) -> Result<Client, HttpError> {
        // A thread that panicked here left a list that is whole.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(known, _)| known == route) {
            return Ok(client.clone());
        }
        let client = build(route)?;
        if clients.len() >= CLIENTS_MAX {
            clients.remove(0);
        }
        clients.push((route.clone(), client.clone()));
        Ok(client)
    }
}

fn build(route: &Route) -> Result<Client, HttpError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls::config(route)?)
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_MAX)
        .user_agent(concat!("quorate-providers/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    let wrong = |what, error: reqwest::Error| HttpError::Route {
        what,
        why: causes(error),
    };
    let except = || NoProxy::from_string(&route.no_proxy);
    if let Some(url) = &route.https_proxy {
        let proxy = Proxy::https(url).map_err(|error| wrong("the proxy", error))?;
        builder = builder.proxy(proxy.no_proxy(except()));
    }
    if let Some(url) = &route.http_proxy {
        let proxy = Proxy::http(url).map_err(|error| wrong("the proxy", error))?;
        builder = builder.proxy(proxy.no_proxy(except()));
    }
    builder.build().map_err(|error| wrong("the route", error))
}

async fn read(mut response: Response, bytes_max: usize) -> Result<Reply, HttpError> {
    let too_large = || HttpError::TooLarge { bytes_max };
    let announced = response.content_length().unwrap_or_default();
    if announced > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| HttpError::Cut {
            cause: causes(error),
        })?;
        let Some(chunk) = chunk else {
            return Ok(Reply {
                status,
                headers,
                body,
            });
        };
        if body.len() + chunk.len() > bytes_max {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
}

/// What lies behind an error, on one line, without the address, which may hold a secret.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut texts: Vec<String> = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(cause) = next.filter(|_| texts.len() < CAUSES_MAX) {
        let text = cause.to_string();
        if !texts.iter().any(|told| told.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}
