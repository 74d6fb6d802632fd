//! The gossip key is changed by reloads: nobody is missed, and who was down in the change returns
//! while its key is accepted (the demand study's scenario A8, e).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::support::{Agent, STEADY, World, Writer, eventually, quorate};

const OLD: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
const NEW: &str = "ZmVkY2JhOTg3NjU0MzIxMA==";

/// The rounds of a change: what is in force after each, the key that seals first.
const ROUNDS: [(&str, &[&str]); 3] = [(OLD, &[NEW]), (NEW, &[OLD]), (NEW, &[])];

/// Writes the n-th agent's config file, and gives the flag that names it.
fn set(world: &World, n: u8, (own, accepted): (&str, &[&str])) -> String {
    let text = format!("encrypt = {own:?}\nencrypt_accept = {accepted:?}\n");
    let file = world.write(&format!("n{n}.hcl"), &text);
    format!("-config-file={}", file.display())
}

/// Starts servers n1 to n3 with the old key.
fn servers(world: &World) -> [Agent; 3] {
    [1, 2, 3].map(|n| {
        let file = set(world, n, (OLD, &[]));
        let mut flags = vec!["-server", "-bootstrap-expect=3", STEADY, &file];
        let list = world.list(1..=3);
        flags.extend(list.iter().map(String::as_str));
        world.agent(n, &flags)
    })
}

async fn says(agent: &Agent, code: &str) {
    eventually(&format!("{} says {code}", agent.addr()), || async {
        let (_, body) = agent.try_get("/v1/agent/why").await?;
        let said: Value = serde_json::from_str(&body).ok()?;
        (said["Code"] == code).then_some(())
    })
    .await;
}

async fn reload(agent: &Agent) {
    let (status, body) = agent.put("/v1/agent/reload", "").await;
    assert_eq!(status, 200, "{body}");
}

/// What an agent shows of each of its keys, by fingerprint.
async fn shown(agent: &Agent) -> BTreeMap<String, String> {
    let own = agent.get_json("/v1/agent/self").await;
    serde_json::from_value(own["Stats"]["gossip_keys"].clone()).unwrap()
}

/// The fingerprint of the key of which an agent shows a text that begins so.
async fn fingerprint(agent: &Agent, begin: &str) -> String {
    let shown = shown(agent).await;
    let mut found = shown.iter().filter(|(_, text)| text.starts_with(begin));
    found.next().unwrap().0.clone()
}

/// Waits until an agent shows that it heard another one by a key that does not seal there.
async fn hears(agent: &Agent, key: &str, from: &Agent) {
    let end = format!("s ago from {}", from.addr());
    eventually(&format!("{} opens with {key}", agent.addr()), || async {
        let text = shown(agent).await.remove(key)?;
        (text.starts_with("accepted, opened ") && text.ends_with(&end)).then_some(())
    })
    .await;
}

/// Nobody was missed, nothing was left unopened, and no key is in the log.
async fn was_quiet(agent: &Agent) {
    let log = agent.log_text();
    for text in ["EventMemberFailed", "turned away", OLD, NEW] {
        assert!(!log.contains(text), "{text}:\n{log}");
    }
    assert_eq!(agent.stat("serf_lan", "refused_key").await, "0");
}

/// A file with a bad key is refused in one line that shows no key, and the agent goes on as before.
async fn a_bad_key_changes_nothing(world: &World, agent: &Agent) {
    let before = shown(agent).await;
    set(world, 1, (NEW, &["bm90IGEga2V5"]));
    let (status, body) = agent.put("/v1/agent/reload", "").await;
    assert_eq!(status, 500);
    agent.signal("HUP").await;
    let line = agent.logged("settings not reloaded").await;
    for said in [body, line] {
        for text in [
            "n1.hcl:2:19: encrypt_accept = ",
            "hidden",
            "is a key of 9 bytes",
        ] {
            assert!(said.contains(text), "{said}");
        }
        assert!(!said.contains("bm90"), "{said}");
    }
    assert_eq!(shown(agent).await, before);
}

