//! Cuts between sides: what each side may do, what it costs, and that one cluster comes of it.

use super::{Cluster, HOSTS, Led, NOBODY, SERVERS, Watch, without};
use crate::support::{Net, eventually};

#[test]
fn a_cut_network_has_one_side_that_acknowledges_and_heals_into_one_cluster() {
    Net::run(
        "formation::partition::cuts::inside_a_network_that_is_cut",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_that_is_cut() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let watch = Watch::begin(&cluster);
    three_and_two_that_follow(&cluster).await;
    three_and_two_with_the_leader(&cluster).await;
    two_two_and_one(&cluster).await;
    the_leader_alone(&cluster).await;
    // The last three each took the leader from its majority.
    watch.end(3).await;
}

/// 3|2 with the leader among the three: nothing is lost, so nothing is elected.
async fn three_and_two_that_follow(cluster: &Cluster) {
    let leader = cluster.leader().await;
    let others = without(leader, SERVERS);
    let term = cluster.term().await;
    let majority = [leader, others[0], others[1], 6, 7, 8];
    let minority = [others[2], others[3], 9, 10];
    cluster.net.cut(&[&minority, &majority]);
    only_one_side_writes(cluster, &majority, &minority, "3-with-leader").await;
    cluster
        .heal("3|2, the leader among three", Led::BySome)
        .await;
    assert_eq!(cluster.term().await, term, "an election without need");
    assert_eq!(cluster.leader().await, leader);
}

/// 3|2 with the leader among the two.
async fn three_and_two_with_the_leader(cluster: &Cluster) {
    let leader = cluster.leader().await;
    let others = without(leader, SERVERS);
    let minority = [leader, others[0], 6, 7];
    let majority = [others[1], others[2], others[3], 8, 9, 10];
    cluster.net.cut(&[&minority, &majority]);
    only_one_side_writes(cluster, &majority, &minority, "2-with-leader").await;
    cluster.heal("3|2, the leader among two", Led::BySome).await;
}

/// 2|2|1: nobody has a majority.
async fn two_two_and_one(cluster: &Cluster) {
    let sides: [&[u8]; 3] = [&[1, 2, 6, 7], &[3, 4, 8, 9], &[5, 10]];
    cluster.net.cut(&sides);
    let everybody: Vec<u8> = (1..=HOSTS).collect();
    assert_eq!(
        cluster.writers(&everybody, "2-2-1").await,
        NOBODY,
        "no majority"
    );
    cluster.heal("2|2|1", Led::ByNobody).await;
}

async fn the_leader_alone(cluster: &Cluster) {
    let leader = cluster.leader().await;
    let rest = without(leader, HOSTS);
    cluster.net.cut(&[&[leader], &rest]);
    only_one_side_writes(cluster, &rest, &[leader], "leader-alone").await;
    cluster.heal("leader alone", Led::BySome).await;
}

/// A write through every agent of one side is acknowledged in the end, and none through the other.
async fn only_one_side_writes(cluster: &Cluster, one: &[u8], other: &[u8], key: &str) {
    eventually("the majority writes", || async {
        let writers = cluster.writers(one, key).await;
        (writers.len() == one.len()).then_some(())
    })
    .await;
    let key = format!("{key}-across");
    assert_eq!(cluster.writers(other, &key).await, NOBODY, "the minority");
}
