//! A server that is removed while it is cut off.

use std::time::Instant;

use super::{Cluster, HOSTS, Led, NOBODY, SERVERS, Watch, without};
use crate::support::{Net, eventually, quorate};

#[test]
fn a_server_that_is_removed_while_it_is_cut_off_disturbs_nobody_when_it_returns() {
    Net::run(
        "formation::partition::removed::inside_a_network_that_removes_a_server",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_that_removes_a_server() {
    let Some(net) = Net::entered() else { return };
    let mut cluster = Cluster::form(net).await;
    let watch = Watch::begin(&cluster);
    let leader = cluster.leader().await;
    let lost = without(leader, SERVERS)[0];
    let rest = without(lost, HOSTS);
    cluster.net.cut(&[&[lost], &rest]);
    let name = format!("n{lost}");
    eventually("it has failed", || async {
        let failed = cluster.at(leader).members(4).await;
        failed.contains(&name).then_some(())
    })
    .await;
    let http = format!("{}:8500", cluster.at(leader).addr());
    let said = quorate(&["force-leave", &name], Some(http.clone())).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    eventually("it is no longer a voter", || async {
        (cluster.voters(leader).await == 4).then_some(())
    })
    .await;
    assert_eq!(cluster.writers(&[lost], "forced").await, NOBODY);
    cluster
        .heal("forced to leave while cut off", Led::BySome)
        .await;
    eventually("as at Consul, it is back", || async {
        (cluster.voters(leader).await == 5).then_some(())
    })
    .await;
    watch.end(0).await;

    // An operator's removal is for good.
    let term = cluster.term().await;
    cluster.net.cut(&[&[lost], &rest]);
    let address = format!("-address={}:8300", Net::addr(lost));
    let remove = ["operator", "raft", "remove-peer", &address];
    let said = quorate(&remove, Some(http)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(cluster.writers(&[lost], "removed").await, NOBODY);
    let begin = Instant::now();
    cluster.net.heal();
    let index = usize::from(lost) - 1;
    assert_eq!(cluster.agents[index].ended().await, Some(1));
    println!("removed: ended {:?} after the cut ended", begin.elapsed());
    cluster.agents[index].logged("removed: an operator").await;
    for n in rest {
        cluster.at(n).sees(usize::from(HOSTS) - 1).await;
        cluster.at(n).write(&format!("after-{n}"), "x").await;
    }
    assert_eq!(cluster.voters(leader).await, 4);
    let now = cluster.at(leader).stat("raft", "term").await;
    let now: u64 = now.parse().unwrap();
    println!("removed: term {term} to {now}");
    assert_eq!(now, term, "a removed server costs an election");
}
