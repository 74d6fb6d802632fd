//! Scale sets: uniform, flexible, and in one of several subscriptions.

use super::{LOGIN, NONE, SUBSCRIPTION, azure, get, parts, shown};
use crate::Kind;
use crate::tape::Take;

fn query(more: &str) -> String {
    format!("provider=azure resource_group=prod vm_scale_set=agents {LOGIN} {more}")
}

fn below(subscription: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/prod/providers")
}

fn set_of(subscription: &str, rest: &str) -> Take {
    let below = below(subscription);
    get(&format!(
        "{below}/Microsoft.Compute/virtualMachineScaleSets/agents{rest}"
    ))
}

fn set(mode: &str) -> Take {
    let json = format!(r#"{{"name":"agents","location":"westeurope","properties":{{{mode}}}}}"#);
    set_of(SUBSCRIPTION, "?api-version=2024-07-01").json(&json)
}

const UNIFORM_VM: &str = "/subscriptions/s/resourceGroups/prod/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines";

fn uniform_nic(n: u8, config: &str) -> String {
    format!(
        r#"{{"name":"nic","id":"{UNIFORM_VM}/{n}/networkInterfaces/nic","properties":{{"primary":true,
        "virtualMachine":{{"id":"{UNIFORM_VM}/{n}"}},
        "ipConfigurations":[{{"id":"{config}","properties":{{"privateIPAddress":"10.2.0.{n}","primary":true}}}}]}}}}"#
    )
}

fn uniform_machine(n: u8, state: &str) -> String {
    format!(
        r#"{{"id":"{UNIFORM_VM}/{n}","name":"agents_{n}","instanceId":"{n}","location":"westeurope","zones":["2"],
        "tags":{{"role":"server"}},"properties":{{"instanceView":{{"statuses":[{{"code":"PowerState/{state}"}}]}}}}}}"#
    )
}

fn uniform(rest: [Take; 3]) -> [Take; 3] {
    let list = format!(
        r#"{{"value":[{},{}]}}"#,
        uniform_nic(1, "/c1"),
        uniform_nic(2, "/c2")
    );
    let vms = format!(
        r#"{{"value":[{},{}]}}"#,
        uniform_machine(1, "running"),
        uniform_machine(2, "deallocated")
    );
    let [set, nics, machines] = rest;
    [set, nics.json(&list), machines.json(&vms)]
}

fn uniform_takes() -> [Take; 3] {
    uniform([
        set(r#""orchestrationMode":"Uniform""#),
        set_of(SUBSCRIPTION, "/networkInterfaces?api-version=2018-10-01"),
        set_of(
            SUBSCRIPTION,
            "/virtualMachines?api-version=2024-07-01&%24expand=instanceView",
        ),
    ])
}

#[tokio::test]
async fn a_uniform_set_gives_its_running_machines() {
    let tape = azure(uniform_takes()).await;
    let query = query(&format!("subscription_id={SUBSCRIPTION}"));
    let answer = tape.resolve(&query).await.unwrap();
    assert_eq!(shown(&answer), ["10.2.0.1"]);
    assert_eq!(answer.contacts[0].name.as_deref(), Some("agents_1"));
    assert_eq!(answer.contacts[0].zone.as_deref(), Some("westeurope-2"));
    assert_eq!(answer.contacts[0].tags["role"], "server");
    assert_eq!(answer.seen[1].0.dropped.as_deref(), Some("is deallocated"));
    tape.finish();
}

#[tokio::test]
async fn public_addresses_of_a_uniform_set_are_in_its_own_list() {
    let public =
        r#"{"value":[{"properties":{"ipAddress":"198.51.100.1","ipConfiguration":{"id":"/C1"}}}]}"#;
    let list = set_of(SUBSCRIPTION, "/publicipaddresses?api-version=2018-10-01").json(public);
    let tape = azure(uniform_takes().into_iter().chain([list])).await;
    let query = query(&format!("subscription_id={SUBSCRIPTION} addr=public_v4"));
    assert_eq!(
        shown(&tape.resolve(&query).await.unwrap()),
        ["198.51.100.1"]
    );
    tape.finish();
}

#[tokio::test]
async fn a_flexible_set_gives_machines_that_name_it_and_no_others() {
    let below = below(SUBSCRIPTION);
    let set_id = format!("{below}/Microsoft.Compute/virtualMachineScaleSets/agents");
    let vm = |n: u8, set: &str| {
        format!(
            r#"{{"id":"{below}/Microsoft.Compute/virtualMachines/agents_{n}","name":"agents_{n}","location":"westeurope",
            "properties":{{"virtualMachineScaleSet":{{"id":"{set}"}},"instanceView":{{"statuses":[{{"code":"PowerState/running"}}]}}}}}}"#
        )
    };
    let nic = |n: u8| {
        format!(
            r#"{{"id":"/nic{n}","properties":{{"primary":true,"virtualMachine":{{"id":"{below}/Microsoft.Compute/virtualMachines/AGENTS_{n}"}},
            "ipConfigurations":[{{"properties":{{"privateIPAddress":"10.3.0.{n}"}}}}]}}}}"#
        )
    };
    let filter = format!("'virtualMachineScaleSet/id' eq '{set_id}'");
    let mut vms = reqwest::Url::parse("http://h").unwrap();
    vms.set_path(&format!("{below}/Microsoft.Compute/virtualMachines"));
    vms.query_pairs_mut()
        .append_pair("api-version", "2024-07-01")
        .append_pair("$filter", &filter)
        .append_pair("$expand", "instanceView");
    let target = format!("{}?{}", vms.path(), vms.query().unwrap());
    let tape = azure([
        set(r#""orchestrationMode":"Flexible""#),
        get(&format!(
            "{below}/Microsoft.Network/networkInterfaces?api-version=2024-03-01"
        ))
        .json(&format!(
            r#"{{"value":[{},{},{}]}}"#,
            nic(1),
            nic(2),
            nic(3)
        )),
        get(&target).json(&format!(
            r#"{{"value":[{},{}]}}"#,
            vm(1, &set_id.to_uppercase()),
            vm(2, "/subscriptions/s/another")
        )),
    ])
    .await;
    let query = query(&format!("subscription_id={SUBSCRIPTION}"));
    let answer = tape.resolve(&query).await.unwrap();
    assert_eq!(shown(&answer), ["10.3.0.1"]);
    assert_eq!(
        answer.seen.len(),
        1,
        "the group's other machines are none of ours"
    );
    tape.finish();
}

