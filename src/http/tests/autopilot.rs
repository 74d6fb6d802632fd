//! `/v1/operator/autopilot/`.

use serde_json::{Value, json};

use super::{get, send};
use crate::http::fake::serve_fake;
use crate::types::MemberStatus;

const CONFIGURATION: &str = "/v1/operator/autopilot/configuration";

#[tokio::test]
async fn the_settings_of_autopilot_are_shown_in_consuls_words() {
    let served = serve_fake().await;
    let seen = get(&served, CONFIGURATION).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let shown: Value = serde_json::from_str(&seen.body).unwrap();
    let expected = json!({
        "CleanupDeadServers": true, "LastContactThreshold": "200ms", "MaxTrailingLogs": 250,
        "MinQuorum": 0, "ServerStabilizationTime": "10s", "RedundancyZoneTag": "",
        "DisableUpgradeMigration": false, "UpgradeVersionTag": "",
        "CreateIndex": 6, "ModifyIndex": 8,
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn the_settings_of_autopilot_are_changed_and_under_condition_only_if_it_holds() {
    let served = serve_fake().await;
    let body = r#"{"CleanupDeadServers":false,"LastContactThreshold":"1s","MinQuorum":3,
        "ServerStabilizationTime":5000000000,"ModifyIndex":99}"#;
    for (condition, answer) in [("", "true"), ("?cas=8", "true"), ("?cas=7", "false")] {
        let seen = send(&served, &format!("PUT {CONFIGURATION}{condition}"), body).await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (200, answer),
            "{condition}"
        );
    }
    let calls = served.node.calls();
    let config = "config: AutopilotConfig { cleanup_dead_servers: false, \
        last_contact_threshold: 1s, max_trailing_logs: 250, min_quorum: 3, \
        server_stabilization_time: 5s,";
    assert!(calls.iter().all(|call| call.contains(config)), "{calls:#?}");
    for (call, cas) in calls.iter().zip(["None", "Some(8)", "Some(7)"]) {
        assert!(call.ends_with(&format!("cas: {cas} }}")), "{call}");
    }
}

#[tokio::test]
async fn the_keys_of_autopilot_are_taken_in_any_case() {
    let served = serve_fake().await;
    let body = r#"{"cleanupdeadservers":false,"MINQUORUM":3}"#;
    let seen = send(&served, &format!("PUT {CONFIGURATION}"), body).await;
    assert_eq!((seen.status, seen.body.as_str()), (200, "true"));
    let [call] = served.node.calls().try_into().unwrap();
    for taken in ["cleanup_dead_servers: false", "min_quorum: 3"] {
        assert!(call.contains(taken), "{call}");
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_change_nothing() {
    let served = serve_fake().await;
    for (condition, body, text) in [
        ("?cas=x", "{}", "Error parsing cas value"),
        ("", "{", "Error parsing autopilot config"),
        ("", r#"{"MinQuorum":-1}"#, "Error parsing autopilot config"),
        (
            "",
            r#"{"LastContactThreshold":"soon"}"#,
            "\"soon\" is no duration",
        ),
        ("", r#"{"Foo":1}"#, "there is no key \"Foo\""),
        (
            "",
            r#"{"MinQuorum":1,"minquorum":2}"#,
            "the key \"MinQuorum\" stands twice",
        ),
    ] {
        let seen = send(&served, &format!("PUT {CONFIGURATION}{condition}"), body).await;
        assert_eq!(seen.status, 400, "{body}");
        assert!(seen.body.contains(text), "{}", seen.body);
    }
    assert!(served.node.calls().is_empty());
}

#[tokio::test]
async fn health_is_429_while_a_server_is_ill_or_nobody_has_looked() {
    let served = serve_fake().await;
    let path = "/v1/operator/autopilot/health";
    let seen = get(&served, path).await;
    assert_eq!(seen.status, 429);
    let shown: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        (&shown["Healthy"], &shown["FailureTolerance"]),
        (&json!(false), &json!(1))
    );
    let expected = json!({
        "ID": "00000000-0000-0000-0000-000000000001", "Name": "s1", "Address": "192.0.2.1:8300",
        "SerfStatus": "alive", "Version": "0.1.0", "Leader": true, "LastContact": "15.25ms",
        "LastTerm": 2, "LastIndex": 142, "Healthy": true, "Voter": true,
        "StableSince": "2025-01-02T03:04:05.678Z",
    });
    assert_eq!(shown["Servers"][0], expected);

    served.node.members.lock().unwrap()[1].status = MemberStatus::Alive;
    assert_eq!(get(&served, path).await.status, 200);

    *served.node.leader.lock().unwrap() = None;
    let seen = get(&served, path).await;
    assert_eq!(seen.status, 429);
    let shown: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(shown["Servers"], Value::Null);
}

#[tokio::test]
async fn the_state_names_leader_and_voters_by_id() {
    let served = serve_fake().await;
    let seen = get(&served, "/v1/operator/autopilot/state").await;
    assert_eq!(seen.status, 200);
    let shown: Value = serde_json::from_str(&seen.body).unwrap();
    let id = |number: u8| format!("00000000-0000-0000-0000-00000000000{number}");
    assert_eq!(shown["Leader"], id(1));
    assert_eq!(shown["Voters"], json!([id(1), id(2)]));
    let status = |number| shown["Servers"][id(number)]["Status"].clone();
    assert_eq!(
        [status(1), status(2), status(3)],
        ["leader", "voter", "non-voter"]
    );
    assert_eq!(shown["Servers"][id(3)]["NodeStatus"], "failed");
    assert_eq!(shown["OptimisticFailureTolerance"], 1);
}
