//! The files: how `quorate tls` makes them, and what an agent says that cannot use them.

use super::*;
use crate::support::quorate;

#[tokio::test]
async fn the_files_are_made_once_with_keys_for_the_owner_only_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let again = pki.run(&["ca", "create"]);
    assert_eq!(again.status.code(), Some(1));
    let told = String::from_utf8(again.stderr).unwrap();
    assert_eq!(told.trim(), "consul-agent-ca.pem already exists.");
    pki.make("server");
    let (certificate, key) = pki.make("server");
    assert_eq!(certificate, pki.dir.join("dc1-server-consul-1.pem"));
    for (path, mode) in [
        (key, 0o600),
        (pki.dir.join("consul-agent-ca-key.pem"), 0o600),
        (certificate, 0o644),
        (pki.ca(), 0o644),
    ] {
        let found = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{}", path.display());
    }
    for words in [
        &["cert", "create"][..],
        &["cert", "create", "-server", "-client"],
        &["cert", "create", "-server", "-dc=../up"],
        &["cert", "create", "-server", "-key=consul-agent-ca.pem"],
        &["cert", "create", "-server", "-days=0"],
        &[
            "ca",
            "create",
            "-domain=other",
            "-additional-name-constraint=x",
        ],
    ] {
        assert_eq!(pki.run(words).status.code(), Some(1), "{words:?}");
    }
    // A CA for one domain signs for no other.
    let narrow = ["ca", "create", "-domain=narrow", "-name-constraint"];
    assert!(pki.run(&narrow).status.success());
    let sign = |name: &str| {
        let name = format!("-additional-dnsname={name}");
        pki.run(&["cert", "create", "-server", "-domain=narrow", &name])
    };
    assert!(sign("a.narrow").status.success());
    assert_eq!(sign("elsewhere").status.code(), Some(1));
}

#[tokio::test]
async fn an_agent_does_not_start_with_files_that_it_cannot_use_and_names_them() {
    let world = World::new();
    let pki = Pki::new(&world, "pki");
    let (own, other) = (pki.make("server"), pki.make("server"));
    let mixed = (own.0.clone(), other.1);
    let gone = (own.0.clone(), world.path("gone.pem"));
    for (pair, told) in [
        (mixed, "is not the key of the certificate"),
        (gone, "gone.pem"),
    ] {
        let file = write(&world, "bad.hcl", &pki.ca(), &pair, ["", "true"]);
        let mut agent = world.agent(1, &["-server", "-bootstrap", &flag(&file)]);
        assert_eq!(agent.ended().await, Some(1));
        assert!(!world.path("data-1").join("node-id").exists());
        let flags = world.flags(1);
        let file = flag(&file);
        let flags: Vec<&str> = flags
            .iter()
            .map(String::as_str)
            .chain([file.as_str()])
            .collect();
        let output = quorate(&flags, None).await;
        assert!(output.stderr.contains(told), "{}", output.stderr);
    }
}
