//! The rows of the table of settings that are about TLS (agent reference, 5.6).

use serde_json::json;

use super::setting::{Group, Kind, Setting};
use crate::tls::MinVersion;

pub(super) const DEFAULTS_CA_FILE: Setting = Setting::new(
    "tls.defaults.ca_file",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.defaults.ca_file),
    "File with the certificates, in PEM, of those whose signature on another agent's certificate is trusted.",
)
.reloaded();

pub(super) const DEFAULTS_CERT_FILE: Setting = Setting::new(
    "tls.defaults.cert_file",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.defaults.cert_file),
    "File with this agent's certificate, in PEM, followed by those between it and the CA if there are any. `quorate tls` makes one.",
)
.reloaded();

pub(super) const DEFAULTS_KEY_FILE: Setting = Setting::new(
    "tls.defaults.key_file",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.defaults.key_file),
    "File with the key of cert_file, in PEM, not encrypted.",
)
.reloaded();

pub(super) const DEFAULTS_TLS_MIN_VERSION: Setting = Setting::new(
    "tls.defaults.tls_min_version",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.defaults.min_version.map(MinVersion::as_str)),
    "Oldest version that is spoken: TLSv1_2 or TLSv1_3.",
)
.default("TLSv1_2")
.reloaded();

pub(super) const DEFAULTS_VERIFY_INCOMING: Setting = Setting::new(
    "tls.defaults.verify_incoming",
    Kind::Switch,
    Group::Trust,
    |c| json!(c.tls.defaults.verify_incoming),
    "Turn away callers of the server port that speak plain or show no certificate of the CA. Needs ca_file, cert_file and key_file. Without it a server that has a certificate takes plain callers and others.",
)
.default("false")
.reloaded();

pub(super) const DEFAULTS_VERIFY_OUTGOING: Setting = Setting::new(
    "tls.defaults.verify_outgoing",
    Kind::Switch,
    Group::Trust,
    |c| json!(c.tls.defaults.verify_outgoing),
    "Call servers with TLS, and take only those that show a certificate of the CA. Needs ca_file.",
)
.default("false")
.reloaded();

pub(super) const DEFAULTS_VERIFY_SERVER_HOSTNAME: Setting = Setting::new(
    "tls.defaults.verify_server_hostname",
    Kind::Switch,
    Group::Trust,
    |c| json!(c.tls.defaults.verify_server_hostname),
    "Take for a server only who shows a certificate for server.<datacenter>.consul, whatever address was called; with verify_incoming also of those that call as servers. Includes verify_outgoing.",
)
.default("false")
.reloaded();

pub(super) const RPC_CA_FILE: Setting = Setting::new(
    "tls.internal_rpc.ca_file",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.ca_file),
    "As tls.defaults.ca_file, which it overrides for the server port.",
)
.reloaded();

pub(super) const RPC_CERT_FILE: Setting = Setting::new(
    "tls.internal_rpc.cert_file",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.cert_file),
    "As tls.defaults.cert_file, which it overrides for the server port.",
)
.reloaded();

pub(super) const RPC_KEY_FILE: Setting = Setting::new(
    "tls.internal_rpc.key_file",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.key_file),
    "As tls.defaults.key_file, which it overrides for the server port.",
)
.reloaded();

pub(super) const RPC_TLS_MIN_VERSION: Setting = Setting::new(
    "tls.internal_rpc.tls_min_version",
    Kind::Text,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.min_version.map(MinVersion::as_str)),
    "As tls.defaults.tls_min_version, which it overrides for the server port.",
)
.reloaded();

pub(super) const RPC_VERIFY_INCOMING: Setting = Setting::new(
    "tls.internal_rpc.verify_incoming",
    Kind::Switch,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.verify_incoming),
    "As tls.defaults.verify_incoming, which it overrides for the server port.",
)
.reloaded();

pub(super) const RPC_VERIFY_OUTGOING: Setting = Setting::new(
    "tls.internal_rpc.verify_outgoing",
    Kind::Switch,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.verify_outgoing),
    "As tls.defaults.verify_outgoing, which it overrides for the server port.",
)
.reloaded();

pub(super) const RPC_VERIFY_SERVER_HOSTNAME: Setting = Setting::new(
    "tls.internal_rpc.verify_server_hostname",
    Kind::Switch,
    Group::Trust,
    |c| json!(c.tls.internal_rpc.verify_server_hostname),
    "As tls.defaults.verify_server_hostname, which it overrides for the server port.",
)
.reloaded();
