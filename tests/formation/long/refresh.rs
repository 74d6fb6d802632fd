//! All servers move, and twenty clients find them through each kind of source (the demand study's
//! scenario A5).

use super::turn;
use crate::formation::refresh::{Away, Kind, all_servers_move};

/// As many clients as the scenario has.
const CLIENTS: usize = 20;

async fn twenty_clients(kind: Kind) {
    let _turn = turn().await;
    all_servers_move(kind, Away::Short, CLIENTS).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn twenty_clients_find_all_servers_elsewhere_through_an_api() {
    twenty_clients(Kind::Api).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn twenty_clients_find_all_servers_elsewhere_through_a_dns_name() {
    twenty_clients(Kind::Name).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn twenty_clients_find_all_servers_elsewhere_through_a_dns_service() {
    twenty_clients(Kind::Service).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn twenty_clients_find_all_servers_elsewhere_through_a_file() {
    twenty_clients(Kind::File).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn twenty_clients_find_all_servers_elsewhere_through_a_list_that_names_both_places() {
    twenty_clients(Kind::List).await;
}
