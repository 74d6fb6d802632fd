//! Where the API is and who asks: the pod's account, kubeconfigs and their programs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::super::login::ACCOUNT;
use crate::{
    BoxFuture, Command, Environment, Exec, ExecError, FakeDns, FakeFiles, Http, HttpError, Io,
    Kind, Output, Query, Reply, Request, ResolveError, Secret, resolve,
};

const CONFIG: &str = include_str!("../testdata/kubeconfig.yaml");

/// A door that notes requests, and answers with an empty list.
#[derive(Debug, Default, Clone)]
struct Door {
    asked: Arc<Mutex<Vec<Request>>>,
    ran: Arc<Mutex<Vec<Command>>>,
    output: Output,
}

impl Http for Door {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Reply, HttpError>> {
        self.asked.lock().unwrap().push(request);
        let reply = Reply {
            status: 200,
            headers: reqwest::header::HeaderMap::new(),
            body: br#"{"metadata":{},"items":[]}"#.to_vec(),
        };
        Box::pin(std::future::ready(Ok(reply)))
    }
}

impl Exec for Door {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, ExecError>> {
        self.ran.lock().unwrap().push(command);
        Box::pin(std::future::ready(Ok(self.output.clone())))
    }
}

/// What a request says of server, credential and TLS.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    url: String,
    authorization: Option<String>,
    roots: Option<String>,
    identity: Option<(String, String)>,
}

impl Door {
    async fn ask(
        &self,
        more: &str,
        variables: &[(&str, &str)],
        files: &FakeFiles,
    ) -> Result<Asked, ResolveError> {
        let query = Query::parse(&format!("provider=k8s {more}")).unwrap();
        let io = Io::new(
            Environment::fixed(variables.iter().copied()),
            FakeDns::default(),
        )
        .with_http(self.clone())
        .with_exec(self.clone())
        .with_files(files.clone());
        resolve(&query, &io).await?;
        let request = self.asked.lock().unwrap().pop().unwrap();
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let authorization = request.headers.get("authorization");
        let identity = request.route.identity.as_ref();
        Ok(Asked {
            url: request.url.to_string(),
            authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
            roots: request.route.roots_pem.as_ref().map(text),
            identity: identity.map(|both| (text(&both.chain_pem), text(&both.key_pem))),
        })
    }
}

fn account(token: &str) -> FakeFiles {
    FakeFiles::default()
        .with(&format!("{ACCOUNT}/token"), token)
        .with(&format!("{ACCOUNT}/ca.crt"), "roots")
        .with(&format!("{ACCOUNT}/namespace"), "consul")
}

const POD: &[(&str, &str)] = &[
    ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
    ("KUBERNETES_SERVICE_PORT", "443"),
    ("HOME", "/home/me"),
    ("SSL_CERT_FILE", "/not/for/the/cluster"),
];

fn config() -> FakeFiles {
    FakeFiles::default()
        .with("/home/me/.kube/config", CONFIG)
        .with("/home/me/.kube/pki/ca.crt", "roots of file")
        .with("/home/me/.kube/pki/client.crt", "chain of file")
        .with("/etc/pki/client.key", "key of file")
        .with("/home/me/.kube/token", "of-file\n")
}

const ME: &[(&str, &str)] = &[("HOME", "/home/me"), ("PATH", "/bin")];

#[tokio::test]
async fn a_pod_asks_with_its_account_and_reads_the_token_anew_each_time() {
    let door = Door::default();
    let variables = &POD[..3];
    let wanted = |token: &str| Asked {
        url: "https://10.96.0.1/api/v1/namespaces/consul/pods?limit=500".to_owned(),
        authorization: Some(format!("Bearer {token}")),
        roots: Some("roots".to_owned()),
        identity: None,
    };
    for token in ["first", "second"] {
        let asked = door.ask("namespace=own", variables, &account(token)).await;
        assert_eq!(asked.unwrap(), wanted(token));
    }
    let v6 = [
        ("KUBERNETES_SERVICE_HOST", "fd00::1"),
        ("KUBERNETES_SERVICE_PORT_HTTPS", "6443"),
    ];
    let asked = door.ask("", &v6, &account("t")).await.unwrap();
    assert_eq!(
        asked.url,
        "https://[fd00::1]:6443/api/v1/namespaces/default/pods?limit=500"
    );
}

#[tokio::test]
async fn the_clusters_own_ca_goes_before_the_systems_and_the_querys_before_both() {
    let door = Door::default();
    let files = account("t")
        .with("/not/for/the/cluster", "roots of the system")
        .with("/mine", "my roots");
    let asked = door.ask("", POD, &files).await.unwrap();
    assert_eq!(asked.roots.as_deref(), Some("roots"));
    let asked = door.ask("ca_file=/mine", POD, &files).await.unwrap();
    assert_eq!(asked.roots.as_deref(), Some("my roots"));
}

#[tokio::test]
async fn a_kubeconfig_gives_server_namespace_token_and_ca() {
    let asked = Door::default().ask("namespace=own", ME, &config()).await;
    let wanted = Asked {
        url: "https://192.168.10.190:6443/api/v1/namespaces/chisel-ns/pods?limit=500".to_owned(),
        authorization: Some("Bearer 0123".to_owned()),
        roots: Some("roots of file".to_owned()),
        identity: None,
    };
    assert_eq!(asked.unwrap(), wanted);
}

