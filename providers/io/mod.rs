//! The doors to the world: environment variables and host names.
//!
//! Whatever a provider does not reach through [`Io`] is in the vendor's SDK, which has its own
//! endpoint setting for tests. Tests open a fake door; nothing then leaves the process.

mod dns;
mod environment;

pub use dns::{Dns, DnsError, FakeDns, Found, SystemDns};
pub use environment::Environment;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future, since a trait object cannot return an unnamed one.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything that a lookup may reach. Clones share the doors.
#[derive(Debug, Clone)]
pub struct Io {
    environment: Environment,
    dns: Arc<dyn Dns>,
}

impl Io {
    /// The environment of the process and the resolver of the system.
    pub fn real() -> Self {
        Self::new(Environment::Process, SystemDns)
    }

    /// Doors of one's own.
    pub fn new(environment: Environment, dns: impl Dns + 'static) -> Self {
        Self {
            environment,
            dns: Arc::new(dns),
        }
    }

    /// The environment variables.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The resolver of host names.
    pub fn dns(&self) -> &dyn Dns {
        &*self.dns
    }
}
