//! A cluster that has lost its quorum for good, and how an operator gets it back.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use quorate::agent::recover::{Recovery, Step};

use crate::support::{Agent, Output, World, eventually, quorate};

/// The data directory of the n-th agent.
pub(super) fn data(world: &World, n: u8) -> PathBuf {
    world.path(&format!("data-{n}"))
}

pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Every file below a directory and what it holds.
pub(super) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

async fn recover(dir: &Path, how: &str) -> Output {
    let dir = format!("-data-dir={}", dir.display());
    quorate(&["operator", "raft", "recover", &dir, how], None).await
}

async fn recovered(dir: &Path, how: &str) -> String {
    let said = recover(dir, how).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    said.stdout
}

/// Founds a cluster of three with some keys.
pub(super) async fn three_with_data(world: &World) -> Vec<Agent> {
    let servers = world.servers(3, &[]);
    for n in 0..20 {
        let server = &servers[n % 3];
        server.write(&format!("k/{n}"), &n.to_string()).await;
    }
    // Two disks are enough for an acknowledgement; the test is about what all three have.
    for server in &servers {
        server.holds("k/19").await;
    }
    servers
}

pub(super) async fn has_data(agent: &Agent) {
    for n in 0..20 {
        let read = agent.read(&format!("k/{n}")).await;
        assert_eq!(read, (200, n.to_string()), "k/{n} of {}", agent.addr());
    }
}

