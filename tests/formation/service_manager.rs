//! What a service manager hears of an agent, and the exit codes it sees.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::process::Command;

use crate::support::{Agent, Manager, World, eventually, quorate};

/// The value of a name in a unit file as it is shipped.
fn unit(file: &str, name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "config", file]
        .iter()
        .collect();
    let text = std::fs::read_to_string(path).unwrap();
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{name}=")));
    let value = values
        .next()
        .unwrap_or_else(|| panic!("{file} has no {name}"));
    value.to_owned()
}

/// Starts the n-th agent as a manager does.
fn started(world: &World, manager: &Manager, n: u8, watchdog_usec: u64, more: &[&str]) -> Agent {
    world.agent_in(n, more, manager.env(watchdog_usec))
}

#[tokio::test]
async fn the_unit_files_start_an_agent_that_notifies_with_the_files_beside_them() {
    // The bench of the herd starts servers so.
    assert_eq!(unit("quorate-server.service", "Nice"), "-10");
    for (file, config) in [
        ("quorate-server.service", "server.hcl"),
        ("quorate-client.service", "client.hcl"),
    ] {
        assert_eq!(unit(file, "Type"), "notify");
        assert_eq!(unit(file, "ExecReload"), "/bin/kill -HUP $MAINPID");
        assert_eq!(unit(file, "TimeoutStartSec"), "infinity");
        assert!(unit(file, "WatchdogSec").parse::<u64>().unwrap() >= 10);
        // Consul's code for a stop without a leave; a failure is started again all the same.
        assert_eq!(unit(file, "SuccessExitStatus"), "1");
        assert_eq!(unit(file, "Restart"), "always");
        assert_eq!(unit(file, "StartLimitIntervalSec"), "0");
        // Who left by `leave` does not come back by itself.
        assert_eq!(unit(file, "RestartPreventExitStatus"), "0");
        let state = format!("/var/lib/{}", unit(file, "StateDirectory"));
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "config", config]
            .iter()
            .collect();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("data_dir = \"{state}\"")), "{text}");
        let start = unit(file, "ExecStart");
        let flag = format!("-config-file=/etc/quorate/{config}");
        assert_eq!(start, format!("/usr/bin/quorate agent {flag}"));
    }
}

#[tokio::test]
async fn a_unit_is_activating_with_the_reason_as_its_status_and_active_when_the_agent_serves() {
    let world = World::new();
    let managers = [1, 2, 3].map(|n| Manager::at_path(&world.path(&format!("notify-{n}"))));
    let begin = Instant::now();
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=3".to_owned()];
    flags.extend(world.list([1, 2]));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut servers = Vec::new();
    for (n, manager) in (1..).zip(&managers[..2]) {
        servers.push(started(&world, manager, n, 30_000_000, &flags));
    }
    for manager in &managers[..2] {
        let (at, status) = manager
            .told(begin, "STATUS=waiting-for-servers: 2 of 3")
            .await;
        println!("{status} after {:?}", at - begin);
        manager.told(begin, "EXTEND_TIMEOUT_USEC=").await;
        assert_eq!(manager.count("READY=1"), 0, "{:?}", manager.lines());
    }
    servers.push(started(&world, &managers[2], 3, 30_000_000, &flags));
    servers[2].get("/v1/status/live").await;
    let cured = Instant::now();
    for (manager, server) in managers.iter().zip(&mut servers) {
        let (at, _) = manager.told(begin, "READY=1").await;
        println!("READY=1 after {:?}", at.saturating_duration_since(cured));
        manager.told(at, "STATUS=ready: in cluster ").await;
        server.signal("HUP").await;
        let (at, _) = manager.told(at, "RELOADING=1").await;
        manager.told(at, "READY=1").await;
    }
    for (manager, server) in managers.iter().zip(&mut servers) {
        let begin = Instant::now();
        server.signal("TERM").await;
        manager.told(begin, "STOPPING=1").await;
        assert_eq!(server.ended().await, Some(1));
    }
}

