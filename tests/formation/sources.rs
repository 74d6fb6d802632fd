//! Ways to find each other: the EC2 API, a list, DNS names, IPv6, ports.

#[cfg(feature = "aws")]
use crate::support::ec2::{Instance, StandIn};
#[cfg(feature = "aws")]
use crate::support::quorate;
use crate::support::{Agent, World};

#[cfg(feature = "aws")]
fn through_ec2(cloud: &StandIn) -> String {
    format!(
        "provider=aws region=eu-west-1 tag_key=role tag_value=server endpoint={} \
         access_key_id=AKIDEXAMPLE secret_access_key=never-shown",
        cloud.url()
    )
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn three_servers_form_through_the_ec2_api() {
    let world = World::new();
    let mut instances: Vec<Instance> = (1..=3)
        .map(|n| Instance::running(&format!("i-{n}"), world.addr(n)).tag("role", "server"))
        .collect();
    instances.push(Instance::running("i-web", world.addr(8)).tag("role", "web"));
    let cloud = StandIn::start(instances).await.unwrap();
    let source = format!("-retry-join={}", through_ec2(&cloud));
    let mut servers: Vec<Agent> = Vec::new();
    for n in 1..=3 {
        servers.push(world.agent(n, &["-server", "-bootstrap-expect=3", &source]));
    }
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
        server.sees(3).await;
        assert!(
            !server.log_text().contains("never-shown"),
            "a secret is in the log"
        );
        let (_, own) = server.get("/v1/agent/self").await;
        assert!(!own.contains("never-shown"), "a secret is in the API");
    }
    for request in cloud.requests() {
        assert_eq!(request.action(), "DescribeInstances");
        assert!(!request.authorization().contains("never-shown"));
    }
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn servers_whom_ec2_shows_themselves_first_then_one_other_then_all_found_one_cluster() {
    let world = World::new();
    let shown = |numbers: &[u8]| -> Vec<Instance> {
        let instance =
            |n: &u8| Instance::running(&format!("i-{n}"), world.addr(*n)).tag("role", "server");
        numbers.iter().map(instance).collect()
    };
    let mut clouds = Vec::new();
    let mut servers: Vec<Agent> = Vec::new();
    for n in 1..=3 {
        let cloud = StandIn::start(shown(&[n])).await.unwrap();
        let source = format!("-retry-join={}", through_ec2(&cloud));
        servers.push(world.agent(n, &["-server", "-bootstrap-expect=3", &source]));
        clouds.push(cloud);
    }
    for server in &servers {
        server.logged("reason=only-self").await;
        assert!(!server.log_text().contains("Join cluster completed"));
    }
    clouds[0].set_instances(shown(&[1, 2]));
    servers[0].sees(2).await;
    servers[1].sees(2).await;
    for server in &servers {
        assert_eq!(server.stat("quorate", "cluster_id").await, "");
    }
    for cloud in &clouds {
        cloud.set_instances(shown(&[1, 2, 3]));
    }
    let mut ids = Vec::new();
    for server in &servers {
        server.led().await;
        server.sees(3).await;
        ids.push(server.stat("quorate", "cluster_id").await);
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn discover_prints_one_address_a_line() {
    let world = World::new();
    let instances = (1..=3)
        .map(|n| Instance::running(&format!("i-{n}"), world.addr(n)).tag("role", "server"))
        .collect();
    let cloud = StandIn::start(instances).await.unwrap();
    let found = quorate(&["discover", &through_ec2(&cloud)], None).await;
    let expected: Vec<String> = (1..=3).map(|n| world.addr(n).to_string()).collect();
    assert_eq!(found.code, Some(0), "{found:?}");
    assert_eq!(found.stdout.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_port_behind_an_address_is_honoured() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap", "-serf-lan-port=7301"]);
    server.led().await;
    let to = format!("-retry-join={}:7301", world.addr(1));
    let client = world.agent(2, &["-serf-lan-port=7302", &to]);
    client.write("key", "1").await;
}

/// Starts the n-th agent with gossip and rpc on any free ports of another address.
fn elsewhere(world: &World, n: u8, bind: &str, more: &[&str]) -> Agent {
    let mut flags = world.flags(n);
    flags.retain(|flag| !flag.starts_with("-bind"));
    flags.push(format!("-bind={bind}"));
    flags.extend(["-serf-lan-port=0", "-server-port=0", "-server"].map(String::from));
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    Agent::start(world.addr(n), flags)
}

async fn gossip_port(agent: &Agent) -> u64 {
    agent.get_json("/v1/agent/self").await["Member"]["Port"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn servers_form_on_ipv6() {
    let world = World::new();
    let first = elsewhere(&world, 1, "::1", &["-bootstrap-expect=3"]);
    let to_first = format!("-retry-join=[::1]:{}", gossip_port(&first).await);
    let second = elsewhere(&world, 2, "::1", &["-bootstrap-expect=3", &to_first]);
    let third = elsewhere(&world, 3, "::1", &["-bootstrap-expect=3", &to_first]);
    for server in [&first, &second, &third] {
        server.write("key", "1").await;
        assert!(server.led().await.starts_with("[::1]:"));
    }
}

#[tokio::test]
async fn a_dns_name_is_joined_at_its_addresses() {
    // `localhost` is the one name that every machine resolves without a server.
    let world = World::new();
    let server = elsewhere(&world, 1, "127.0.0.1", &["-bootstrap"]);
    server.led().await;
    let to_name = format!("-retry-join=localhost:{}", gossip_port(&server).await);
    let client = world.agent(2, &[&to_name]);
    client.write("key", "1").await;
}