#[tokio::test]
async fn client_certificates_come_inline_or_from_files() {
    let door = Door::default();
    let asked = door.ask("context=federal", ME, &config()).await.unwrap();
    let wanted = Asked {
        url: "https://horse.example:4443/path/api/v1/namespaces/default/pods?limit=500".to_owned(),
        authorization: None,
        roots: Some("-----roots-----".to_owned()),
        identity: Some(("-----chain-----".to_owned(), "-----key-----".to_owned())),
    };
    assert_eq!(asked, wanted);
    let asked = door.ask("context=of-file", ME, &config()).await.unwrap();
    let of_file = ("chain of file".to_owned(), "key of file".to_owned());
    assert_eq!(asked.identity, Some(of_file));
    assert_eq!(asked.authorization.as_deref(), Some("Bearer of-file"));
}

#[tokio::test]
async fn a_program_issues_the_credential_and_is_told_of_the_cluster() {
    let issued = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"issued","expirationTimestamp":"2026-07-01T12:00:00Z"}}"#;
    let door = Door {
        output: Output {
            code: Some(0),
            stdout: issued.into(),
            ..Output::default()
        },
        ..Door::default()
    };
    let asked = door.ask("context=of-program", ME, &config()).await.unwrap();
    assert_eq!(asked.authorization.as_deref(), Some("Bearer issued"));
    let ran = door.ran.lock().unwrap().pop().unwrap();
    assert_eq!(
        ran.argv,
        ["/home/me/.kube/./get-token", "--cluster", "horse"]
    );
    let told = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"certificate-authority-data":"LS0tLS1yb290cy0tLS0t","server":"https://horse.example:4443/path"},"interactive":false}}"#;
    let wanted = [
        ("HOME", "/home/me"),
        ("KUBERNETES_EXEC_INFO", told),
        ("PATH", "/bin"),
        ("PROFILE", "prod"),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    assert_eq!(ran.environment, BTreeMap::from(wanted.map(own)));
}

#[tokio::test]
async fn a_program_that_fails_is_told_with_its_words_and_without_its_secrets() {
    let rows = [
        (Some(7), "", "log in first", "cause: log in first"),
        (Some(0), "hush", "", "no ExecCredential"),
        (Some(0), r#"{"status":{}}"#, "", "neither a token"),
        (
            Some(0),
            r#"{"status":{"token":["hush"]}}"#,
            "",
            "no ExecCredential",
        ),
    ];
    for (code, stdout, stderr, wanted) in rows {
        let output = Output {
            code,
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        let door = Door {
            output,
            ..Door::default()
        };
        let error = door.ask("context=of-program", ME, &config()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials);
        let text = error.to_string();
        assert!(
            text.contains(wanted) && text.contains("get it from the vendor"),
            "{text}"
        );
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
    let always = CONFIG.replace("IfAvailable", "Always");
    let files = FakeFiles::default().with("/k", always);
    let door = Door::default();
    let error = door
        .ask("context=of-program kubeconfig=/k", ME, &files)
        .await;
    assert!(error.unwrap_err().to_string().contains("nobody is there"));
    assert!(door.ran.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_kubeconfig_that_is_named_and_broken_never_becomes_the_pods_account() {
    let files = account("t")
        .with("/broken", "users: [hush")
        .with("/home/me/.kube/config", "hush");
    let absent = [POD, &[("KUBECONFIG", "/nowhere")]].concat();
    let rows = [
        ("kubeconfig=/nowhere", &POD[..2]),
        ("kubeconfig=/broken", &POD[..2]),
        ("", &absent[..]),
        ("", POD),
    ];
    for (more, variables) in rows {
        let door = Door::default();
        let error = door.ask(more, variables, &files).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials, "{more}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn neither_home_nor_kubeconfig_is_needed_in_a_pod() {
    let door = Door::default();
    let asked = door.ask("", &POD[..2], &account("t")).await.unwrap();
    assert_eq!(asked.authorization.as_deref(), Some("Bearer t"));
    let error = door.ask("", &[], &account("t")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("this is no pod"), "{error}");
}

#[tokio::test]
async fn the_check_of_certificates_is_never_turned_off() {
    let door = Door::default();
    let files = config().with("/mine", "my roots");
    let error = door.ask("context=blind", ME, &files).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("name the server's CA by `ca_file`"),
        "{error}"
    );
    let asked = door
        .ask("context=blind ca_file=/mine", ME, &files)
        .await
        .unwrap();
    assert_eq!(asked.roots.as_deref(), Some("my roots"));
}

#[tokio::test]
async fn a_token_of_the_query_goes_before_the_kubeconfigs() {
    let door = Door::default();
    let files = config().with("/run/token", "mine\n");
    for more in ["token=mine", "token_file=/run/token"] {
        let asked = door
            .ask(&format!("context=of-file {more}"), ME, &files)
            .await;
        let asked = asked.unwrap();
        assert_eq!(asked.authorization.as_deref(), Some("Bearer mine"));
        assert_eq!(asked.identity, None);
    }
    let asked = door.ask("context=plain", ME, &files).await.unwrap();
    assert_eq!(asked.authorization, None);
    assert!(
        asked.url.starts_with("http://127.0.0.1:8001/api"),
        "{}",
        asked.url
    );
    assert_eq!(format!("{:?}", Secret::new("mine")), "****");
}
