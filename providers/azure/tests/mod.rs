//! The provider against recorded answers: what is asked, what comes back.

mod bad_days;
mod login;
mod sets;

use crate::Kind;
use crate::tape::{Take, Tape, parts, shown};

const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";
const NICS: &str = include_str!("nics.json");
const MACHINES: &str = include_str!("machines.json");
const POWER: &str = include_str!("power.json");
const NONE: &str = r#"{"value":[]}"#;

/// A query for a tag, with a secret to log in by.
fn query(more: &str) -> String {
    format!(
        "provider=azure tag_name=role tag_value=server subscription_id={SUBSCRIPTION} {LOGIN} {more}"
    )
}

const LOGIN: &str = "tenant_id=t client_id=c secret_access_key=hush+1";

fn token(text: &str) -> Take {
    let form = "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&client_secret=hush%2B1";
    let json = format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{text}"}}"#);
    Take::post("/t/oauth2/v2.0/token").body(form).json(&json)
}

/// A call with the token.
fn get(target: &str) -> Take {
    Take::get(target).header("authorization", "Bearer of-login")
}

fn nics_path(subscription: &str) -> String {
    format!(
        "/subscriptions/{subscription}/providers/Microsoft.Network/networkInterfaces?api-version=2024-03-01"
    )
}

fn nics_of(subscription: &str) -> Take {
    get(&nics_path(subscription))
}

fn nics() -> Take {
    nics_of(SUBSCRIPTION)
}

fn machines_path(subscription: &str) -> String {
    format!(
        "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01"
    )
}

fn machines_of(subscription: &str) -> Take {
    get(&machines_path(subscription))
}

fn machines() -> Take {
    machines_of(SUBSCRIPTION)
}

fn power_path(subscription: &str) -> String {
    format!(
        "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01&statusOnly=true"
    )
}

fn power_of(subscription: &str) -> Take {
    get(&power_path(subscription))
}

fn power() -> Take {
    power_of(SUBSCRIPTION)
}

/// A server that logs in, and then plays these.
async fn azure(takes: impl IntoIterator<Item = Take>) -> Tape {
    let tape = Tape::play(std::iter::once(token("of-login")).chain(takes)).await;
    let url = tape.url();
    tape.with_variables(&[("AZURE_AUTHORITY_HOST", &url)])
}

fn recorded() -> [Take; 3] {
    [
        nics().json(NICS),
        machines().json(MACHINES),
        power().json(POWER),
    ]
}

#[tokio::test]
async fn a_tag_on_the_machine_or_on_its_interface_counts_whatever_its_case() {
    let tape = azure(recorded()).await;
    let answer = tape.resolve(&query("")).await.unwrap();
    assert_eq!(shown(&answer), ["10.1.0.4", "10.1.0.5", "fd00:1::4"]);
    assert!(answer.is_complete());
    let first = &answer.contacts[0];
    assert_eq!(first.name.as_deref(), Some("server-1"));
    assert_eq!(first.zone.as_deref(), Some("westeurope-1"));
    assert_eq!(first.tags["Role"], "server");
    let id = first.instance.as_deref().unwrap();
    assert!(id.ends_with("/virtualMachines/server-1"), "{id}");
    assert_eq!(answer.contacts[1].zone.as_deref(), Some("westeurope"));
    tape.finish();
}

#[tokio::test]
async fn what_is_left_out_is_told_with_its_reason() {
    let tape = azure(recorded()).await;
    let answer = tape.resolve(&query("")).await.unwrap();
    let mut why: Vec<(&str, &str)> = Vec::new();
    for (instance, _fate) in &answer.seen {
        let name = instance.name.as_deref().unwrap();
        why.extend(instance.dropped.as_deref().map(|reason| (name, reason)));
    }
    why.sort_unstable();
    let wanted = [
        ("off", "is stopped"),
        ("spare-nic", "is an interface without a machine"),
        ("web-1", "has not the tag"),
    ];
    assert_eq!(why, wanted);
}

#[tokio::test]
async fn a_stopped_machine_is_found_if_it_is_asked_for() {
    for (key, wanted) in [
        ("status=stopped", vec!["10.1.0.7"]),
        (
            "status=any addr=private_v4",
            vec!["10.1.0.4", "10.1.0.5", "10.1.0.7"],
        ),
    ] {
        let tape = azure(recorded()).await;
        let answer = tape.resolve(&query(key)).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{key}");
    }
}

#[tokio::test]
async fn an_address_is_chosen_by_kind_network_and_interface() {
    for (keys, wanted) in [
        ("addr=private_v4", vec!["10.1.0.4", "10.1.0.5"]),
        ("addr=private_v6,private_v4", vec!["10.1.0.5", "fd00:1::4"]),
        ("network=disks", vec!["10.9.0.5"]),
        ("network=storage port=8301", vec!["10.9.0.5:8301"]),
        (
            "network=10.1.0.4/30 addr=private_v4",
            vec!["10.1.0.4", "10.1.0.5"],
        ),
    ] {
        let tape = azure(recorded()).await;
        let answer = tape.resolve(&query(keys)).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{keys}");
        assert!(answer.is_complete(), "{keys}");
    }
}

