//! Scenario A8, d, e and h: a wrong secret or number is named on both sides, and what mends it is
//! one line in the config of the one that has it; nobody else is touched, nothing stays on disk.

use super::*;

const RIGHT: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
const WRONG: &str = "ZmVkY2JhOTg3NjU0MzIxMA==";

/// Writes the n-th server's config file, and gives the flag that names it.
fn config(world: &World, n: u8, expect: u8, key: &str) -> String {
    let text = format!(
        "server = true\nbootstrap_expect = {expect}\nencrypt = \"{key}\"\nretry_join = {:?}\n",
        [1, 2, 3].map(|n| world.addr(n).to_string())
    );
    let file = world.write(&format!("n{n}.hcl"), &text);
    format!("-config-file={}", file.display())
}

fn three(world: &World, expects: [u8; 3], keys: [&str; 3]) -> [Agent; 3] {
    [1, 2, 3].map(|n| {
        let at = usize::from(n - 1);
        world.agent(n, &[&config(world, n, expects[at], keys[at])])
    })
}

/// Whether any file below a directory holds the text.
fn holds(dir: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn a_wrong_gossip_key_is_mended_in_one_config_and_leaves_nothing_on_disk() {
    let world = World::new();
    let [first, second, mut third] = three(&world, [3; 3], [RIGHT, RIGHT, WRONG]);
    let fault = listening(&[&first, &second, &third]).await;
    all_say(fault, "gossip-key-mismatch", &[&first, &second, &third]).await;
    third.kill().await;
    for key in [RIGHT, WRONG] {
        assert!(!holds(&world.path("data-3"), key), "a key is on disk");
    }
    config(&world, 3, 3, RIGHT);
    third.restart();
    for agent in [&first, &second, &third] {
        ready(agent).await;
        agent.write(&format!("by/{}", agent.addr()), "1").await;
    }
}

#[tokio::test]
async fn a_server_that_missed_a_change_of_the_key_is_named_and_mended_in_its_config() {
    let world = World::new();
    let [mut first, mut second, mut third] = three(&world, [3; 3], [WRONG; 3]);
    first.write("before", "1").await;
    let id = third.node_id().await;
    third.kill().await;
    for (n, agent) in [(1, &mut first), (2, &mut second)] {
        config(&world, n, 3, RIGHT);
        agent.kill().await;
        agent.restart();
    }
    first.led().await;
    third.restart();
    let fault = listening(&[&third]).await;
    all_say(fault, "gossip-key-mismatch", &[&third]).await;
    config(&world, 3, 3, RIGHT);
    third.kill().await;
    third.restart();
    ready(&third).await;
    assert_eq!(third.read("before").await, (200, "1".to_owned()));
    assert_eq!(third.node_id().await, id);
}

#[tokio::test]
async fn a_wrong_number_is_mended_in_one_config_and_the_others_found_without_a_restart() {
    let world = World::new();
    let [first, second, mut third] = three(&world, [3, 3, 5], [RIGHT; 3]);
    let fault = listening(&[&first, &second, &third]).await;
    for said in all_say(fault, "expect-mismatch", &[&first, &second]).await {
        let line = said["Line"].as_str().unwrap();
        assert!(line.contains("n3 says bootstrap_expect = 5"), "{line}");
    }
    config(&world, 3, 3, RIGHT);
    third.kill().await;
    third.restart();
    for agent in [&first, &second, &third] {
        ready(agent).await;
    }
}
