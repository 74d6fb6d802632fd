//! Config files in three languages do what the flags do.

use crate::support::World;

#[tokio::test]
async fn servers_form_from_files_in_hcl_json_and_toml() {
    let world = World::new();
    let [a, b, c] = [1, 2, 3].map(|n| world.addr(n));
    let files = [
        world.write(
            "server.hcl",
            &format!("server = true\nbootstrap_expect = 3\nretry_join = [\"{b}\", \"{c}\"]\n"),
        ),
        world.write(
            "server.json",
            &format!("{{\"server\": true, \"bootstrap_expect\": 3, \"retry_join\": [\"{a}\"]}}"),
        ),
        world.write(
            "server.toml",
            &format!("server = true\nbootstrap_expect = 3\nretry_join = [\"{a}\", \"{b}\"]\n"),
        ),
    ];
    let mut servers = Vec::new();
    for (n, file) in (1..).zip(&files) {
        servers.push(world.agent(n, &[&format!("-config-file={}", file.display())]));
    }
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
}

#[tokio::test]
async fn start_join_in_a_file_joins_at_once() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    let file = world.write(
        "client.hcl",
        &format!("start_join = [\"{}\"]\n", world.addr(1)),
    );
    let client = world.agent(2, &[&format!("-config-file={}", file.display())]);
    client.write("key", "1").await;
}
