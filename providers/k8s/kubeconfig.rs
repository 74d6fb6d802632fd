//! What a kubeconfig says: where the API is, and who asks.
//!
//! Pure. Form: <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>, read 2026. What
//! would change whose rights count or whom TLS trusts, and is not done here, is refused and never
//! passed over. No error holds a value of the file but names.

use serde::Deserialize;
use serde_json::Value;

use crate::yaml;

/// What the chosen context says.
pub(super) struct Chosen {
    pub(super) cluster: Cluster,
    pub(super) user: User,
    pub(super) namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    current_context: Option<String>,
    clusters: Option<Vec<NamedCluster>>,
    contexts: Option<Vec<NamedContext>>,
    users: Option<Vec<NamedUser>>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

/// An API server.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cluster {
    pub(super) server: String,
    pub(super) certificate_authority: Option<String>,
    pub(super) certificate_authority_data: Option<String>,
    #[serde(default)]
    pub(super) insecure_skip_tls_verify: bool,
    tls_server_name: Option<String>,
    pub(super) proxy_url: Option<String>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    user: Option<String>,
    namespace: Option<String>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: Option<User>,
}

/// Who asks.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct User {
    pub(super) token: Option<String>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<String>,
    pub(super) client_certificate: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) client_key_data: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) exec: Option<Plugin>,
    auth_provider: Option<Value>,
    #[serde(rename = "as")]
    impersonated: Option<String>,
}

/// A program that issues credentials.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plugin {
    pub(super) api_version: String,
    pub(super) command: String,
    pub(super) args: Option<Vec<String>>,
    pub(super) env: Option<Vec<Variable>>,
    pub(super) install_hint: Option<String>,
    pub(super) interactive_mode: Option<String>,
    #[serde(default)]
    pub(super) provide_cluster_info: bool,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
}

/// With every number as the text that it was: a token may look like one, and nothing here is one.
fn texts(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(list) => list.into_iter().map(texts).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, texts(value)))
            .collect(),
        other => other,
    }
}

/// Reads the wanted context, else the current one. The error is a phrase that follows the file.
pub(super) fn read(bytes: &[u8], wanted: Option<&str>) -> Result<Chosen, String> {
    let text = str::from_utf8(bytes).map_err(|_not_utf8| "is no text".to_owned())?;
    // What serde has to say may repeat a secret.
    let file: File = serde_json::from_value(texts(yaml::parse(text)?))
        .map_err(|_with_values| "has not the form of a kubeconfig".to_owned())?;
    let name = wanted.map(str::to_owned).or(file.current_context);
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or("has no `current-context`; name one by `context`")?;
    let mut contexts = file.contexts.into_iter().flatten();
    let context = contexts.find(|one| one.name == name);
    let Some(NamedContext { context, .. }) = context else {
        return Err(format!("has no context `{name}`"));
    };
    let mut clusters = file.clusters.into_iter().flatten();
    let cluster = clusters.find(|one| one.name == context.cluster);
    let Some(NamedCluster { cluster, .. }) = cluster else {
        return Err(format!("has no cluster `{}`", context.cluster));
    };
    let user = match context.user.filter(|user| !user.is_empty()) {
        None => User::default(),
        Some(name) => {
            let mut users = file.users.into_iter().flatten();
            let user = users.find(|one| one.name == name);
            let user = user.ok_or_else(|| format!("has no user `{name}`"))?;
            user.user.unwrap_or_default()
        }
    };
    refuse(&cluster, &user)?;
    Ok(Chosen {
        cluster,
        user,
        namespace: context.namespace.filter(|name| !name.is_empty()),
    })
}

fn refuse(cluster: &Cluster, user: &User) -> Result<(), String> {
    let refused = [
        (cluster.tls_server_name.is_some(), "tls-server-name"),
        (user.auth_provider.is_some(), "auth-provider"),
        (user.impersonated.is_some(), "as"),
    ];
    match refused.iter().find(|(is_there, _)| *is_there) {
        Some((_, what)) => Err(format!("has `{what}`, which is not supported")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_a_kubeconfig_or_an_error(
            text in "([a-c0:?&*!|>'\"%@`,#~ \t\n\\[\\]{}\\\\-]|users:|exec:){0,40}|.*"
        ) {
            let _either = read(text.as_bytes(), Some("a"));
        }
    }

    const FILE: &str = include_str!("testdata/kubeconfig.yaml");

    fn why(text: &str, context: Option<&str>) -> String {
        read(text.as_bytes(), context).err().unwrap_or_default()
    }

    #[test]
    fn the_current_context_counts_unless_another_is_named() {
        let chosen = read(FILE.as_bytes(), None).ok().unwrap();
        assert_eq!(chosen.cluster.server, "https://192.168.10.190:6443");
        assert_eq!(chosen.namespace.as_deref(), Some("chisel-ns"));
        assert_eq!(chosen.user.token.as_deref(), Some("0123"));
        let chosen = read(FILE.as_bytes(), Some("federal")).ok().unwrap();
        assert_eq!(chosen.cluster.server, "https://horse.example:4443/path");
        assert_eq!(chosen.namespace, None);
    }

    #[test]
    fn a_token_that_looks_like_a_number_is_a_text() {
        let text = FILE.replace("token: 0123", "token: 4711");
        assert_ne!(text, FILE);
        let chosen = read(text.as_bytes(), None).ok().unwrap();
        assert_eq!(chosen.user.token.as_deref(), Some("4711"));
    }

    #[test]
    fn what_does_not_hang_together_is_told_by_name() {
        let rows = [
            (FILE, Some("nobody"), "has no context `nobody`"),
            (FILE, Some("astray"), "has no cluster `gone`"),
            (FILE, Some("orphan"), "has no user `gone`"),
            (FILE, Some("another"), "has `as`, which is not supported"),
            (
                FILE,
                Some("legacy"),
                "has `auth-provider`, which is not supported",
            ),
            (
                "{}",
                None,
                "has no `current-context`; name one by `context`",
            ),
            ("- hush", None, "has not the form of a kubeconfig"),
            ("users: hush", None, "has not the form of a kubeconfig"),
            (
                "a: 1\n---\nhush: 2",
                None,
                "has a second document in line 2",
            ),
            ("{hush: 1, hush: 2}", None, "has a key twice in line 1"),
        ];
        for (text, context, wanted) in rows {
            assert_eq!(why(text, context), wanted, "{context:?}");
        }
        assert_eq!(read(b"\xff", None).err().unwrap(), "is no text");
    }
}