#[tokio::test]
async fn a_server_that_founds_alone_becomes_active_at_an_abstract_address() {
    let world = World::new();
    let manager = Manager::at_name(&format!("quorate-{}", world.addr(1)));
    let begin = Instant::now();
    let server = started(
        &world,
        &manager,
        1,
        30_000_000,
        &["-server", "-bootstrap-expect=1"],
    );
    let (at, _) = manager.told(begin, "READY=1").await;
    println!("READY=1 after {:?}", at - begin);
    assert_eq!(server.get("/v1/status/ready").await.0, 200);
}

#[tokio::test]
async fn the_watchdog_is_fed_at_half_its_time_and_starves_while_the_process_stands() {
    let world = World::new();
    let manager = Manager::at_path(&world.path("notify"));
    let begin = Instant::now();
    // It need not be ready: to wait is no hang.
    let server = started(&world, &manager, 1, 400_000, &["-server"]);
    let (at, _) = manager.told(begin, "WATCHDOG=1").await;
    let (next, _) = manager
        .told(at + Duration::from_millis(1), "WATCHDOG=1")
        .await;
    println!("fed again after {:?}", next - at);
    server.signal("STOP").await;
    eventually("the process stands", || async {
        server.is_stopped().then_some(())
    })
    .await;
    let fed = manager.count("WATCHDOG=1");
    // Ten times the interval at which it was fed.
    let quiet = tokio::time::timeout(Duration::from_secs(2), manager.told(Instant::now(), "W"));
    assert!(quiet.await.is_err(), "{:?}", manager.lines());
    assert_eq!(manager.count("WATCHDOG=1"), fed);
    let begin = Instant::now();
    server.signal("CONT").await;
    manager.told(begin, "WATCHDOG=1").await;
}

#[tokio::test]
async fn a_hangup_takes_what_can_be_taken_and_names_what_needs_a_restart() {
    let world = World::new();
    let settings = |level: &str, rack: &str, more: &str| {
        let text = format!("log_level = \"{level}\"\nnode_meta {{ rack = \"{rack}\" }}\n{more}");
        world.write("agent.hcl", &text)
    };
    let path = settings("INFO", "a", "");
    let file = format!("-config-file={}", path.display());
    let server = world.agent(1, &["-server", "-bootstrap", &file]);
    server.led().await;
    let rack = |wanted: &'static str| {
        let server = &server;
        async move {
            eventually(&format!("the rack is {wanted}"), || async {
                let (_, body) = server.try_get("/v1/catalog/nodes").await?;
                let nodes: serde_json::Value = serde_json::from_str(&body).ok()?;
                (nodes[0]["Meta"]["rack"] == wanted).then_some(())
            })
            .await;
        }
    };
    rack("a").await;
    settings(
        "DEBUG",
        "b",
        "raft_trailing_logs = 99\nencrypt = \"MDEyMzQ1Njc4OWFiY2RlZg==\"\n",
    );
    server.signal("HUP").await;
    let line = server.logged("changed settings need a restart").await;
    assert!(line.contains("encrypt, raft_trailing_logs"), "{line}");
    let line = server.logged("settings reloaded").await;
    assert!(line.contains("node_meta, log_level"), "{line}");
    rack("b").await;
    let own = server.get_json("/v1/agent/self").await;
    assert_eq!(own["DebugConfig"]["log_level"], "DEBUG");
    assert_eq!(own["DebugConfig"]["raft_trailing_logs"], 10_240);
    assert_eq!(own["Meta"]["rack"], "b");
    server.get("/v1/no-such-path").await;
    // Broken: told in full, and nothing changes.
    settings("LOUD", "c", "");
    server.signal("HUP").await;
    let line = server
        .logged("settings not reloaded, the old ones stay")
        .await;
    assert!(
        line.contains("agent.hcl") && line.contains("LOUD"),
        "{line}"
    );
    let (status, body) = server.put("/v1/agent/reload", "").await;
    assert_eq!(status, 500);
    assert!(body.contains("LOUD"), "{body}");
    settings("WARN", "d", "");
    assert_eq!(server.put("/v1/agent/reload", "").await.0, 200);
    rack("d").await;
}

