//! `tls ca create`: the CA that all agents of a cluster trust.

use super::{check_word, save};
use crate::cli::{Failure, World};
use crate::tls::make::Ca;

/// Makes a CA: DOMAIN-agent-ca.pem, which every agent gets, and DOMAIN-agent-ca-key.pem, which no
/// agent gets
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// How long it is valid, in days
    #[arg(long, value_name = "DAYS", default_value_t = 1825)]
    days: u32,

    /// Domain, which is the first word of the files' names
    #[arg(long, value_name = "DOMAIN", default_value = "consul")]
    domain: String,

    /// Name of the CA; without it, one that no other has
    #[arg(long = "common-name", value_name = "NAME")]
    common_name: Option<String>,

    /// Allow it to sign for names in the domain and for localhost only
    #[arg(long = "name-constraint")]
    name_constraint: bool,

    /// With -name-constraint: another domain to allow; may be repeated
    #[arg(long = "additional-name-constraint", value_name = "DOMAIN")]
    additional: Vec<String>,
}

impl Create {
    pub(super) fn run(self, world: &mut World) -> Result<(), Failure> {
        check_word("domain", &self.domain)?;
        let mut domains = self.additional;
        if self.name_constraint {
            domains.extend([self.domain.clone(), "localhost".to_owned()]);
        } else if !domains.is_empty() {
            return Err(Failure::new(
                "-additional-name-constraint is for use with -name-constraint",
            ));
        }
        let unique = || format!("Quorate Agent CA {:032x}", rand::random::<u128>());
        let ca = Ca {
            common_name: self.common_name.unwrap_or_else(unique),
            days: self.days,
            domains,
        };
        let made = ca.make().map_err(|error| Failure::new(error.to_string()))?;
        let name = format!("{}-agent-ca", self.domain);
        save(
            &made,
            &format!("{name}.pem"),
            &format!("{name}-key.pem"),
            world,
        )
    }
}
