//! `discover`: resolves a `provider=...` string as an agent would, and prints the addresses.

use std::error::Error;

use quorate_providers::{Answer, Io, Query};

use super::{Failure, World};

/// Resolves a config string of -retry-join and prints the addresses, one per line
///
/// Ends with code 3 if the answer has gaps; each is named on standard error.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate discover 'provider=aws tag_key=role tag_value=server'")]
pub(super) struct Discover {
    /// The string; if the shell cut it at its spaces, the pieces
    #[arg(value_name = "STRING", required = true)]
    words: Vec<String>,
}

impl Discover {
    /// Resolves and prints; false if the answer has gaps.
    pub(super) async fn run(self, world: &mut World) -> Result<bool, Failure> {
        let query = Query::parse(&self.words.join(" "));
        let query = query.map_err(|error| Failure::new(chain("Error in the string", &error)))?;
        let answer = quorate_providers::resolve(&query, &Io::real()).await;
        let answer = answer.map_err(|error| Failure::new(chain("Error resolving", &error)))?;
        Ok(print(&answer, world))
    }
}

fn print(answer: &Answer, world: &mut World) -> bool {
    for contact in &answer.contacts {
        world.out.line(contact.to_string());
    }
    for gap in &answer.gaps {
        world
            .out
            .problem(chain(&format!("missing: {}", gap.part), &gap.error));
    }
    answer.is_complete()
}

/// An error with its causes, one per line.
fn chain(what: &str, error: &dyn Error) -> String {
    let mut lines = vec![format!("{what}: {error}")];
    let mut cause = error.source();
    while let Some(error) = cause {
        lines.push(format!("  because: {error}"));
        cause = error.source();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use quorate_providers::{Contact, Gap, Host, Kind, ResolveError};

    use super::*;
    use crate::cli::tests::Captured;

    #[test]
    fn addresses_go_to_one_stream_and_gaps_to_the_other() {
        let contact = |ip: &str, port| Contact {
            port,
            ..Contact::new(Host::Ip(ip.parse::<IpAddr>().unwrap()))
        };
        let cause = std::io::Error::other("connection reset");
        let error = ResolveError::new(Kind::Unavailable, "aws", "DescribeInstances");
        let mut answer = Answer {
            contacts: vec![
                contact("10.0.0.5", None),
                contact("2001:db8::5", Some(8301)),
            ],
            ..Answer::default()
        };
        let (mut world, captured) = Captured::world([]);
        assert!(print(&answer, &mut world));
        assert_eq!(captured.stdout(), "10.0.0.5\n[2001:db8::5]:8301\n");
        assert_eq!(captured.stderr(), "");

        answer.contacts.clear();
        answer.gaps.push(Gap {
            part: "page 3".to_owned(),
            error: error.with_source(cause),
        });
        let (mut world, captured) = Captured::world([]);
        assert!(!print(&answer, &mut world));
        assert_eq!(captured.stdout(), "");
        let gap = captured.stderr();
        assert!(
            gap.starts_with("missing: page 3: aws: DescribeInstances: "),
            "{gap}"
        );
        assert!(gap.ends_with("\n  because: connection reset\n"), "{gap}");
    }
}