#[tokio::test]
async fn forty_wishes_for_a_reload_at_once_are_all_met() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let asked = (0..40).map(|_| server.put("/v1/agent/reload", ""));
    for (status, body) in join_all(asked).await {
        assert_eq!((status, body.as_str()), (200, ""));
    }
}

#[tokio::test]
async fn a_file_that_became_a_fifo_is_refused_by_a_reload_and_signals_are_heard() {
    let world = World::new();
    let file = world.write("agent.hcl", "log_level = \"INFO\"");
    let flag = format!("-config-file={}", file.display());
    let mut server = world.agent(1, &["-server", "-bootstrap", &flag]);
    server.led().await;
    std::fs::remove_file(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status().await.unwrap();
    assert!(made.success());
    server.signal("HUP").await;
    let line = server.logged("settings not reloaded").await;
    assert!(line.contains("no regular file"), "{line}");
    server.signal("TERM").await;
    assert_eq!(server.ended().await, Some(1));
}

/// Flags, a signal, and the exit code after it.
type Ending = (&'static [&'static str], &'static str, i32);

/// The table of the page "What the codes mean", as far as an agent and `info -why` go.
#[tokio::test]
async fn an_exit_code_tells_how_an_agent_ended() {
    let world = World::new();
    let rows: [Ending; 4] = [
        (&["-server", "-bootstrap"], "TERM", 1),
        (
            &["-server", "-bootstrap", "-hcl=leave_on_terminate = true"],
            "TERM",
            0,
        ),
        (&["-server", "-bootstrap"], "INT", 1),
        (&["-hcl=skip_leave_on_interrupt = false"], "INT", 0),
    ];
    for (n, (flags, signal, code)) in (1..).zip(rows) {
        let mut agent = world.agent(n, flags);
        agent.get("/v1/agent/self").await;
        agent.signal(signal).await;
        assert_eq!(agent.ended().await, Some(code), "{flags:?} {signal}");
    }
    let mut lonely = world.agent(9, &[&format!("-join={}", world.addr(99))]);
    assert_eq!(lonely.ended().await, Some(1));
    let asked = quorate(&["info", "-why"], Some(format!("{}:8500", world.addr(9)))).await;
    assert_eq!(asked.code, Some(1), "{asked:?}");
    let refused = quorate(&["agent", "-no-such-flag"], None).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_taken_out_says_so_to_its_manager_its_probes_and_its_log() {
    let world = World::new();
    let list = world.list(1..=3);
    let mut flags = vec!["-server", "-bootstrap-expect=3"];
    flags.extend(list.iter().map(String::as_str));
    let managers = [1, 2, 3].map(|n| Manager::at_path(&world.path(&format!("notify-{n}"))));
    let started = |n: u8| {
        let manager = &managers[usize::from(n) - 1];
        started(&world, manager, n, 30_000_000, &flags)
    };
    let begin = Instant::now();
    let mut servers: Vec<Agent> = (1..=3).map(started).collect();
    for manager in &managers {
        manager.told(begin, "READY=1").await;
    }
    let leader = servers[0].led().await;
    let is_follower = |agent: &Agent| leader != format!("{}:8300", agent.addr());
    let out = servers.iter().rposition(is_follower).unwrap();
    let begin = Instant::now();
    let flag = format!("-address={}:8300", servers[out].addr());
    let through = Some(format!("{}:8500", servers[0].addr()));
    let said = quorate(&["operator", "raft", "remove-peer", &flag], through).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let mut probed = None;
    while let Some((status, body)) = servers[out].try_get("/v1/status/ready").await {
        if body.starts_with("removed: ") {
            probed.get_or_insert(status);
        }
    }
    assert_eq!(probed, Some(503), "{}", servers[out].log_text());
    println!("gone after {:?}", begin.elapsed());
    assert_eq!(servers[out].ended().await, Some(1));
    let verdict = "removed: an operator took this server";
    let status = format!("STATUS={verdict}");
    eventually(
        "it told while it still answered, and as it stopped",
        || async { (managers[out].count(&status) == 2).then_some(()) },
    )
    .await;
    for line in [
        "agent is not ready: reason=removed",
        "agent failed: error=\"removed: ",
    ] {
        servers[out].logged(line).await;
    }
}
