//! An API server with its store, without a node: tests write what a kubelet and the controllers would.

use std::net::SocketAddrV4;
use std::path::Path;

use quorate_providers::{
    Answer, Environment, Io, Query, RealHttp, ResolveError, SystemDns, SystemFiles, resolve,
};
use serde_json::{Value, json};

use crate::{Place, Program, client, program};

/// Tokens with their users, as the API server reads them: one may do all, one may list pods and
/// slices in the namespace `peers`, one may do nothing.
const TOKENS: &str = "all-token,all,1,system:masters\nlist-token,list,2\nno-token,nobody,3\n";

/// The API server, and a client of one who may do everything.
pub(super) struct Cluster {
    /// They end in this order, and before their folder does.
    _programs: [Program; 2],
    pub(super) place: Place,
    pub(super) at: SocketAddrV4,
    pub(super) roots_pem: Vec<u8>,
    pub(super) client: reqwest::Client,
}

impl Cluster {
    pub(super) async fn start() -> Option<Self> {
        let (etcd, api) = (program("etcd")?, program("kube-apiserver")?);
        let place = Place::new();
        let (store, store_at) = start_store(&etcd, &place).await;
        let at = place.port();
        let server = start_api(&api, &place, store_at, at).await;
        let roots_pem = std::fs::read(place.path("certificates/apiserver.crt")).unwrap();
        let client = client(Some(&roots_pem));
        let cluster = Self {
            place,
            _programs: [server, store],
            at,
            roots_pem,
            client,
        };
        cluster.grant().await;
        Some(cluster)
    }

    /// Makes the namespace, and the right that the provider's documentation asks for.
    async fn grant(&self) {
        self.post("/api/v1/namespaces", json!({"metadata": {"name": "peers"}}))
            .await;
        let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/peers";
        let role = json!({"metadata": {"name": "list"}, "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
        ]});
        self.post(&format!("{roles}/roles"), role).await;
        let group = "rbac.authorization.k8s.io";
        let binding = json!({
            "metadata": {"name": "list"},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "list"},
            "subjects": [
                {"apiGroup": group, "kind": "User", "name": "list"},
                {"kind": "ServiceAccount", "name": "agent", "namespace": "peers"},
            ],
        });
        self.post(&format!("{roles}/rolebindings"), binding).await;
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.at)
    }

    pub(super) async fn call(&self, request: reqwest::RequestBuilder) -> Value {
        let reply = request.bearer_auth("all-token").send().await.unwrap();
        let status = reply.status();
        let body = reply.bytes().await.unwrap();
        assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(self.client.post(self.url(path)).json(&body))
            .await
    }

    /// Makes a pod as it is after a kubelet has said what became of it.
    pub(super) async fn pod(&self, name: &str, more: Value, status: Value) {
        let mut pod = json!({
            "metadata": {"name": name, "labels": {"app": "peer"}},
            "spec": {"containers": [
                {"name": "peer", "image": "peer", "ports": [{"name": "gossip", "containerPort": 8301}]},
            ]},
        });
        merge(&mut pod, more);
        let pods = "/api/v1/namespaces/peers/pods";
        self.post(pods, pod).await;
        let patch = self
            .client
            .patch(self.url(&format!("{pods}/{name}/status")));
        // Before the body, which would be of another type.
        let patch = patch.header("content-type", "application/merge-patch+json");
        self.call(patch.json(&json!({"status": status}))).await;
    }

    pub(super) fn string(&self, who: &str, keys: &str) -> String {
        let roots = self.place.text("certificates/apiserver.crt");
        format!(
            "provider=k8s endpoint=https://{} ca_file={roots} token={who}-token namespace=peers {keys}",
            self.at
        )
    }

    pub(super) async fn ask(&self, who: &str, keys: &str) -> Result<Answer, ResolveError> {
        let io = Io::new(Environment::fixed([]), SystemDns)
            .with_http(RealHttp::default())
            .with_files(SystemFiles);
        resolve(&Query::parse(&self.string(who, keys)).unwrap(), &io).await
    }
}

async fn start_store(path: &Path, place: &Place) -> (Program, SocketAddrV4) {
    let (at, peers) = (place.port(), place.port());
    let args = [
        format!("--data-dir={}", place.text("store")),
        format!("--listen-client-urls=http://{at}"),
        format!("--advertise-client-urls=http://{at}"),
        format!("--listen-peer-urls=http://{peers}"),
        format!("--initial-advertise-peer-urls=http://{peers}"),
        format!("--initial-cluster=default=http://{peers}"),
    ];
    let client = client(None);
    let answers = || {
        let reply = client.get(format!("http://{at}/health")).send();
        async move { reply.await.is_ok_and(|reply| reply.status() == 200) }
    };
    (Program::start(path, place, &args, answers).await, at)
}

async fn start_api(path: &Path, place: &Place, store: SocketAddrV4, at: SocketAddrV4) -> Program {
    let certificates = place.text("certificates");
    // The key beside the program signs the tokens of service accounts.
    let key = path.with_extension("key").to_str().unwrap().to_owned();
    let args = [
        format!("--etcd-servers=http://{store}"),
        format!("--bind-address={}", at.ip()),
        format!("--secure-port={}", at.port()),
        // An address of documents: nothing listens there, and nothing is told of it.
        "--advertise-address=192.0.2.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--cert-dir={certificates}"),
        format!("--token-auth-file={}", place.write("tokens.csv", TOKENS)),
        "--authorization-mode=RBAC".to_owned(),
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        format!("--service-account-key-file={key}"),
        format!("--service-account-signing-key-file={key}"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
    ];
    let roots = place.path("certificates/apiserver.crt");
    let answers = || {
        let roots_pem = std::fs::read(&roots).ok();
        async move {
            let Some(roots_pem) = roots_pem else {
                return false;
            };
            let ready = client(Some(&roots_pem)).get(format!("https://{at}/readyz"));
            ready.send().await.is_ok_and(|reply| reply.status() == 200)
        }
    };
    Program::start(path, place, &args, answers).await
}

/// Puts the fields of one object into another, and the objects in them likewise.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// The status of a pod that runs and is ready.
pub(super) fn running(ip: &str) -> Value {
    json!({
        "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "True"}],
    })
}
