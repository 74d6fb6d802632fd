//! A line for each provider of this crate: a query, and a good answer.
//!
//! One without a line is checked by what its tables say.

use std::path::Path;

use super::Sample;

/// A file of recorded answers, below the crate's folder.
fn data(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The samples of a provider: one for each API that it speaks.
pub(super) fn samples(name: &str) -> Vec<Sample> {
    match name {
        "aws" => vec![ec2(), ecs()],
        _ => vec![sample(name)],
    }
}

const AWS: &str = "provider=aws region=eu-west-1 tag_key=role tag_value=server \
                   access_key_id=AKID secret_access_key=hush";

fn ec2() -> Sample {
    Sample::of(AWS)
        .page("NextToken=token-2", &data("aws/testdata/instances_3.xml"))
        .page("NextToken=token-1", &data("aws/testdata/instances_2.xml"))
        .page(
            "Action=DescribeInstances",
            &data("aws/testdata/instances_1.xml"),
        )
        .next("<nextToken>token-")
}

fn ecs() -> Sample {
    Sample::of(&format!("{AWS} service=ecs ecs_cluster=blue"))
        .page("\"include\":", &data("aws/testdata/tasks.json"))
        .page("\"nextToken\":", &data("aws/testdata/task_arns_2.json"))
        .page("\"desiredStatus\":", &data("aws/testdata/task_arns_1.json"))
        .next("\"nextToken\": \"token-1")
}

/// A page of interfaces, one of machines and one of their power; all but the token is a list.
fn azure() -> Sample {
    let next = r#""nextLink":"http://{addr}/more?page=2","value""#;
    let first = data("azure/tests/nics.json").replacen(r#""value""#, next, 1);
    Sample::of(
        "provider=azure tag_name=role tag_value=server subscription_id=s tenant_id=t client_id=c secret_access_key=hush",
    )
    .before("/oauth2/", r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a"}"#)
    .page("?page=2", r#"{"value":[]}"#)
    .page("/networkInterfaces", &first)
    .page("statusOnly=true", &data("azure/tests/power.json"))
    .page("/virtualMachines", &data("azure/tests/machines.json"))
    .next("?page=2")
}

fn sample(name: &str) -> Sample {
    match name {
        "azure" => azure(),
        "consul" => Sample::of("provider=consul service=a"),
        "digitalocean" => Sample::of("provider=digitalocean tag_name=a api_token=hush")
            .page("?page=2", &data("digitalocean/testdata/two_pages_2.json"))
            .page("/v2/", &data("digitalocean/testdata/two_pages_1.json"))
            .next("?page=2"),
        "gce" => Sample::of("provider=gce tag_value=a project_name=my-project-1")
            .variable("GCE_METADATA_HOST", "metadata.example")
            .before(
                "/token",
                r#"{"access_token":"a","expires_in":3599,"token_type":"Bearer"}"#,
            )
            .page("/compute/", &data("gce/tests/two_zones.json")),
        "hetzner" => Sample::of("provider=hetzner label_selector=a api_token=hush")
            .page("page=2", &data("hetzner/testdata/servers_2.json"))
            .page("/servers", &data("hetzner/testdata/servers_1.json"))
            .next("\"next_page\": 2"),
        "http" => Sample::of("provider=http url=\"https://sd.example/list\"")
            .page("/list", r#"["10.0.0.1"]"#),
        "k8s" => Sample::of("provider=k8s namespace=consul token=hush")
            .page("continue=", &data("k8s/testdata/pods_2.json"))
            .page("/pods", &data("k8s/testdata/pods_1.json"))
            .next("ENCODED_CONTINUE_TOKEN"),
        _ => Sample::default(),
    }
}
