//! Certificates that do not fit: one for another name, and one that a wrong clock takes for
//! expired.

use super::*;
use crate::formation::tls::{Pki, flag};

/// The validity of a certificate is a year.
const LATER_S: i64 = 400 * 86_400;

/// Three servers with mutual TLS by name, the third as it is told, and a client.
fn four(world: &World, pki: &Pki, role: &str, env: Vec<(String, String)>) -> [Agent; 4] {
    let list = world.list(1..=3);
    let start = |n: u8, role: &str, env: Vec<(String, String)>| {
        let file = pki.mutual(world, &format!("{n}.hcl"), role);
        let file = flag(&file);
        let mut flags = vec![file.as_str()];
        flags.extend(list.iter().map(String::as_str));
        if n <= 3 {
            flags.extend(["-server", "-bootstrap-expect=3"]);
        }
        world.agent_in(n, &flags, env)
    };
    [
        start(1, "server", Vec::new()),
        start(2, "server", Vec::new()),
        start(3, role, env),
        start(4, "client", Vec::new()),
    ]
}

/// Waits until one of these logs such a line.
async fn one_logs(agents: &[&Agent], text: &str) -> String {
    eventually(text, || async {
        let logs: Vec<String> = agents.iter().map(|agent| agent.log_text()).collect();
        let mut lines = logs.iter().flat_map(|log| log.lines());
        let found = lines.find(|line| line.contains(text));
        found.map(ToOwned::to_owned)
    })
    .await
}

/// All say so in time; the third's logs and the others' hold these words.
async fn both_sides_say(agents: &[Agent; 4], here: &str, there: &str) {
    let [first, second, third, client] = agents;
    let fault = listening(&[first, second, third, client]).await;
    all_say(fault, "tls-mismatch", &[first, second, third, client]).await;
    for line in [
        one_logs(&[third], here).await,
        one_logs(&[first, second], there).await,
    ] {
        println!("{line}");
        assert!(line.contains("tls-mismatch"), "{line}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_named_on_both_sides() {
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let agents = four(&world, &pki, "client", Vec::new());
    let there = "it has to be for server.dc1.consul, and is for client.dc1.consul";
    both_sides_say(&agents, "it is not for the name", there).await;
}

#[tokio::test]
async fn a_clock_that_puts_certificates_out_of_date_is_named_on_both_sides() {
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let clock = Clock::new(&world);
    let agents = four(&world, &pki, "server", clock.env(LATER_S));
    let here = "it has expired; renew it, or set the clock";
    let there = "it is out of date there; renew it, or set the clock";
    both_sides_say(&agents, here, there).await;
}
