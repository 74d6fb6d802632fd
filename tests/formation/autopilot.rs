//! What an operator tells autopilot, and what it tells.

use serde_json::Value;

use crate::support::{Agent, SOON, World, eventually, quorate};

const CONFIGURATION: &str = "/v1/operator/autopilot/configuration";

async fn configuration(at: &Agent) -> Value {
    eventually("autopilot is set", || async {
        let (status, body) = at.try_get(CONFIGURATION).await?;
        (status == 200).then(|| serde_json::from_str(&body).unwrap())
    })
    .await
}

#[tokio::test]
async fn the_settings_of_the_first_leader_hold_until_an_operator_changes_them() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap", SOON]);
    let first = configuration(&server).await;
    assert_eq!(first["ServerStabilizationTime"], "100ms");
    assert_eq!(first["CreateIndex"], first["ModifyIndex"]);

    let url = format!("http://{}:8500", server.addr());
    let set = ["operator", "autopilot", "set-config", "-min-quorum=3"];
    let changed = quorate(&set, Some(url.clone())).await;
    assert_eq!(changed.stdout, "Configuration updated!\n", "{changed:?}");
    let old = format!("{CONFIGURATION}?cas={}", first["ModifyIndex"]);
    assert_eq!(server.put(&old, "{}").await, (200, "false".to_owned()));

    server.kill().await;
    server.restart();
    let kept = configuration(&server).await;
    assert_eq!(kept["MinQuorum"], 3, "{kept}");
    assert_eq!(kept["ServerStabilizationTime"], "100ms");
    assert_eq!(kept["CreateIndex"], first["CreateIndex"]);
}

#[tokio::test]
async fn a_dead_server_makes_the_cluster_unhealthy_and_is_named() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    let path = "/v1/operator/autopilot/health";
    eventually("all three are healthy", || async {
        let (status, body) = servers[0].try_get(path).await?;
        let health: Value = serde_json::from_str(&body).ok()?;
        let count = health["Servers"].as_array()?.len();
        (status == 200 && count == 3 && health["FailureTolerance"] == 1).then_some(())
    })
    .await;
    servers[2].kill().await;
    eventually("n3 is ill and no failure is tolerated", || async {
        let (status, body) = servers[0].try_get(path).await?;
        let health: Value = serde_json::from_str(&body).ok()?;
        let servers = health["Servers"].as_array()?;
        let ill = servers.iter().filter(|server| server["Healthy"] == false);
        let ill: Vec<&Value> = ill.map(|server| &server["Name"]).collect();
        (status == 429 && ill == ["n3"] && health["FailureTolerance"] == 0).then_some(())
    })
    .await;
}
