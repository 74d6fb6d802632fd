//! TLS between agents: reads certificates and keys, holds what is in force, makes new ones.
//!
//! Knows nothing of what is sent. Who dials and who listens is the rpc room's; which files and
//! switches is the configuration's, whose words are Consul's (agent reference, 5.6). One provider of
//! cryptography, ring (design, section 2).
//!
//! What a certificate has to say is a name, `server.<datacenter>.consul`, never an address: agents
//! are found by address, and addresses change. That name is what makes a server a server.
//!
//! A session is never resumed: connections are few and live long, and what was proven under old
//! certificates shall not hold under new ones.

mod error;
mod fault;
mod files;
pub mod make;
mod material;
mod settings;
mod stream;
mod trouble;
mod verify;

pub use error::TlsError;
pub use fault::Fault;
pub use settings::{MinVersion, Settings, server_name};
pub use stream::{Accepted, TLS_FIRST_BYTE, alert, is_alert, linger};
pub use trouble::Trouble;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use material::Material;
use trouble::Troubles;

/// What is in force for the connections of an agent. Clones share it.
#[derive(Clone)]
pub struct Tls {
    material: Arc<ArcSwap<Material>>,
    troubles: Arc<Troubles>,
}

impl Default for Tls {
    /// Plain connections both ways.
    fn default() -> Self {
        Self::of(Material::default())
    }
}

impl Tls {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// The first file that cannot be used, with its path and what to do.
    pub fn load(settings: &Settings) -> Result<Self, TlsError> {
        Ok(Self::of(Material::load(settings)?))
    }

    fn of(material: Material) -> Self {
        Self {
            material: Arc::new(ArcSwap::from_pointee(material)),
            troubles: Arc::default(),
        }
    }

    /// Reads the files again; connections that stand go on, new ones go by what was read.
    ///
    /// # Errors
    /// As [`Tls::load`]; then what was in force stays.
    pub fn reload(&self, settings: &Settings) -> Result<(), TlsError> {
        self.material.store(Arc::new(Material::load(settings)?));
        Ok(())
    }

    /// Says whether a caller that speaks TLS is answered with it.
    pub fn takes_tls(&self) -> bool {
        self.material.load().server.is_some()
    }

    /// Says whether a caller that speaks plain is turned away.
    pub fn takes_tls_only(&self) -> bool {
        self.material.load().is_strict
    }

    /// Says whether connections are dialled with TLS.
    pub fn dials_tls(&self) -> bool {
        self.material.load().client.is_some()
    }

    /// Takes note that a connection did not come about, and says so in the log, not every time.
    pub fn note(&self, addr: SocketAddr, is_caller: bool, fault: &Fault) {
        self.troubles.note(addr, is_caller, fault);
    }

    /// Takes note that a request to an address was answered.
    pub fn well(&self, addr: SocketAddr) {
        self.troubles.well(addr);
    }

    /// What went wrong within a time, newest first.
    pub fn troubles(&self, within: Duration) -> Vec<Trouble> {
        self.troubles.within(within)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("takes_tls", &self.takes_tls())
            .field("takes_tls_only", &self.takes_tls_only())
            .field("dials_tls", &self.dials_tls())
            .finish_non_exhaustive()
    }
}
