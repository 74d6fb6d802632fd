//! The HTTP of the SDK's chain of credentials: metadata services, containers, web identities.
//!
//! One request at a time, within the times that the chain sets; it asks again by itself. What is
//! on the machine's own link is asked past any proxy: a metadata service answers nobody else.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use reqwest::Url;

use crate::{HttpError, Request, ResolveError, options};

use super::door::{Door, Signed, to_sdk};

/// The longest reply that is taken; a token of a workload identity has 2 KiB.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The time of a reply for which the chain sets none. Chosen: a busy STS answers within two.
const TIME_DEFAULT: Duration = Duration::from_secs(5);

/// HTTP, once each time.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    door: Door,
    time: Duration,
}

impl Chain {
    pub(super) const fn new(door: Door) -> Self {
        Self {
            door,
            time: TIME_DEFAULT,
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let internal = |error: ResolveError| ConnectorError::user(Box::new(error));
        let Signed {
            method,
            url,
            headers,
            body,
        } = Signed::from_sdk(request).map_err(internal)?;
        let lookup = self.door.lookup();
        let mut route = options::route(lookup).await.map_err(internal)?;
        if is_near(&url) {
            (route.https_proxy, route.http_proxy) = (None, None);
        }
        let sent = lookup.io.http().send(Request {
            method,
            url,
            headers,
            body,
            body_bytes_max: BODY_BYTES_MAX,
            route: Arc::new(route),
        });
        let time = self.time.min(self.door.left());
        match tokio::time::timeout(time, sent).await {
            Err(elapsed) => {
                self.door.note_silence();
                Err(ConnectorError::timeout(elapsed.into()))
            }
            Ok(Err(error)) => Err(failed(error)),
            Ok(Ok(reply)) => to_sdk(reply).map_err(internal),
        }
    }
}

fn failed(error: HttpError) -> ConnectorError {
    let is_passing = matches!(
        error,
        HttpError::Connect { .. } | HttpError::Broken { .. } | HttpError::Cut { .. }
    );
    let error = BoxError::from(error);
    if is_passing {
        ConnectorError::io(error)
    } else {
        ConnectorError::user(error)
    }
}

/// Says whether a server is on this machine or its link, as metadata services are.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_link_local() || ip.is_loopback(),
        // `fd00:ec2::254` is Amazon's.
        Ok(IpAddr::V6(ip)) => {
            ip.is_unicast_link_local()
                || ip.is_loopback()
                || ip.segments().starts_with(&[0xfd00, 0xec2])
        }
        Err(_name) => false,
    }
}

impl HttpClient for Chain {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connect = settings.connect_timeout().unwrap_or_default();
        let read = settings.read_timeout().unwrap_or(TIME_DEFAULT);
        SharedHttpConnector::new(Self {
            time: connect + read,
            ..self.clone()
        })
    }
}

impl HttpConnector for Chain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let chain = self.clone();
        HttpConnectorFuture::new(async move { chain.send(request).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metadata_service_is_near_and_an_api_is_not() {
        let rows = [
            ("http://169.254.169.254/latest/api/token", true),
            ("http://169.254.170.2/v2/credentials", true),
            ("http://[fd00:ec2::254]/latest/api/token", true),
            ("http://127.0.0.1:1338/", true),
            ("https://sts.eu-west-1.amazonaws.com/", false),
            ("http://10.0.0.1/", false),
            ("http://[2001:db8::1]/", false),
        ];
        for (url, wanted) in rows {
            assert_eq!(is_near(&Url::parse(url).unwrap()), wanted, "{url}");
        }
    }
}
