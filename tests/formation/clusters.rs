//! Two clusters side by side: no address, directory, list or operator merges them.

use super::pair::{Pair, Seal, names_both, refused};
use crate::support::{Agent, eventually, quorate};

#[tokio::test]
async fn an_operator_who_joins_the_wrong_cluster_merges_nothing() {
    for seal in [Seal::Plain, Seal::SameKey, Seal::OwnKeys] {
        let pair = Pair::form(seal).await;
        let before = pair.facts().await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        let watch = pair.watch();
        for (from, to) in [("x1", "y1"), ("x3", "y2"), ("y1", "x3")] {
            let (from, to) = (pair.agent(from), pair.agent(to));
            let address = to.addr().to_string();
            let http = format!("{}:8500", from.addr());
            let said = quorate(&["join", &address], Some(http)).await;
            assert_eq!(said.code, Some(1), "{said:?}");
            if matches!(seal, Seal::OwnKeys) {
                assert!(said.stderr.contains("gossip key mismatch"), "{said:?}");
                refused(to, seal).await;
                continue;
            }
            for id in x.iter().chain(&y) {
                assert!(said.stderr.contains(id), "{said:?}");
            }
            for side in [from, to] {
                refused(side, seal).await;
                let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
                names_both(side, "cluster-conflict", &ids).await;
            }
        }
        watch.end().await;
        assert_eq!(pair.facts().await, before, "{seal:?}");
        assert_eq!((x.len(), y.len()), (1, 1));
    }
}

#[tokio::test]
async fn an_address_that_another_cluster_reuses_merges_nothing() {
    for seal in [Seal::Plain, Seal::SameKey, Seal::OwnKeys] {
        let mut pair = Pair::form(seal).await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        // A client of y takes the address of a dead client of x, and a server that of a server; or
        // each that of the other.
        let (client_at, server_at) = match seal {
            Seal::SameKey => (2, 3),
            Seal::Plain | Seal::OwnKeys => (3, 2),
        };
        pair.kill("x3").await;
        pair.kill("x2").await;
        for n in [2, 3] {
            std::fs::remove_dir_all(pair.world.path(&format!("data-{n}"))).unwrap();
        }
        let watch = pair.watch();
        pair.start("y4", client_at, &[11], false);
        pair.start("y5", server_at, &[11], true);
        for name in ["y4", "y5"] {
            eventually(&format!("{name} is in y"), || async {
                let id = pair.agent(name).stat("quorate", "cluster_id").await;
                y.contains(&id).then_some(())
            })
            .await;
            pair.agent(name).sees(5).await;
        }
        // x1 looks for the dead, and finds the others at their addresses.
        refused(pair.agent("x1"), seal).await;
        let (four, five) = (pair.agent("y4"), pair.agent("y5"));
        eventually("those at the old addresses count it too", || async {
            let key = if matches!(seal, Seal::OwnKeys) {
                "refused_key"
            } else {
                "refused_cluster"
            };
            let counts = [
                four.stat("serf_lan", key).await,
                five.stat("serf_lan", key).await,
            ];
            counts.iter().any(|count| count != "0").then_some(())
        })
        .await;
        if !matches!(seal, Seal::OwnKeys) {
            let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
            names_both(pair.agent("x1"), "cluster-conflict", &ids).await;
        }
        watch.end().await;
        assert_eq!(pair.ids('x').await, x);
        assert_eq!(pair.ids('y').await, y);
        // x has lost its majority; what is left of it is not mended by a stranger.
        assert_ne!(pair.agent("x1").try_put("/v1/kv/of", "?").await, Some(200));
        let (_, kept) = pair.agent("x1").get("/v1/kv/of?raw&stale").await;
        assert_eq!(kept, "x");
        assert_eq!(pair.agent("y1").read("of").await.1, "y");
        assert!(!pair.agent("x1").members(1).await.contains(&"y5".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_moves_to_another_cluster_with_its_directory_stays_out() {
    for seal in [Seal::Plain, Seal::SameKey, Seal::OwnKeys] {
        let mut pair = Pair::form(seal).await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        pair.kill("x2").await;
        let before = pair.agent("y1").stat("raft", "term").await;
        let watch = pair.watch();
        // It keeps its directory and its address, and is told of y only.
        let mut flags = pair.flags("x2", 2, &pair.world.list([11, 12]), true);
        flags.retain(|flag| !flag.starts_with("-encrypt"));
        flags.extend(pair.key_of("y").map(|key| format!("-encrypt={key}")));
        let moved = Agent::start(pair.world.addr(2), flags);
        if matches!(seal, Seal::OwnKeys) {
            // It has the key of y by now, so that it is its cluster that keeps it out.
            refused(pair.agent("y1"), Seal::SameKey).await;
        } else {
            refused(pair.agent("y1"), seal).await;
        }
        let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
        names_both(&moved, "cluster-conflict", &ids).await;
        names_both(pair.agent("y1"), "cluster-conflict", &ids).await;
        watch.end().await;
        assert!(x.contains(&moved.stat("quorate", "cluster_id").await));
        assert_eq!(pair.ids('y').await, y);
        assert_eq!(pair.agent("y1").stat("raft", "term").await, before);
        assert_eq!(pair.agent("y2").read("of").await.1, "y");
        let (_, kept) = moved.get("/v1/kv/of?raw&stale").await;
        assert_eq!(kept, "x");
    }
}

#[tokio::test]
async fn an_empty_agent_whose_list_leads_to_two_clusters_joins_neither() {
    for is_server in [true, false] {
        let mut pair = Pair::form(Seal::SameKey).await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        let before = pair.facts().await;
        pair.start("z1", 21, &[1, 2, 3, 11, 12, 13], is_server);
        let mut torn = pair.agents.pop().unwrap().1;
        eventually("the reason is ambiguous-cluster", || async {
            (torn.stat("quorate", "founding").await == "ambiguous-cluster").then_some(())
        })
        .await;
        let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
        names_both(&torn, "ambiguous-cluster", &ids).await;
        // Whoever knows it has had the time to take it in: a server that came later votes.
        pair.start("x4", 4, &[1], true);
        eventually("x4 is in x", || async {
            let id = pair.agent("x4").stat("quorate", "cluster_id").await;
            x.contains(&id).then_some(())
        })
        .await;
        assert_eq!(torn.stat("quorate", "cluster_id").await, "");
        assert_eq!(torn.stat("quorate", "founding").await, "ambiguous-cluster");
        pair.agents.pop();
        assert_eq!(pair.facts().await, before);
        // What it is told to do about it helps: one cluster in the list, and an empty directory.
        let told = torn.get_json("/v1/agent/why").await;
        let advice = told["Advice"].as_str().unwrap();
        assert!(
            advice.contains("empty this agent's data directory"),
            "{told}"
        );
        torn.kill().await;
        pair.world.wipe(21);
        pair.start("z1", 21, &[1, 2, 3], is_server);
        eventually("z1 is in x", || async {
            let id = pair.agent("z1").stat("quorate", "cluster_id").await;
            x.contains(&id).then_some(())
        })
        .await;
    }
}