#[tokio::test]
async fn a_member_without_an_interface_is_a_gap_while_it_runs() {
    let [set, nics, machines] = uniform_takes();
    let one = format!(r#"{{"value":[{}]}}"#, uniform_nic(2, "/c2"));
    let tape = azure([set, nics.json(&one), machines]).await;
    let error = tape
        .resolve(&query(&format!("subscription_id={SUBSCRIPTION}")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    assert!(error.to_string().contains("virtualMachines/1"), "{error}");
    tape.finish();
}

#[tokio::test]
async fn a_set_without_a_mode_is_uniform_and_an_empty_one_is_an_empty_answer() {
    let tape = azure([
        set(""),
        set_of(SUBSCRIPTION, "/networkInterfaces?api-version=2018-10-01").json(NONE),
        set_of(
            SUBSCRIPTION,
            "/virtualMachines?api-version=2024-07-01&%24expand=instanceView",
        )
        .json(NONE),
    ])
    .await;
    let query = query(&format!("subscription_id={SUBSCRIPTION}"));
    let answer = tape.resolve(&query).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
    tape.finish();
}

fn absent(subscription: &str) -> Take {
    let json = r#"{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.Compute/virtualMachineScaleSets/agents' was not found."}}"#;
    set_of(subscription, "?api-version=2024-07-01")
        .status(404)
        .json(json)
}

#[tokio::test]
async fn a_set_lies_in_one_of_several_subscriptions_and_nowhere_is_an_error() {
    let takes = std::iter::once(absent("s-0")).chain(uniform_takes());
    let tape = azure(takes).await;
    let several = query(&format!("subscription_id=s-0,{SUBSCRIPTION}"));
    let answer = tape.resolve(&several).await.unwrap();
    assert_eq!(shown(&answer), ["10.2.0.1"]);
    assert!(answer.is_complete());
    tape.finish();

    for list in ["s-0", "s-0,s-1"] {
        let tape = azure(list.split(',').map(absent)).await;
        let error = tape
            .resolve(&query(&format!("subscription_id={list}")))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Answer);
        let is_named = error.to_string().contains("not found")
            || error.to_string().contains("no such scale set");
        assert!(is_named, "{error}");
        tape.finish();
    }
}

#[tokio::test]
async fn who_may_read_a_sets_interfaces_alone_finds_them_with_a_gap() {
    let denied = set_of(SUBSCRIPTION, "?api-version=2024-07-01")
        .status(403)
        .json(r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#);
    let [_, nics, _] = uniform_takes();
    let tape = azure([denied, nics]).await;
    let query = query(&format!("subscription_id={SUBSCRIPTION}"));
    let answer = tape.resolve(&query).await.unwrap();
    assert_eq!(shown(&answer), ["10.2.0.1", "10.2.0.2"]);
    assert_eq!(parts(&answer), ["virtual machines of scale set agents"]);
    tape.finish();
}
