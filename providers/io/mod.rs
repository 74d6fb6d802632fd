//! The doors to the world, and the only ones.
//!
//! Each door is a trait with a real and a fake side. Whatever a provider does not reach through
//! [`Io`] is in a vendor's SDK, which has its own endpoint setting for tests. [`Io::new`] opens two
//! doors and keeps the others shut: what then goes through one of those fails and says so.

mod clock;
pub(crate) mod dns;
mod environment;
mod exec;
mod files;
mod http;
mod real_http;
mod tls;

pub use clock::{Clock, FakeClock, SystemClock};
pub use dns::{
    Dns, DnsError, FakeDns, Found, Kept, Question, Record, RecordData, RecordKind, SystemDns,
};
pub use environment::Environment;
pub use exec::{Command, Exec, ExecError, FakeExec, Output, SystemExec};
pub use files::{FakeFiles, File, FileError, Files, SystemFiles};
pub use http::{Http, HttpError, Identity, Reply, Request, Route};
pub use real_http::RealHttp;

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
    http: Arc<dyn Http>,
    files: Arc<dyn Files>,
    exec: Arc<dyn Exec>,
    clock: Arc<dyn Clock>,
}

impl Io {
    /// The process's environment, and the system's resolver, network, files, programs and clock.
    pub fn real() -> Self {
        Self::new(Environment::Process, SystemDns)
            .with_http(RealHttp::default())
            .with_files(SystemFiles)
            .with_exec(SystemExec)
    }

    /// These two doors and the system's clock; the others are shut.
    pub fn new(environment: Environment, dns: impl Dns + 'static) -> Self {
        Self {
            environment,
            dns: Arc::new(dns),
            http: Arc::new(http::Shut),
            files: Arc::new(FakeFiles::default()),
            exec: Arc::new(FakeExec::default()),
            clock: Arc::new(SystemClock),
        }
    }

    /// With this door for HTTP.
    #[must_use]
    pub fn with_http(mut self, http: impl Http + 'static) -> Self {
        self.http = Arc::new(http);
        self
    }

    /// With this door for files.
    #[must_use]
    pub fn with_files(mut self, files: impl Files + 'static) -> Self {
        self.files = Arc::new(files);
        self
    }

    /// With this door for programs.
    #[must_use]
    pub fn with_exec(mut self, exec: impl Exec + 'static) -> Self {
        self.exec = Arc::new(exec);
        self
    }

    /// With this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The environment variables.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The resolver of names.
    pub fn dns(&self) -> &dyn Dns {
        &*self.dns
    }

    /// HTTP, one request at a time; providers use [`crate::Rest`], which adds the rest.
    pub fn http(&self) -> &dyn Http {
        &*self.http
    }

    /// Files.
    pub fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// Programs.
    pub fn exec(&self) -> &dyn Exec {
        &*self.exec
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}
