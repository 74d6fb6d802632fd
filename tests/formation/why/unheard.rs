//! What a server says that can call the others, and whom nobody gets through to.

use std::time::Instant;

use super::{all_miss, listening, probes, ready, why};
use crate::support::{Agent, Door, Gate, World, eventually, quorate};

/// Three servers, the third behind a gate, and a client that goes to one of them; all are ready.
async fn three_with_a_gate(world: &World, to: u8) -> ([Agent; 3], Gate, Agent) {
    let list = world.list(1..=3);
    let mut flags = vec!["-server", "-bootstrap-expect=3"];
    flags.extend(list.iter().map(String::as_str));
    let (third, gate) = world.gated(3, &flags).await;
    let first = world.agent(1, &flags);
    let second = world.agent(2, &flags);
    let client = world.agent(7, &[&world.list([to])[0]]);
    for agent in [&first, &second, &third, &client] {
        ready(agent).await;
    }
    ([first, second, third], gate, client)
}

#[tokio::test]
async fn a_voter_whose_port_is_shut_names_the_leader_that_does_not_get_through() {
    let world = World::new();
    let ([first, second, third], gate, client) = three_with_a_gate(&world, 3).await;
    // A leader needs no port of its own to be heard.
    let third_leads = format!("{}:8300", third.addr());
    if third.led().await == third_leads {
        let http = Some(format!("{}:8500", third.addr()));
        let said = quorate(&["operator", "raft", "transfer-leader"], http).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    eventually("another leads", || async {
        let leader = third.leader().await;
        (!leader.is_empty() && leader != third_leads).then_some(())
    })
    .await;
    for door in [Door::Refusing, Door::Silent] {
        let leader = match third.led().await {
            addr if addr.starts_with(&format!("{}:", first.addr())) => "n1",
            _ => "n2",
        };
        let fault = Instant::now();
        gate.set(door);
        let code = "server-port-unreached";
        let said = all_miss(fault, code, Some(&[leader]), &[&third]).await;
        let line = said[0]["Line"].as_str().unwrap();
        assert!(line.contains(&third_leads), "{line}");
        assert_eq!(probes(&third).await, [200, 503, 200]);
        for agent in [&first, &second, &client] {
            assert_eq!(why(agent).await["Code"], "ready", "{}", agent.addr());
        }
        let cured = Instant::now();
        gate.set(Door::Open);
        ready(&third).await;
        println!("ready {:.1?} after {door:?}", cured.elapsed());
    }
}

#[tokio::test]
async fn a_newcomer_whose_port_is_shut_says_so_once_it_is_taken_in() {
    let world = World::new();
    let first = world.agent(1, &["-server", "-bootstrap"]);
    ready(&first).await;
    let (second, gate) = world.gated(2, &["-server", &world.list([1])[0]]).await;
    gate.set(Door::Refusing);
    let fault = listening(&[&second]).await;
    let code = "server-port-unreached";
    all_miss(fault, code, Some(&["n1"]), &[&second]).await;
    assert_eq!(why(&first).await["Code"], "ready");
    gate.set(Door::Open);
    ready(&second).await;
}

#[tokio::test]
async fn a_leader_whose_port_is_shut_is_named_by_the_others_and_hands_leadership_on() {
    let world = World::new();
    let ([first, second, third], gate, client) = three_with_a_gate(&world, 1).await;
    let third_leads = format!("{}:8300", third.addr());
    if third.led().await != third_leads {
        let id = third.get_json("/v1/agent/self").await["Config"]["NodeID"].clone();
        let id = format!("-id={}", id.as_str().unwrap());
        let http = Some(format!("{}:8500", first.addr()));
        let said = quorate(&["operator", "raft", "transfer-leader", &id], http).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let code = "server-port-unreached";
    let fault = Instant::now();
    gate.set(Door::Refusing);
    let said = all_miss(fault, code, Some(&["n3"]), &[&first, &second, &client]).await;
    let line = said[0]["Line"].as_str().unwrap();
    assert!(line.contains(&third_leads), "{line}");
    third.logged("handing leadership on").await;
    for agent in [&first, &second, &client] {
        ready(agent).await;
        agent.write(&format!("through/{}", agent.addr()), "1").await;
    }
    eventually("the old leader names the new one", || async {
        let said = why(&third).await;
        (said["Code"] == code && said["Missing"][0] != "n3").then_some(())
    })
    .await;
    gate.set(Door::Open);
    ready(&third).await;
}
