//! Empty servers that must wait for two minutes (the demand study's scenario A2, `b` and `e`).

use std::time::Duration;

use crate::formation::replacement::{a_leader_hears_nobody, three_are_stopped};

/// How long the scenario has it.
const SPAN: Duration = Duration::from_mins(2);

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn an_empty_server_founds_nothing_while_a_leader_hears_nobody_for_two_minutes() {
    a_leader_hears_nobody(SPAN).await;
}

#[tokio::test]
#[ignore = "takes minutes: just long"]
async fn an_empty_server_names_three_that_are_stopped_for_two_minutes_and_founds_nothing() {
    three_are_stopped(SPAN).await;
}
