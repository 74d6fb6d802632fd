//! Bad input: one line that names what and where, exit code 1, and nothing written.

use quorate::datadir::DataDir;

use crate::support::{Output, World, eventually, quorate};

/// Runs an agent that must refuse to start; gives what it said and checks that it wrote nothing.
async fn refused(world: &World, n: u8, more: &[&str]) -> String {
    let mut args = world.flags(n);
    args.extend(more.iter().map(|flag| (*flag).to_owned()));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let Output {
        code,
        stdout,
        stderr,
    } = quorate(&args, None).await;
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(
        !world.path(&format!("data-{n}")).exists(),
        "wrote before validation passed"
    );
    stderr
}

#[tokio::test]
async fn flags_that_contradict_each_other_are_named() {
    let world = World::new();
    let rows: [(&[&str], &str); 5] = [
        (&["-bootstrap-expect=3"], "requires 'server = true'"),
        (
            &["-server", "-bootstrap", "-bootstrap-expect=3"],
            "mutually exclusive",
        ),
        (&["-no-such-flag"], "no-such-flag"),
        (&["-retry-join=provider=nowhere"], "nowhere"),
        (
            &["-retry-join=provider=aws tag_kee=x tag_value=y"],
            "tag_kee",
        ),
    ];
    for (flags, named) in rows {
        let said = refused(&world, 1, flags).await;
        assert!(said.contains(named), "{flags:?}: {said}");
    }
}

#[tokio::test]
async fn a_broken_config_file_is_named_with_its_line() {
    let world = World::new();
    let rows = [
        (
            "broken.hcl",
            "server = true\nretry_join = [\"a\"\nx = 1\n",
            "broken.hcl",
        ),
        (
            "unknown.hcl",
            "server = true\n\nretri_join = [\"a\"]\n",
            "retri_join",
        ),
        ("broken.json", "{\n  \"server\": tru\n}\n", "broken.json"),
        (
            "type.toml",
            "bootstrap_expect = \"many\"\n",
            "bootstrap_expect",
        ),
    ];
    for (name, content, named) in rows {
        let path = world.write(name, content);
        let flag = format!("-config-file={}", path.display());
        let said = refused(&world, 1, &[&flag]).await;
        assert!(
            said.contains(named) && said.contains(name),
            "{name}: {said}"
        );
        let validated = quorate(&["validate", path.to_str().unwrap()], None).await;
        assert_eq!(validated.code, Some(1), "{name}: {validated:?}");
    }
}

#[tokio::test]
async fn a_data_directory_that_another_agent_holds_is_refused() {
    let world = World::new();
    let holder = world.agent(1, &["-server"]);
    holder.get("/v1/agent/self").await;
    let mut args = world.flags(2);
    let last = args.len() - 1;
    args[last] = world.flags(1)[last].clone();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = quorate(&args, None).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let data = world.path("data-1").display().to_string();
    assert!(said.stderr.contains(&data), "{said:?}");
}

#[tokio::test]
async fn a_member_whose_raft_log_is_gone_does_not_start_under_its_old_id() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap"]);
    // A leader leads a moment before the ledger says that the founding is over.
    server.logged("agent is ready").await;
    server.kill().await;
    std::fs::remove_dir_all(world.path("data-1").join("raft")).unwrap();
    server.restart();
    assert_eq!(server.ended().await, Some(1));
    server.logged("raft log is gone").await;
}

#[tokio::test]
async fn a_member_that_stopped_before_raft_wrote_anything_starts_again() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.logged("agent is ready").await;
    // The disk of a new server between the word of the ledger and the first one of raft.
    let data = world.path("data-2");
    std::fs::create_dir(&data).unwrap();
    let ledger = "founding.record";
    std::fs::copy(world.path("data-1").join(ledger), data.join(ledger)).unwrap();
    let mut second = world.agent(2, &["-server", &format!("-retry-join={}", world.addr(1))]);
    assert_eq!(second.ended().await, Some(1));
    second.logged("raft log is gone").await;

    let dir = DataDir::open(&data).unwrap();
    dir.store("raft-unspoken", &()).unwrap();
    drop(dir);
    second.restart();
    second.led().await;
    let note = data.join("raft-unspoken.record");
    eventually("the note is gone", async || (!note.exists()).then_some(())).await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let world = World::new();
    let holder = world.agent(1, &["-server"]);
    holder.get("/v1/agent/self").await;
    for (flag, port) in [("-bind", "8301"), ("-client", "8500")] {
        let addr = format!("{flag}={}", world.addr(1));
        let mut args = world.flags(2);
        args.retain(|arg| !arg.starts_with(flag));
        args.push(addr);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = quorate(&args, None).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        let named = format!("{}:{port}", world.addr(1));
        assert!(said.stderr.contains(&named), "{said:?}");
        assert!(
            !world.path("data-2").exists(),
            "wrote before the address was known to be free"
        );
    }
}

#[tokio::test]
async fn a_join_that_reaches_nobody_is_an_error() {
    let world = World::new();
    let agent = world.agent(1, &["-server"]);
    agent.get("/v1/agent/self").await;
    let nobody = world.addr(99).to_string();
    let said = quorate(&["join", &nobody], Some(format!("{}:8500", agent.addr()))).await;
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains(&nobody), "{said:?}");
    assert!(
        said.stderr.contains("Failed to join any nodes."),
        "{said:?}"
    );
}

#[tokio::test]
async fn start_join_that_reaches_nobody_ends_the_agent() {
    let world = World::new();
    let mut agent = world.agent(1, &["-server", &format!("-join={}", world.addr(99))]);
    assert_eq!(agent.ended().await, Some(1));
    let named = world.addr(99).to_string();
    eventually("the log names the address", || async {
        agent.log_text().contains(&named).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_unknown_command_exits_127() {
    let said = quorate(&["discombobulate"], None).await;
    assert_eq!(said.code, Some(127), "{said:?}");
}

#[tokio::test]
async fn an_expected_number_of_one_founds_nothing_while_listed_servers_are_silent() {
    let world = World::new();
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=1".to_owned()];
    flags.extend((2..=4).map(|n| format!("-retry-join={}", world.addr(n))));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let lonely = world.agent(1, &flags);
    let line = lonely.logged("waiting-unknown-peers").await;
    assert!(line.contains(&world.addr(3).to_string()), "{line}");
    let alone = world.agent(9, &["-server", "-bootstrap-expect=1"]);
    alone.led().await;
    assert!(lonely.leader().await.is_empty());
    assert!(
        !lonely.log_text().contains("Attempting bootstrap"),
        "{}",
        lonely.log_text()
    );
}
