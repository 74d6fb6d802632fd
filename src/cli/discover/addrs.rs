//! `discover addrs`: go-discover's command, word for word (provider reference, 2.3).
//!
//! The words are joined by single spaces to one string, and its addresses are printed on one line,
//! an empty line if there are none. The log goes to standard error, without `-q`. Where go-discover
//! is silent or knows no better, this is not: an error is always told, and an answer with gaps ends
//! with code 3.

use quorate_providers::{Io, Limits, PROVIDERS};

use super::lookups::{Lookups, Outcome, problems};
use super::{Count, Failure, World};

/// Resolves the string and prints the line; gives the exit code.
pub(super) async fn run(
    text: &str,
    is_quiet: bool,
    limits: &Limits,
    at_least: usize,
    world: &mut World,
) -> Result<u8, Failure> {
    if !is_quiet {
        let names: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name()).collect();
        let names = names.join(" ");
        world.out.problem(format!("Registered providers: {names}"));
    }
    let texts = [text.to_owned()];
    let mut count = Count::default();
    let mut failure = None;
    let lookups = Lookups::new(&texts, Io::real(), *limits);
    lookups
        .run(|ended| {
            count.add(&ended.outcome);
            if let Outcome::Answered(_) = ended.outcome {
                let found = ended.addresses();
                count.found = found.len();
                world.out.line(found.join(" "));
                lookups.tell_problems(&ended, world);
            } else {
                failure = Some(problems(ended.text, &ended.outcome).join("\n"));
            }
        })
        .await;
    match failure {
        Some(failure) => Err(Failure::new(failure)),
        None => Ok(count.code(at_least)),
    }
}
