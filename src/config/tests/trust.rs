//! The blocks of TLS: what follows from them, and what does not go together.

use super::{config, load, mistakes};
use crate::tls::MinVersion;

/// Files in the defaults, and more in either block.
fn blocks(defaults: &str, rpc: &str) -> String {
    format!(
        "--hcl=tls {{\ndefaults {{\nca_file = \"ca\"\ncert_file = \"own\"\nkey_file = \"key\"\n\
         {defaults}\n}}\ninternal_rpc {{\n{rpc}\n}}\n}}"
    )
}

#[test]
fn without_a_block_connections_are_plain() {
    let tls = config(&[]).tls_of_rpc();
    assert!(!tls.verify_incoming && !tls.verify_outgoing && !tls.verify_server_hostname);
    assert_eq!(tls.cert_file, None);
    assert_eq!(tls.server_name, "server.dc1.consul");
}

#[test]
fn the_block_of_the_server_port_goes_before_the_defaults_and_a_name_includes_a_certificate() {
    let word = blocks(
        "verify_incoming = true\ntls_min_version = \"TLSv1_3\"",
        "ca_file = \"other\"\nverify_incoming = false\nverify_server_hostname = true",
    );
    let config = config(&["--datacenter=dc2", &word]);
    let tls = config.tls_of_rpc();
    assert_eq!(tls.ca_file, Some("other".into()));
    assert_eq!(tls.cert_file, Some("own".into()));
    assert!(!tls.verify_incoming && tls.verify_outgoing && tls.verify_server_hostname);
    assert_eq!(tls.min_version, MinVersion::V13);
    assert_eq!(tls.server_name, "server.dc2.consul");
    let shown = config.describe();
    assert_eq!(shown["tls"]["defaults"]["verify_incoming"], true);
    assert_eq!(shown["tls"]["internal_rpc"]["verify_incoming"], false);
}

#[test]
fn what_does_not_go_together_is_told_in_consuls_words() {
    let rows = [
        (
            "verify_incoming = true",
            "VerifyIncoming set but no CA certificates were provided",
        ),
        (
            "ca_file = \"a\"\nverify_incoming = true",
            "VerifyIncoming requires either a Cert and Key pair in the configuration file, or \
             auto_encrypt/auto_config be enabled",
        ),
        (
            "verify_outgoing = true",
            "VerifyOutgoing set but no CA certificates were provided",
        ),
        (
            "verify_server_hostname = true",
            "VerifyOutgoing set but no CA certificates were provided",
        ),
        ("cert_file = \"a\"", "cert_file is given without key_file"),
        ("key_file = \"a\"", "key_file is given without cert_file"),
        ("tls_min_version = \"TLSv1_1\"", "take TLSv1_2 or TLSv1_3"),
        (
            "ca_path = \"/etc/ca\"",
            "tls.defaults.ca_path: Consul has this setting",
        ),
        (
            "tls_cipher_suites = \"A\"",
            "tls.defaults.tls_cipher_suites: Consul has this setting",
        ),
    ];
    for (text, wanted) in rows {
        let found = mistakes(&[
            "--data-dir=/data",
            &format!("--hcl=tls {{ defaults {{\n{text}\n}} }}"),
        ]);
        assert!(
            found.iter().any(|line| line.contains(wanted)),
            "{text}: {found:?}"
        );
    }
    for block in ["https", "grpc"] {
        let found = mistakes(&[
            "--data-dir=/data",
            &format!("--hcl=tls {{ {block} {{ }} }}"),
        ]);
        assert!(
            found[0].contains(&format!("tls.{block}: Consul has this setting")),
            "{found:?}"
        );
    }
}

#[test]
fn names_of_before_are_taken_with_a_warning() {
    let words = [
        "--data-dir=/data",
        "--hcl=ca_file = \"a\"\ncert_file = \"b\"\nkey_file = \"c\"\nverify_incoming_rpc = true\n\
         verify_server_hostname = true\ntls_min_version = \"tls13\"",
    ];
    let loaded = load(&words).unwrap();
    let tls = loaded.config.tls_of_rpc();
    assert!(tls.verify_incoming && tls.verify_server_hostname);
    assert_eq!(tls.min_version, MinVersion::V13);
    let warning =
        "The 'ca_file' field is deprecated. Use the 'tls.defaults.ca_file' field instead.";
    assert!(
        loaded.warnings.iter().any(|line| line == warning),
        "{:?}",
        loaded.warnings
    );
}