#[tokio::test]
async fn public_addresses_are_asked_for_only_if_they_are_wanted() {
    let config = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.Network/networkInterfaces/server-1-nic/ipConfigurations/ipconfig1"
    );
    let list = format!(
        r#"{{"value":[{{"properties":{{"ipAddress":"198.51.100.4","ipConfiguration":{{"id":"{config}"}}}}}},{{"properties":{{}}}}]}}"#
    );
    let public = get(&format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/publicIPAddresses?api-version=2024-03-01"
    ));
    let tape = azure(recorded().into_iter().chain([public.json(&list)])).await;
    let answer = tape
        .resolve(&query("addr=public_v4,private_v4"))
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.1.0.5", "198.51.100.4"]);
    tape.finish();
}

fn nic(n: u8) -> String {
    format!(
        r#"{{"id":"/n{n}","tags":{{"role":"server"}},"properties":{{"primary":true,"virtualMachine":{{"id":"/m{n}"}},"ipConfigurations":[{{"properties":{{"privateIPAddress":"10.0.0.{n}"}}}}]}}}}"#
    )
}

#[tokio::test]
async fn every_page_is_read_and_an_empty_one_is_no_error() {
    let link = |rest: &str| format!(r#","nextLink":"http://{{addr}}{rest}""#);
    let one = |item: &str, next: &str| format!(r#"{{"value":[{item}]{next}}}"#);
    let vm = |n: u8| format!(r#"{{"id":"/M{n}","name":"m{n}","location":"l"}}"#);
    let tape = azure([
        nics().json(&one(
            &nic(1),
            &link("/next?api-version=x&%24skiptoken=a%2bb%3D"),
        )),
        get("/next?api-version=x&%24skiptoken=a%2bb%3D").json(&one("", &link("/next?p=3"))),
        get("/next?p=3").json(&one(&nic(2), r#","nextLink":"""#)),
        machines().json(&one(
            &vm(1),
            &link("/vms?%24skiptoken=a%2bb&api-version=2024-07-01"),
        )),
        get("/vms?%24skiptoken=a%2bb&api-version=2024-07-01")
            .json(&one("", &link("/vms?p=3&api-version=y"))),
        get("/vms?p=3&api-version=y").json(&one(&vm(2), "")),
        power().json(NONE),
    ])
    .await;
    let answer = tape.resolve(&query("")).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(answer.contacts[1].name.as_deref(), Some("m2"));
    tape.finish();
}

#[tokio::test]
async fn a_subscription_without_anything_is_an_empty_and_complete_answer() {
    let tape = azure([nics().json(NONE), machines().json(NONE), power().json(NONE)]).await;
    let answer = tape.resolve(&query("")).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
}

#[tokio::test]
async fn who_may_read_interfaces_alone_finds_their_tags_with_a_gap() {
    let denied = r#"{"error":{"code":"AuthorizationFailed","message":"The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/read'"}}"#;
    let tape = azure([nics().json(NICS), machines().status(403).json(denied)]).await;
    let answer = tape.resolve(&query("addr=private_v4")).await.unwrap();
    // Of the machine whose interface says that it is deallocated, nothing.
    assert_eq!(shown(&answer), ["10.1.0.4"]);
    let part = format!("virtual machines of subscription {SUBSCRIPTION}");
    assert_eq!(parts(&answer), [part]);
    let told = answer.gaps[0].error.to_string();
    assert!(told.contains("virtualMachines/read"), "{told}");
    tape.finish();
}

#[tokio::test]
async fn several_subscriptions_are_read_and_one_that_fails_is_a_gap() {
    let list = |n| format!(r#"{{"value":[{}]}}"#, nic(n));
    let tape = azure([
        nics_of("s-1").json(&list(1)),
        machines_of("s-1").json(NONE),
        power_of("s-1").json(NONE),
        nics_of("s-2")
            .status(403)
            .json(r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#),
        nics_of("s-3").json(&list(3)),
        machines_of("s-3").json(NONE),
        power_of("s-3").json(NONE),
    ])
    .await;
    let query = format!(
        "provider=azure tag_name=role tag_value=server {LOGIN} subscription_id=\"s-1, s-2,s-3\""
    );
    let answer = tape.resolve(&query).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.3"]);
    assert_eq!(parts(&answer), ["subscription s-2"]);
    tape.finish();
}

#[tokio::test]
async fn the_subscription_may_come_from_the_environment_and_is_missed_by_name() {
    let short = format!("provider=azure tag_name=role tag_value=server {LOGIN}");
    let tape = azure(recorded()).await;
    let url = tape.url();
    let tape = tape.with_variables(&[
        ("AZURE_AUTHORITY_HOST", &url),
        ("ARM_SUBSCRIPTION_ID", SUBSCRIPTION),
    ]);
    // An empty argument does not hide the variable.
    let answer = tape
        .resolve(&format!("{short} subscription_id=\"\""))
        .await
        .unwrap();
    assert_eq!(answer.contacts.len(), 3);
    let tape = azure([]).await;
    let error = tape.resolve(&short).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Query);
    assert!(error.to_string().contains("ARM_SUBSCRIPTION_ID"), "{error}");
    assert!(tape.asked().is_empty());
}

#[tokio::test]
async fn tags_may_be_looked_for_in_one_resource_group() {
    let target = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.Network/networkInterfaces?api-version=2024-03-01"
    );
    let tape = azure([
        get(&target).json(NICS),
        machines().json(MACHINES),
        power().json(POWER),
    ])
    .await;
    let answer = tape.resolve(&query("resource_group=prod")).await.unwrap();
    assert_eq!(answer.contacts.len(), 3);
    tape.finish();
}
