//! Hostile bytes to the ports that every agent opens: it lives, stays small, and shuts its door.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use crate::support::{Agent, PATIENCE, World, eventually};

/// How many silent connections of a crowd the other side has closed.
fn closed(crowd: &[TcpStream]) -> usize {
    let is_closed = |stream: &&TcpStream| {
        !matches!(
            stream.try_read(&mut [0; 64]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock
        )
    };
    crowd.iter().filter(is_closed).count()
}

/// What the memory of a process may grow by under attack, in KiB. Chosen: what sixty-four buffers
/// of a stream take and then some, a hundredth of what one claim of a gigabyte would take.
const GROWTH_KIB_MAX: u64 = 16 << 10;

/// Connects and sends; what comes back, until the other side closes.
async fn send(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // A door that shuts while we talk is what is wanted.
    let _shut_early = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let shown = &bytes[..bytes.len().min(24)];
    assert!(closed.is_ok(), "{to} kept the door open to {shown:02x?}");
    answer
}

/// Nobody is hurt: the agent answers, holds its cluster, and has the size that it had.
async fn is_well(agent: &Agent, before: u64, what: &str) {
    agent.write("alive", what).await;
    assert_eq!(agent.read("alive").await.1, what);
    let now = agent.resident_kib();
    assert!(
        now < before + GROWTH_KIB_MAX,
        "{what}: {before} to {now} KiB"
    );
}

async fn bootstrapped(world: &World) -> (Agent, u64) {
    let agent = world.agent(1, &["-server", "-bootstrap"]);
    agent.led().await;
    agent.write("alive", "at first").await;
    let before = agent.resident_kib();
    (agent, before)
}

/// First bytes that claim much, end early, or belong to other protocols.
fn rows() -> Vec<(&'static str, Vec<u8>)> {
    let many = |prefix: &[u8], byte: u8, count: usize| [prefix, &vec![byte; count]].concat();
    vec![
        (
            "nine bytes that end Consul",
            vec![6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        ("nine zeros", vec![0; 9]),
        ("nothing but a claim", vec![0xff; 9]),
        ("a megabyte of ones", vec![0xff; 1 << 20]),
        (
            "an http request",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        ),
        ("a tls hello", many(&[0x16, 3, 1, 0xff, 0xff], 0, 400)),
        (
            "a gossip stream that claims 4 GiB",
            many(b"QG\x01\x00", 0xff, 32),
        ),
        (
            "a gossip stream with a chunk of 4 GiB",
            [&b"QG\x01\x00"[..], &[0; 16], &[0xff; 4]].concat(),
        ),
        (
            "a hello that claims 64 KiB",
            many(b"qrte\x00\x01\xff\xff", 1, 70_000),
        ),
        ("a hello of nothing", b"qrte\x00\x01\x00\x00".to_vec()),
        (
            "a hello of random fields",
            many(b"qrte\x00\x01\x03\xff", 0xee, 1_023),
        ),
        ("another version", b"qrte\x77\x77\x00\x00".to_vec()),
    ]
}

#[tokio::test]
async fn hostile_bytes_on_either_port_close_the_door_and_cost_nothing() {
    let world = World::new();
    let (agent, before) = bootstrapped(&world).await;
    for port in [8301, 8300] {
        let to = SocketAddr::from((agent.addr(), port));
        for (what, bytes) in rows() {
            send(to, &bytes).await;
            is_well(&agent, before, what).await;
        }
    }
    let now = agent.resident_kib();
    println!(
        "{before} KiB before, {now} KiB after {} attacks",
        rows().len() * 2
    );
}

#[tokio::test]
async fn hostile_datagrams_are_counted_and_cost_nothing() {
    let world = World::new();
    let (agent, before) = bootstrapped(&world).await;
    let socket = UdpSocket::bind((world.addr(2), 0)).await.unwrap();
    let to = SocketAddr::from((agent.addr(), 8301));
    for (_, bytes) in rows() {
        let datagram = &bytes[..bytes.len().min(1_500)];
        socket.send_to(datagram, to).await.unwrap();
    }
    eventually("they are counted", || async {
        let mut counted = 0;
        for key in ["refused_malformed", "refused_cluster"] {
            counted += agent.stat("serf_lan", key).await.parse::<usize>().unwrap();
        }
        (counted >= rows().len()).then_some(())
    })
    .await;
    is_well(&agent, before, "datagrams").await;
}

#[tokio::test]
async fn connections_that_trickle_keep_nobody_out_for_long_and_are_closed() {
    let world = World::new();
    let (agent, before) = bootstrapped(&world).await;
    let mut open = Vec::new();
    for port in [8301, 8300] {
        for _ in 0..200 {
            let to = SocketAddr::from((agent.addr(), port));
            let mut stream = TcpStream::connect(to).await.unwrap();
            // The beginning of something that might be right.
            let begin: &[u8] = if port == 8301 { b"QG" } else { b"qrt" };
            stream.write_all(begin).await.unwrap();
            open.push(stream);
        }
    }
    // A healthy newcomer gets in meanwhile.
    let join = format!("-retry-join={}", agent.addr());
    let client = world.agent(2, &[&join]);
    client.sees(2).await;
    client.write("through", "the crowd").await;
    is_well(&agent, before, "four hundred open connections").await;
    for mut stream in open {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "kept open");
    }
    is_well(&agent, before, "four hundred closed connections").await;
}

#[tokio::test]
async fn a_crowd_that_says_nothing_leaves_a_server_the_descriptors_that_it_needs() {
    let world = World::new();
    let limits = ["prlimit", "--nofile=64:240"].map(str::to_owned);
    let mut flags = world.flags(1);
    flags.extend(["-server", "-bootstrap"].map(str::to_owned));
    let agent = Agent::start_through(limits.to_vec(), world.addr(1), flags);
    agent.led().await;
    agent.write("alive", "at first").await;
    assert_eq!(agent.descriptors_max(), 240);

    for port in [8500, 8300] {
        let mut crowd = Vec::new();
        for _ in 0..190 {
            let to = SocketAddr::from((agent.addr(), port));
            crowd.push(TcpStream::connect(to).await.unwrap());
        }
        // Of the third that the port may have, one is the connection that we write through.
        eventually("what is above the bound is closed", || async {
            (closed(&crowd) >= 190 - 80).then_some(())
        })
        .await;
        agent.write("alive", "in the crowd").await;
        assert_eq!(agent.read("alive").await.1, "in the crowd");
        if port == 8500 {
            assert!(closed(&crowd) <= 190 - 79, "closed below the bound");
        }
    }
}
