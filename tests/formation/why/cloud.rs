//! Faults of a cloud, told by a stand-in for its API.

use serde_json::Value;

use super::{all_say, listed, listening, ready, server};
use crate::support::World;
use crate::support::ec2::{Fault, Instance, StandIn};

/// Three servers whose only source is the stand-in, which does this; what each says. Once the
/// cloud is well and lists them, they serve.
async fn three(code: &str, fault: Option<Fault>) -> Vec<Value> {
    let world = World::new();
    let cloud = StandIn::start(Vec::new()).await.unwrap();
    if let Some(fault) = fault {
        cloud.fail(usize::MAX, fault);
    }
    let source = format!(
        "-retry-join=provider=aws region=eu-west-1 tag_key=role tag_value=server endpoint={} \
         access_key_id=AKIDEXAMPLE secret_access_key=never-shown",
        cloud.url()
    );
    let three = [1, 2, 3].map(|n| server(&world, n, &[], &[&source]));
    let [first, second, third] = &three;
    let begin = listening(&[first, second, third]).await;
    let said = all_say(begin, code, &[first, second, third]).await;
    for said in &said {
        assert!(!said.to_string().contains("never-shown"), "{said}");
        println!("{}", said["Sources"][0]["Error"]);
    }
    let instance = |n| Instance::running(&format!("i-{n}"), world.addr(n)).tag("role", "server");
    cloud.set_instances((1..=3).map(instance).collect());
    cloud.heal();
    for server in &three {
        ready(server).await;
    }
    said
}

const fn error(status: u16, code: &'static str) -> Fault {
    Fault::Error {
        status,
        code,
        retry_after: None,
    }
}

#[tokio::test]
async fn a_cloud_that_lists_nobody_is_named() {
    let said = three("discovery-empty", None).await;
    assert!(listed(&said[0], "Missing")[0].starts_with("provider=aws"));
}

#[tokio::test]
async fn credentials_that_are_refused_are_named_with_the_clouds_word() {
    for said in three("credentials", Some(error(403, "AuthFailure"))).await {
        let error = said["Sources"][0]["Error"].as_str().unwrap();
        assert!(error.contains("AuthFailure"), "{error}");
    }
}

#[tokio::test]
async fn a_cloud_that_asks_for_patience_is_named() {
    three("throttled", Some(error(503, "RequestLimitExceeded"))).await;
}