async fn voters(agent: &Agent) -> Vec<String> {
    let Some((200, body)) = agent.try_get("/v1/operator/raft/configuration?stale").await else {
        return Vec::new();
    };
    let configuration: serde_json::Value = serde_json::from_str(&body).unwrap();
    let servers = configuration["Servers"].as_array().unwrap();
    let mut names: Vec<String> = servers
        .iter()
        .filter(|server| server["Voter"] == true)
        .map(|server| server["Node"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Waits until exactly these servers vote.
pub(super) async fn voted_by(agent: &Agent, names: &[&str]) {
    eventually(&format!("{names:?} vote"), || async {
        (voters(agent).await == names).then_some(())
    })
    .await;
}

/// The commands of the drill on the first server, which still runs; gives what `--apply` said.
async fn drilled(world: &World, last: &mut Agent, old_id: &str) -> String {
    let here = data(world, 1);
    let refused = recover(&here, "--plan").await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let pid = std::fs::read_to_string(here.join("lock")).unwrap();
    let names_it = format!("(pid {})", pid.trim());
    assert!(refused.stderr.contains(&names_it), "{refused:?}");
    last.kill().await;

    let before = files(&here);
    let plan = recovered(&here, "--plan").await;
    println!("{plan}");
    assert_eq!(files(&here), before, "a plan changes nothing");
    for said in ["term ", "index ", "n2 at", "n3 at", "will be lost", old_id] {
        assert!(plan.contains(said), "{said}:\n{plan}");
    }
    let done = recovered(&here, "--apply").await;
    let told = plan.lines().find(|line| line.contains("a copy of"));
    let copy_in = told.unwrap().rsplit_once(" in ").unwrap().1;
    assert!(done.contains(copy_in), "{copy_in}: {done}");
    let kept = Path::new(copy_in).join("founding.record");
    let was = before
        .iter()
        .find(|(path, _)| path.ends_with("founding.record"));
    assert_eq!(std::fs::read(kept).unwrap(), was.unwrap().1);
    done
}

/// What must hold of the old voter while the new cluster lives beside it.
async fn keeps_to_itself(old: &Agent, old_id: &str) {
    assert_eq!(old.stat("quorate", "cluster_id").await, old_id);
    assert!(old.leader().await.is_empty());
    let kept = old.get("/v1/kv/k/7?stale&raw").await;
    assert_eq!(kept, (200, "7".to_owned()));
}

#[tokio::test]
async fn the_recovery_drill_ends_with_three_voters_all_data_and_the_old_voter_refused() {
    let world = World::new();
    let mut servers = three_with_data(&world).await;
    let old_id = servers[0].stat("quorate", "cluster_id").await;
    // The second goes first, and its disk is kept somewhere; the third takes the quorum with it.
    servers[1].kill().await;
    copy(&data(&world, 2), &world.path("old-disk"));
    servers[2].kill().await;
    for n in [2, 3] {
        std::fs::remove_dir_all(data(&world, n)).unwrap();
    }
    let done = drilled(&world, &mut servers[0], &old_id).await;

    let start = Instant::now();
    servers[0].restart();
    servers[0].led().await;
    let led_within = start.elapsed();
    println!("the recovered server leads {led_within:?} after its start");
    assert!(led_within < Duration::from_secs(10), "{led_within:?}");
    has_data(&servers[0]).await;
    servers[0].write("after", "1").await;
    let new_id = servers[0].stat("quorate", "cluster_id").await;
    assert!(!new_id.is_empty() && new_id != old_id, "{new_id}");
    assert!(done.contains(&new_id), "{done}");
    voted_by(&servers[0], &["n1"]).await;

    // One of the destroyed comes back with its old disk.
    copy(&world.path("old-disk"), &data(&world, 2));
    let term = servers[0].stat("raft", "term").await;
    servers[1].restart();
    servers[1].logged("cluster-conflict").await;
    servers[0].logged("cluster-conflict").await;
    assert_eq!(servers[0].stat("raft", "term").await, term);
    assert_eq!(servers[0].members(1).await, ["n1"]);
    keeps_to_itself(&servers[1], &old_id).await;

    // Two fresh servers, while it is still there.
    let join = format!("-retry-join={}", world.addr(1));
    let mut fresh: Vec<Agent> = [4, 5]
        .map(|n| world.agent(n, &["-server", &join]))
        .into_iter()
        .collect();
    voted_by(&servers[0], &["n1", "n4", "n5"]).await;
    has_data(&fresh[1]).await;
    keeps_to_itself(&servers[1], &old_id).await;
    servers[1].kill().await;

    // All stop and start.
    fresh.push(servers.remove(0));
    for agent in &fresh {
        agent.signal("TERM").await;
    }
    for agent in &mut fresh {
        agent.ended().await;
        agent.restart();
    }
    for agent in &fresh {
        agent.led().await;
        has_data(agent).await;
        assert_eq!(agent.stat("quorate", "cluster_id").await, new_id);
    }
}

#[tokio::test]
async fn a_recovery_cut_off_after_any_step_is_finished_by_doing_it_again_or_by_starting() {
    let world = World::new();
    let mut servers = three_with_data(&world).await;
    for server in &mut servers {
        server.kill().await;
    }
    let whole = data(&world, 1);
    let [mut server, _, _] = <[Agent; 3]>::try_from(servers).unwrap();
    let origin = world.path("origin");
    std::fs::rename(&whole, &origin).unwrap();
    for done in 0..=Step::ALL.len() {
        copy(&origin, &whole);
        let recovery = Recovery::begin(&whole).unwrap();
        for step in &Step::ALL[..done] {
            recovery.step(*step).unwrap();
        }
        drop(recovery);
        let is_over = done == Step::ALL.len();
        // By turns: the command again, or the agent's start.
        if done % 2 == 0 {
            let said = recover(&whole, "--apply").await;
            assert_eq!(said.code, Some(i32::from(is_over)), "{done}: {said:?}");
        }
        server.restart();
        server.led().await;
        has_data(&server).await;
        voted_by(&server, &["n1"]).await;
        let finished = server.log_text().contains("finishing a recovery");
        assert_eq!(finished, done % 2 == 1 && !is_over, "{done}");
        server.kill().await;
        std::fs::remove_dir_all(&whole).unwrap();
    }
}

#[tokio::test]
async fn a_client_of_the_lost_cluster_is_refused_until_it_forgets_it_and_so_is_the_other_survivor()
{
    let world = World::new();
    let mut servers = three_with_data(&world).await;
    let join = format!("-retry-join={}", world.addr(1));
    let mut client = world.agent(9, &[&join]);
    client.write("by/client", "1").await;
    let old = client.stat("quorate", "cluster_id").await;
    for server in &mut servers {
        server.kill().await;
    }
    recovered(&data(&world, 1), "--apply").await;
    servers[0].restart();
    servers[0].led().await;
    // The other survivor, with its data, and the client that ran all the time.
    servers[1].restart();
    servers[1].logged("cluster-conflict").await;
    client.logged("cluster-conflict").await;
    assert_eq!(servers[0].members(1).await, ["n1"]);

    // While what is left of the lost cluster runs, a client that forgot it would stand between two.
    servers[1].kill().await;
    let line = client.logged("client stays out").await;
    let new = servers[0].stat("quorate", "cluster_id").await;
    for part in ["cluster-conflict", &old, &new, "cluster.record"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    client.kill().await;
    std::fs::remove_file(data(&world, 9).join("cluster.record")).unwrap();
    client.restart();
    client.led().await;
    has_data(&client).await;
    assert_eq!(client.read("by/client").await.0, 200);
    std::fs::remove_dir_all(data(&world, 2)).unwrap();
    servers[1].restart();
    voted_by(&servers[0], &["n1", "n2"]).await;
}

#[tokio::test]
async fn a_recovery_says_what_it_needs() {
    let world = World::new();
    let said = quorate(&["operator", "raft", "recover", "--plan"], None).await;
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("-data-dir"), "{said:?}");
    let nowhere = world.path("nowhere");
    let dir = format!("-data-dir={}", nowhere.display());
    for flags in [&[][..], &["-plan", "-apply"]] {
        let args: Vec<&str> = ["operator", "raft", "recover", &dir]
            .into_iter()
            .chain(flags.iter().copied())
            .collect();
        let said = quorate(&args, None).await;
        assert_eq!(said.code, Some(1));
        let names_both = said.stderr.contains("--plan") && said.stderr.contains("--apply");
        assert!(names_both, "{said:?}");
    }
    for how in ["--plan", "-apply"] {
        let said = recover(&nowhere, how).await;
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("nowhere"), "{said:?}");
        assert!(!nowhere.exists(), "made by {how}");
    }

    let mut lonely = world.agent(1, &["-server", "-bootstrap"]);
    lonely.led().await;
    lonely.kill().await;
    let said = recover(&data(&world, 1), "--apply").await;
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("only voter already"), "{said:?}");

    let mut blank = world.agent(2, &["-server", "-bootstrap-expect=3"]);
    blank.logged("waiting-for-servers").await;
    blank.kill().await;
    let said = recover(&data(&world, 2), "--plan").await;
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("in no cluster"), "{said:?}");
}
