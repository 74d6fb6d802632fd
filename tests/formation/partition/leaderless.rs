//! A server that is cut off from the other servers and from no client.

use std::time::Duration;

use super::{Cluster, HOSTS, SERVERS, without};
use crate::support::{Net, eventually, throughout};

/// A client asks every two seconds how its server does.
const LONG_ENOUGH: Duration = Duration::from_secs(6);

#[test]
fn clients_leave_a_server_that_says_that_nobody_leads_for_one_that_is_led() {
    Net::run(
        "formation::partition::leaderless::inside_a_network_where_one_server_is_cut_off",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_where_one_server_is_cut_off() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let leader = cluster.leader().await;
    // Each client asks some server first: whichever it is, unless it leads, its turn comes.
    for cut_off in without(leader, SERVERS) {
        let others = without(cut_off, SERVERS);
        cluster.net.cut(&[&[cut_off], &others]);
        eventually("it knows no leader", || async {
            cluster.at(cut_off).leader().await.is_empty().then_some(())
        })
        .await;
        throughout(LONG_ENOUGH, || async {
            for client in SERVERS + 1..=HOSTS {
                let (status, body) = cluster.at(client).get("/v1/status/ready").await;
                assert_eq!(status, 200, "{client}, {cut_off} cut off: {body}");
            }
        })
        .await;
        cluster.net.heal();
        cluster.is_whole().await;
    }
}
