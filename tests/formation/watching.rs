//! What a person sees of the members, and while something goes on: through a pipe, and in a
//! terminal.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::{Agent, Output, PATIENCE, SOON, World, eventually, quorate, vote};

/// A command that goes on, and what it prints.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(agent: &Agent, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(args)
            .env_clear()
            .env("CONSUL_HTTP_ADDR", format!("{}:8500", agent.addr()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line.
    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("no line").unwrap().expect("the output ended")
    }

    /// Waits for the end; gives the exit code and standard error.
    async fn ended(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).await.unwrap();
        (status.expect("still runs").unwrap().code(), said)
    }

    async fn interrupt(&self) {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await;
        assert!(sent.unwrap().success());
    }
}

/// A command before an agent.
async fn asked(agent: &Agent, args: &[&str]) -> Output {
    quorate(args, Some(format!("{}:8500", agent.addr()))).await
}

#[tokio::test]
async fn members_are_chosen_by_status_and_by_expression() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let mut client = world.agent(2, &[&world.list([1])[0]]);
    server.sees(2).await;
    client.kill().await;
    eventually("n2 is failed", || async {
        (server.members(4).await == ["n2"]).then_some(())
    })
    .await;
    let names = async |args: &[&str]| {
        let ran = asked(&server, &[&["members"], args].concat()).await;
        let names = ran.stdout.lines().skip(1).map(|line| line[..2].to_owned());
        (ran.code, names.collect::<Vec<_>>())
    };
    for (args, expected) in [
        (&["-status=alive"][..], &["n1"][..]),
        (&["-status=fail"], &["n2"]),
        (&["-filter=Tags.role == consul"], &["n1"]),
        (&["-filter=Status == 4 and Name matches \"^n\""], &["n2"]),
        (
            &["-filter", "not (Tags.role == node) or Name == n2"],
            &["n1", "n2"],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(names(args).await, (Some(0), expected), "{args:?}");
    }
    assert_eq!(names(&["-filter=Name == n3"]).await, (Some(2), Vec::new()));
    let wrong = asked(&server, &["members", "-filter=Nmae == n3"]).await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""));
    let text = "Error retrieving members: Unexpected response code: 400 (Failed to create boolean \
                expression evaluator: Selector \"Nmae\" is not valid)\n";
    assert_eq!(wrong.stderr, text);
    let detailed = asked(&server, &["members", "-detailed", "-status=failed"]).await;
    assert!(detailed.stdout.contains(",role=node,"), "{detailed:?}");
}

#[tokio::test]
async fn a_watch_through_a_pipe_prints_a_line_per_change() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let mut watch = Watch::start(&server, &["members", "-watch"]);
    assert!(watch.line().await.starts_with("n1  "));
    let mut client = world.agent(2, &[&world.list([1])[0]]);
    let line = watch.line().await;
    assert!(
        line.starts_with("n2  ") && line.contains("  alive  client  "),
        "{line}"
    );
    client.kill().await;
    let line = watch.line().await;
    assert!(
        line.starts_with("n2  ") && line.contains("  failed  "),
        "{line}"
    );
    watch.interrupt().await;
    assert_eq!(watch.ended().await, (Some(0), String::new()));

    let mut watch = Watch::start(&server, &["info", "-why", "-watch"]);
    assert!(watch.line().await.starts_with("ready: "));
    server.kill().await;
    let (code, said) = watch.ended().await;
    assert_eq!(code, Some(1));
    assert!(said.starts_with("Error querying agent: Get "), "{said}");
    assert!(said.ends_with("with that the watch ends\n"), "{said}");
}

#[tokio::test]
async fn a_watch_ends_when_nobody_reads_it_any_more() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let mut watch = Watch::start(&server, &["members", "-watch"]);
    assert!(watch.line().await.starts_with("n1  "));
    let Watch { mut child, lines } = watch;
    drop(lines);
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    ended.expect("still watches, and nobody reads").unwrap();
}

#[tokio::test]
async fn a_watch_in_a_terminal_is_one_table_and_ends_by_ctrl_c() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let mut child = in_terminal(&server, "members -watch");
    let mut shown = BufReader::new(child.stdout.take().unwrap());
    let table = screen(&mut shown).await;
    assert!(table.starts_with("Node  Address"), "{table:?}");
    assert!(
        table.contains("\r\nn1  ") && table.contains("until Ctrl-C"),
        "{table:?}"
    );
    let client = world.agent(2, &[&world.list([1])[0]]);
    while !screen(&mut shown).await.contains("\r\nn2  ") {}
    drop(client);
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"\x03")
        .await
        .unwrap();
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert_eq!(ended.expect("still runs").unwrap().code(), Some(0));
}

