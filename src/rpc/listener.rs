//! The server port: accepts connections, greets each, and serves it until told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::inbound::Inbound;
use super::{HelloError, Identity, Limits, Remote, RpcError, Service, hello};
use crate::host::{self, Host, Refused, Stream};
use crate::tls::{self, Accepted, Fault, TLS_FIRST_BYTE};

/// How long accepting rests after the system refused one, mostly for want of file descriptors:
/// long enough not to spin, short enough not to be noticed.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// A bound server port.
#[derive(Debug)]
pub struct Listener {
    socket: Box<dyn host::Listener>,
    addr: SocketAddr,
    identity: Identity,
    limits: Limits,
}

impl Listener {
    /// Binds the address; port 0 takes a free one. From here on others may connect, and wait
    /// until [`Listener::serve`] runs. Called in a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`RpcError::AddressInUse`], and [`RpcError::Bind`] for anything else.
    pub fn bind(host: &dyn Host, addr: SocketAddr, identity: Identity) -> Result<Self, RpcError> {
        Self::with_limits(host, addr, identity, Limits::default())
    }

    /// As [`Listener::bind`], with other limits.
    ///
    /// # Errors
    ///
    /// As [`Listener::bind`].
    pub fn with_limits(
        host: &dyn Host,
        addr: SocketAddr,
        identity: Identity,
        limits: Limits,
    ) -> Result<Self, RpcError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => RpcError::AddressInUse { addr },
            _ => RpcError::Bind {
                addr,
                source: Arc::new(error),
            },
        };
        let socket = host.listen(addr).map_err(failed)?;
        let addr = socket.addr();
        Ok(Self {
            socket,
            addr,
            identity,
            limits,
        })
    }

    /// The address that was bound, with its real port.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` is there; then takes no more requests and gives those that run
    /// [`Limits::drain`] to be answered.
    ///
    /// # Panics
    ///
    /// With the panic of a service's call, if there is one: half an agent is worse than none.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the port and every connection at once.
    pub async fn serve<S: Service>(self, service: Arc<S>, shutdown: impl Future<Output = ()>) {
        let Self {
            socket,
            identity,
            limits,
            ..
        } = self;
        let door = Arc::new(Door {
            service,
            identity,
            limits,
            running_total: Arc::new(Semaphore::new(limits.running_total)),
            stop: CancellationToken::new(),
        });
        let mut serving = JoinSet::new();
        let mut refused = Refused::default();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = serving.join_next() => pass_panic_on(ended).unwrap_or_default(),
                (stream, from) = accept(&*socket, &mut refused) => {
                    if serving.len() < limits.connections {
                        serving.spawn(Arc::clone(&door).serve(stream, from));
                    } else {
                        tracing::debug!(addr = %from, "closed a connection above the limit");
                    }
                }
            }
        }
        drop(socket);
        door.stop.cancel();
        let drained = timeout(limits.drain, async {
            while let Some(ended) = serving.join_next().await {
                pass_panic_on(ended).unwrap_or_default();
            }
        });
        if drained.await.is_err() {
            tracing::debug!(
                count = serving.len(),
                "closed connections with requests unanswered"
            );
        }
    }
}

/// Takes the next connection. What the system refuses is mostly a want of file descriptors, and
/// passes.
async fn accept(socket: &dyn host::Listener, refused: &mut Refused) -> (Stream, SocketAddr) {
    loop {
        match socket.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                if let Some(count) = refused.tell() {
                    tracing::warn!(%error, count, "accept a connection from another agent");
                }
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// What the connections of a listener share.
#[derive(Debug)]
pub(super) struct Door<S> {
    /// Answers requests.
    pub(super) service: Arc<S>,
    /// Who we are.
    pub(super) identity: Identity,
    /// The bounds.
    pub(super) limits: Limits,
    /// One permit per request that may yet run, over all connections.
    pub(super) running_total: Arc<Semaphore>,
    /// Set when no more requests are to be taken.
    pub(super) stop: CancellationToken,
}

impl<S: Service> Door<S> {
    /// Greets one connection and serves it to its end.
    async fn serve(self: Arc<Self>, stream: Stream, from: SocketAddr) {
        let greeted = tokio::select! {
            greeted = timeout(self.limits.hello, self.greet(stream, from)) => greeted,
            () = self.stop.cancelled() => return,
        };
        match greeted.unwrap_or(Err(HelloError::Slow)) {
            Ok(Some((accepted, remote))) => {
                let Accepted {
                    stream,
                    may_be_server,
                } = accepted;
                let inbound = Inbound::new(self, remote, may_be_server);
                let ended = inbound.run(stream).await;
                tracing::debug!(addr = %from, ?ended, "connection ended");
            }
            // The conflict is counted and reported by the identity.
            Ok(None) => {}
            Err(error) => {
                if let HelloError::Tls(fault) = &error {
                    self.identity.tls().note(from, true, fault);
                }
                tracing::debug!(addr = %from, %error, "closed a connection at its hello");
            }
        }
    }

    /// Reads the caller's hello and answers with ours. Answers a conflict and another version
    /// too, so that the caller learns whom it met; `None` is a conflict.
    async fn greet(
        &self,
        stream: Stream,
        addr: SocketAddr,
    ) -> Result<Option<(Accepted, Arc<Remote>)>, HelloError> {
        let (first, mut accepted) = self.open(stream).await?;
        let stream = &mut accepted.stream;
        let party = match hello::receive(first, stream).await {
            Ok(party) => party,
            Err(error) => {
                if matches!(error, HelloError::Version { .. }) {
                    hello::send(stream, &self.identity).await?;
                }
                return Err(error);
            }
        };
        let remote = Remote { party, addr };
        let admitted = self.identity.admit(&remote, remote.party.cluster);
        hello::send(stream, &self.identity).await?;
        Ok(admitted.is_ok().then(|| (accepted, Arc::new(remote))))
    }

    /// Finds out what the caller speaks and answers in kind, or tells it that it cannot be; gives
    /// the first byte of its hello.
    async fn open(&self, mut stream: Stream) -> Result<(u8, Accepted), HelloError> {
        let tls = self.identity.tls();
        let first = hello::first(&mut stream).await?;
        if first == TLS_FIRST_BYTE {
            if !tls.takes_tls() {
                hello::send_bare(&mut stream).await?;
                tls::linger(&mut stream).await;
                return Err(HelloError::Tls(Fault::CallsWithTls));
            }
            let mut accepted = tls.accept(stream).await.map_err(HelloError::Tls)?;
            let first = hello::first(&mut accepted.stream).await?;
            return Ok((first, accepted));
        }
        if first == hello::FIRST_BYTE && tls.takes_tls_only() {
            tls::alert(&mut stream).await;
            return Err(HelloError::Tls(Fault::CallsInPlain));
        }
        let accepted = Accepted {
            stream,
            may_be_server: tls.lets_plain_be_server(),
        };
        Ok((first, accepted))
    }
}

/// What a task gave; goes down with one that panicked. `None` if it was aborted.
pub(super) fn pass_panic_on<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(given) => Some(given),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_aborted)) => None,
    }
}
