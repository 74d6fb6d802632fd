//! `operator autopilot`.

use super::{done, failed, run};
use crate::http::fake::serve_fake;

#[tokio::test]
async fn the_settings_of_autopilot_are_listed() {
    let served = serve_fake().await;
    let text = "\
CleanupDeadServers = true
LastContactThreshold = 200ms
MaxTrailingLogs = 250
MinQuorum = 0
ServerStabilizationTime = 10s
RedundancyZoneTag = \"\"
DisableUpgradeMigration = false
UpgradeVersionTag = \"\"
";
    let get = ["operator", "autopilot", "get-config"];
    assert_eq!(run(&served, &get).await, done(text));
}

#[tokio::test]
async fn only_what_is_named_is_changed_and_only_if_nobody_else_wrote() {
    let served = serve_fake().await;
    let set = [
        "operator",
        "autopilot",
        "set-config",
        "-cleanup-dead-servers=false",
        "-min-quorum=3",
        "-server-stabilization-time=1m30s",
    ];
    assert_eq!(run(&served, &set).await, done("Configuration updated!\n"));
    let [call] = &served.node.calls()[..] else {
        panic!("not one call");
    };
    let expected = "cleanup_dead_servers: false, last_contact_threshold: 200ms, \
        max_trailing_logs: 250, min_quorum: 3, server_stabilization_time: 90s,";
    assert!(call.contains(expected), "{call}");
    assert!(call.ends_with("cas: Some(8) }"), "{call}");

    let bare = [
        "operator",
        "autopilot",
        "set-config",
        "-cleanup-dead-servers",
    ];
    assert_eq!(run(&served, &bare).await, done("Configuration updated!\n"));
}

#[tokio::test]
async fn the_state_of_autopilot_is_a_sheet_for_people_or_json() {
    let served = serve_fake().await;
    let ran = run(&served, &["operator", "autopilot", "state"]).await;
    let head = "\
Healthy:                      false
Failure Tolerance:            1
Optimistic Failure Tolerance: 1
Leader:                       00000000-0000-0000-0000-000000000001
Voters:
   00000000-0000-0000-0000-000000000001
   00000000-0000-0000-0000-000000000002
Servers:
   00000000-0000-0000-0000-000000000001
      Name:            s1
      Address:         192.0.2.1:8300
      Version:         0.1.0
      Status:          leader
      Node Type:       voter
      Node Status:     alive
      Healthy:         true
      Last Contact:    15.25ms
      Last Term:       2
      Last Index:      142
      Meta
         \"consul-version\": \"0.1.0\"
   00000000-0000-0000-0000-000000000002
";
    assert!(ran.stdout.starts_with(head), "{}", ran.stdout);
    let ran = run(&served, &["operator", "autopilot", "state", "-format=json"]).await;
    let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shown["FailureTolerance"], 1);
    served.node.fail(crate::http::NodeError::NoLeader);
    let text =
        "Error querying Autopilot state: Unexpected response code: 500 (No cluster leader)\n";
    let ran = run(&served, &["operator", "autopilot", "state"]).await;
    assert_eq!(ran, failed(text));
}
