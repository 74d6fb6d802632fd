//! Names that Consul had before, and still takes with a warning (agent reference, 5.2).

use super::report::Report;

/// The old name, and the one that took its place.
const OLD: &[(&str, &str)] = &[
    ("ca_file", "tls.defaults.ca_file"),
    ("cert_file", "tls.defaults.cert_file"),
    ("key_file", "tls.defaults.key_file"),
    ("tls_min_version", "tls.defaults.tls_min_version"),
    ("verify_incoming", "tls.defaults.verify_incoming"),
    ("verify_incoming_rpc", "tls.internal_rpc.verify_incoming"),
    ("verify_outgoing", "tls.defaults.verify_outgoing"),
    (
        "verify_server_hostname",
        "tls.internal_rpc.verify_server_hostname",
    ),
];

/// The name of today; warns if it is not the one that was written.
pub(super) fn renew(key: String, report: &mut Report) -> String {
    let Some((old, new)) = OLD.iter().find(|(old, _)| *old == key) else {
        return key;
    };
    report.warn(format!(
        "The '{old}' field is deprecated. Use the '{new}' field instead."
    ));
    (*new).to_owned()
}
