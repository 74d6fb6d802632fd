//! Half a cut: one direction only, or one port only.

use super::{Cluster, HOSTS, Led, NOBODY, SERVERS, Watch, without};
use crate::support::{Net, eventually};

#[test]
fn a_one_way_cut_leaves_one_leader_that_acknowledges() {
    Net::run(
        "formation::partition::half::inside_a_network_that_is_cut_one_way",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_that_is_cut_one_way() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let watch = Watch::begin(&cluster);
    for is_deaf in [true, false] {
        let leader = cluster.leader().await;
        let rest = without(leader, HOSTS);
        if is_deaf {
            cluster.net.drop_from_to(&rest, &[leader]);
        } else {
            cluster.net.drop_from_to(&[leader], &rest);
        }
        let what = if is_deaf {
            "leader that hears nothing"
        } else {
            "leader that nobody hears"
        };
        let servers = without(leader, SERVERS);
        eventually("the others write", || async {
            let writers = cluster.writers(&servers, "one-way").await;
            (writers.len() == servers.len()).then_some(())
        })
        .await;
        assert_eq!(cluster.writers(&[leader], "old").await, NOBODY, "{what}");
        cluster.heal(what, Led::BySome).await;
    }
    watch.end(2).await;
}

#[test]
fn a_server_whose_rpc_port_is_silent_while_gossip_goes_on_does_not_lead() {
    Net::run(
        "formation::partition::half::inside_a_network_without_rpc",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_without_rpc() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let watch = Watch::begin(&cluster);
    let leader = cluster.leader().await;
    cluster.net.drop_rpc(leader);
    let rest = without(leader, HOSTS);
    eventually("the others write", || async {
        let writers = cluster.writers(&rest, "no-rpc").await;
        (writers.len() == rest.len()).then_some(())
    })
    .await;
    assert_eq!(cluster.writers(&[leader], "old").await, NOBODY);
    for agent in &cluster.agents {
        agent.sees(HOSTS.into()).await;
    }
    cluster.heal("gossip yes, rpc no", Led::BySome).await;
    watch.end(1).await;
}