/// Gossip that is sealed does not become plain while it runs.
async fn no_key_at_all_needs_a_restart(world: &World, agent: &Agent) {
    let before = shown(agent).await;
    world.write("n1.hcl", "");
    reload(agent).await;
    let line = agent.logged("changed settings need a restart").await;
    assert!(line.ends_with("settings=encrypt"), "{line}");
    assert_eq!(shown(agent).await, before);
}

#[tokio::test]
async fn a_gossip_key_is_changed_by_reloads_and_nobody_is_missed_while_a_client_writes() {
    let world = World::new();
    let servers = servers(&world);
    let (file, list) = (set(&world, 4, (OLD, &[])), world.list([1]));
    let client = Arc::new(world.agent(4, &[&file, &list[0]]));
    let agents: Vec<&Agent> = servers.iter().chain([&*client]).collect();
    for agent in &agents {
        says(agent, "ready").await;
        agent.sees(4).await;
    }
    let writer = Writer::start(Arc::clone(&client));
    a_bad_key_changes_nothing(&world, &servers[0]).await;
    no_key_at_all_needs_a_restart(&world, &servers[0]).await;

    let old = fingerprint(&servers[0], "seals").await;
    for keys in ROUNDS {
        for (n, agent) in (1..).zip(&agents) {
            set(&world, n, keys);
            reload(agent).await;
            if (n, keys) == (1, ROUNDS[1]) {
                // In the middle of the round, each of the two keys is in use.
                hears(&servers[0], &old, &servers[1]).await;
                let new = fingerprint(&servers[0], "seals").await;
                hears(&servers[1], &new, &servers[0]).await;
            }
        }
        writer.more().await;
    }
    assert_eq!(writer.failures().await, Vec::<String>::new());
    let new = fingerprint(&servers[0], "seals").await;
    let by_both = format!("key={new} accepted={old}");
    for agent in &agents {
        agent.logged(&by_both).await;
        assert_eq!(
            shown(agent).await,
            BTreeMap::from([(new.clone(), "seals".to_owned())])
        );
        agent.sees(4).await;
        says(agent, "ready").await;
        was_quiet(agent).await;
    }
    let api = format!("{}:8500", servers[0].addr());
    let printed = quorate(&["info"], Some(api)).await.stdout;
    assert!(printed.contains(&format!("\t{new} = seals")), "{printed}");
}

#[tokio::test]
async fn a_server_that_was_down_in_a_change_of_the_key_returns_while_its_key_is_accepted() {
    let world = World::new();
    let [first, second, mut third] = servers(&world);
    for agent in [&first, &second, &third] {
        says(agent, "ready").await;
    }
    for (n, agent) in [(1, &first), (2, &second), (3, &third)] {
        set(&world, n, ROUNDS[0]);
        reload(agent).await;
    }
    let old = fingerprint(&first, "seals").await;
    third.kill().await;
    for (n, agent) in [(1, &first), (2, &second)] {
        set(&world, n, ROUNDS[1]);
        reload(agent).await;
    }
    // It still seals with the old key, and whoever would take that out sees who does.
    third.restart();
    says(&third, "ready").await;
    for agent in [&first, &second, &third] {
        agent.sees(3).await;
    }
    hears(&first, &old, &third).await;

    third.kill().await;
    for (n, agent) in [(1, &first), (2, &second)] {
        set(&world, n, ROUNDS[2]);
        reload(agent).await;
    }
    third.restart();
    says(&third, "gossip-key-mismatch").await;
    let why = third.get_json("/v1/agent/why").await;
    let line = why["Line"].as_str().unwrap();
    assert!(line.contains(&format!("(mine {old})")), "{line}");
    first.logged("turned away").await;
    // What mends it needs no restart.
    set(&world, 3, ROUNDS[2]);
    reload(&third).await;
    says(&third, "ready").await;
    for agent in [&first, &second, &third] {
        agent.sees(3).await;
    }
}