/// A command before an agent, in a terminal of 24 rows and 66 columns. `script` gives its command one;
/// what is written to it is typed there. Its shell must make way: one that waits is interrupted as
/// well, and its exit code would be seen.
fn in_terminal(agent: &Agent, args: &str) -> Child {
    let program = env!("CARGO_BIN_EXE_quorate");
    let command = format!("stty rows 24 cols 66; exec {program} {args}");
    let started = Command::new("script")
        .args(["-q", "-e", "-f", "-c", &command, "/dev/null"])
        .env("CONSUL_HTTP_ADDR", format!("{}:8500", agent.addr()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    started.expect("`script` (util-linux) gives the test its terminal")
}

#[tokio::test]
async fn a_terminal_shows_what_tells_most_in_rows_that_fit_it() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    for (args, begins, holds) in [
        ("members -watch", "Node  Address ", "  DC\r\nn1    127."),
        ("members -detailed -watch", "Node  Address ", "  acls=0,"),
        ("info -why -watch", "ready: ", "\r\n  since    "),
        (
            "info -watch",
            "ready: ",
            "\r\nraft:\r\n    state = Leader\r\n",
        ),
        (
            "info -watch",
            "ready: ",
            "\r\nserf_lan:\r\n    members = 1\r\n",
        ),
    ] {
        let mut child = in_terminal(&server, args);
        let table = screen(&mut BufReader::new(child.stdout.take().unwrap())).await;
        assert!(table.starts_with(begins), "{args}: {table:?}");
        assert!(table.contains(holds), "{args}: {table:?}");
        let rows: Vec<usize> = table.split("\r\n").map(|row| row.chars().count()).collect();
        assert!(rows.len() <= 24, "{args}: {table:?}");
        assert!(rows.iter().all(|row| *row <= 66), "{args}: {table:?}");
    }
}

/// The next table that is drawn, without what steers the terminal.
async fn screen(shown: &mut BufReader<ChildStdout>) -> String {
    let mut bytes = Vec::new();
    let reading = shown.read_until(b'J', &mut bytes);
    let read = tokio::time::timeout(PATIENCE, reading).await;
    assert!(
        read.expect("no table").unwrap() > 0,
        "the terminal was closed"
    );
    let text = String::from_utf8(bytes).unwrap();
    let (_, table) = text.split_once("\x1b[H").expect("drawn from the corner");
    table.replace("\x1b[K", "").replace("\x1b[J", "")
}

#[tokio::test]
async fn a_leave_says_its_stages() {
    let world = World::new();
    let mut servers = world.servers(3, &[SOON]);
    let leader = servers[0].led().await;
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(leads).unwrap();
    let mut leaving = servers.remove(at);
    let ran = asked(&leaving, &["leave"]).await;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "Graceful leave complete\n")
    );
    let stages = [
        "handing leadership over",
        "leadership handed over",
        "telling the others",
        "gone from the gossip",
        "waiting to be removed as voter",
        "removed as voter",
    ];
    assert_eq!(ran.stderr.lines().collect::<Vec<_>>(), stages);
    assert_eq!(leaving.ended().await, Some(0));
}

#[tokio::test]
async fn a_leave_beside_a_voter_that_hangs_says_once_that_nobody_can_lead() {
    let world = World::new();
    let mut servers = world.servers(2, &[SOON]);
    let leader = servers[0].led().await;
    vote(&servers.iter().collect::<Vec<_>>()).await;
    servers.sort_by_key(|server| leader != format!("{}:8300", server.addr()));
    servers[1].signal("STOP").await;
    let ran = asked(&servers[0], &["leave", "-force"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let stages: Vec<&str> = ran.stderr.lines().collect();
    let mut once = stages.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(stages.len(), once.len(), "{stages:?}");
    assert!(
        stages[1].starts_with("leadership not handed over: "),
        "{stages:?}"
    );
    assert_eq!(servers[0].ended().await, Some(0));
}

#[tokio::test]
async fn a_server_whose_leave_would_break_the_quorum_refuses_unless_forced() {
    let world = World::new();
    let mut servers = world.servers(3, &[SOON]);
    servers[0].write("before", "1").await;
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    let (mut dead, mut leaving) = (servers.pop().unwrap(), servers.pop().unwrap());
    dead.kill().await;
    eventually("n3 is failed", || async {
        (leaving.members(4).await == ["n3"]).then_some(())
    })
    .await;
    let refused = asked(&leaving, &["leave"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    let text = "Error leaving: Unexpected response code: 500 (leaving would break the quorum: the \
                voters left would be n1 (alive), n3 (missing), of which 2 must be alive; ";
    assert!(refused.stderr.starts_with(text), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("`quorate leave -force`"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stderr.lines().count(), 1);
    // Nothing has happened.
    servers[0].write("after", "1").await;
    assert_eq!(servers[0].members(1).await, ["n1", "n2"]);

    let forced = asked(&leaving, &["leave", "-force"]).await;
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert_eq!(leaving.ended().await, Some(0));
    assert_eq!(servers[0].members(3).await, ["n2"]);
}
