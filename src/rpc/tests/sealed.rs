//! Certificates on the server port: who is let in, who is told what.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::tls::make::{Ca, Wish};
use crate::tls::{Settings, Tls};

/// A CA and certificates, as files.
struct Pki(TempDir);

impl Pki {
    fn new() -> Self {
        let pki = Self(TempDir::new().unwrap());
        let ca = Ca {
            common_name: "a CA".to_owned(),
            days: 1,
            domains: Vec::new(),
        };
        let made = ca.make().unwrap();
        pki.write("ca", &made.certificate, &made.key);
        pki
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, certificate: &str, key: &str) {
        std::fs::write(self.path(name), certificate).unwrap();
        std::fs::write(self.path(&format!("{name}-key")), key).unwrap();
    }

    /// A certificate for a name, and the strictest settings with it.
    fn strict(&self, name: &str) -> Settings {
        let wish = Wish {
            name: name.to_owned(),
            days: 1,
            dns_names: Vec::new(),
            addresses: Vec::new(),
        };
        let made = wish.make(&self.path("ca"), &self.path("ca-key")).unwrap();
        self.write(name, &made.certificate, &made.key);
        Settings {
            ca_file: Some(self.path("ca")),
            cert_file: Some(self.path(name)),
            key_file: Some(self.path(&format!("{name}-key"))),
            verify_incoming: true,
            verify_outgoing: true,
            verify_server_hostname: true,
            server_name: SERVER.to_owned(),
            ..Settings::default()
        }
    }
}

const SERVER: &str = "server.dc1.consul";
const CLIENT: &str = "client.dc1.consul";

fn sealed(number: u8, settings: &Settings) -> (Identity, Tls) {
    let tls = Tls::load(settings).unwrap();
    (agent(number, None).0.proven_by(tls.clone()), tls)
}

/// What each side says when one calls the other.
async fn say(listening: &Settings, calling: &Settings) -> (String, String) {
    let (listening, there) = sealed(1, listening);
    let (calling, here) = sealed(2, calling);
    let served = serve(listening);
    let error = Pool::new(calling).call(served.addr, bytes("x"), LONG).await;
    let error = error.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error:?}");
    let RpcError::Hello { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(served.script.begun.load(Ordering::SeqCst), 0);
    let told = here.troubles(LONG)[0].fault.to_string();
    assert_eq!(source.to_string(), told);
    // The listener takes note once the caller has read why.
    let heard = async {
        loop {
            if let Some(trouble) = there.troubles(LONG).first() {
                return trouble.fault.to_string();
            }
            tokio::task::yield_now().await;
        }
    };
    let heard = tokio::time::timeout(LONG, heard).await.unwrap();
    (heard, told)
}

#[tokio::test]
async fn agents_of_one_ca_speak_whatever_address_they_are_called_at_and_megabytes_pass_both_ways() {
    let pki = Pki::new();
    let (listening, _) = sealed(1, &pki.strict(SERVER));
    let served = serve(listening);
    for name in [SERVER, CLIENT] {
        let (calling, tls) = sealed(2, &pki.strict(name));
        let pool = Pool::new(calling);
        let payload: Bytes = (0..8 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
        let answer = pool.call(served.addr, payload.clone(), LONG).await.unwrap();
        assert!(answer == payload);
        let role = pool.call(served.addr, bytes("may be server"), LONG).await;
        assert_eq!(role.unwrap(), (name == SERVER).to_string());
        assert!(tls.troubles(LONG).is_empty());
    }
}

#[tokio::test]
async fn plain_and_sealed_do_not_meet_and_both_are_told() {
    let pki = Pki::new();
    let strict = pki.strict(SERVER);
    let plain = Settings::default();
    let (there, here) = say(&strict, &plain).await;
    assert!(there.starts_with("it calls in plain"), "{there}");
    assert!(here.starts_with("it takes TLS only"), "{here}");
    let (there, here) = say(&plain, &strict).await;
    assert!(there.starts_with("it calls with TLS"), "{there}");
    assert!(here.starts_with("it speaks plain"), "{here}");
}

#[tokio::test]
async fn another_ca_no_certificate_and_another_name_are_refused_and_both_are_told() {
    let (pki, foreign) = (Pki::new(), Pki::new());
    let strict = pki.strict(SERVER);
    // The caller trusts another CA.
    let (there, here) = say(&strict, &foreign.strict(SERVER)).await;
    assert!(
        there.contains("another CA signed it than the one it trusts"),
        "{there}"
    );
    assert!(
        here.contains("another CA signed it than the one in ca_file"),
        "{here}"
    );
    // It trusts the right one, and shows a certificate of another.
    let mixed = Settings {
        ca_file: strict.ca_file.clone(),
        ..foreign.strict(SERVER)
    };
    let (there, here) = say(&strict, &mixed).await;
    assert!(
        there.contains("another CA signed it than the one in ca_file"),
        "{there}"
    );
    assert!(
        here.contains("another CA signed it than the one it trusts"),
        "{here}"
    );
    let nameless = Settings {
        cert_file: None,
        key_file: None,
        verify_incoming: false,
        ..pki.strict(SERVER)
    };
    let (there, here) = say(&strict, &nameless).await;
    assert!(there.contains("it shows none"), "{there}");
    assert!(here.contains("it wants one"), "{here}");
    let (there, here) = say(&pki.strict(CLIENT), &strict).await;
    assert!(there.contains("it is not for the name"), "{there}");
    assert!(
        here.contains("it has to be for server.dc1.consul, and is for"),
        "{here}"
    );
    assert!(here.contains("client.dc1.consul"), "{here}");
}

#[tokio::test]
async fn what_is_not_verified_keeps_nobody_out_and_what_is_does() {
    let (pki, foreign) = (Pki::new(), Pki::new());
    // Any name of the CA is taken, and no other CA.
    let nameless = |settings: Settings| Settings {
        verify_server_hostname: false,
        ..settings
    };
    // Plain and sealed callers are both served.
    let open = Settings {
        verify_incoming: false,
        ..pki.strict(SERVER)
    };
    let client = nameless(pki.strict(CLIENT));
    for (listening, calling) in [
        (client.clone(), client),
        (open.clone(), Settings::default()),
        (open.clone(), open),
    ] {
        let served = serve(sealed(1, &listening).0);
        let pool = Pool::new(sealed(2, &calling).0);
        pool.call(served.addr, bytes("x"), LONG).await.unwrap();
    }
    let (_, here) = say(
        &nameless(pki.strict(SERVER)),
        &nameless(foreign.strict(SERVER)),
    )
    .await;
    assert!(here.contains("another CA"), "{here}");
}

#[tokio::test]
async fn new_files_hold_for_new_connections_and_bad_ones_for_none() {
    let pki = Pki::new();
    let strict = pki.strict(SERVER);
    let (listening, tls) = sealed(1, &strict);
    let served = serve(listening);
    let kept = Pool::new(sealed(2, &strict).0);
    kept.call(served.addr, bytes("x"), LONG).await.unwrap();
    // A client's certificate in its place.
    pki.strict(CLIENT);
    let client = Settings {
        cert_file: Some(pki.path(CLIENT)),
        key_file: Some(pki.path(&format!("{CLIENT}-key"))),
        ..strict.clone()
    };
    tls.reload(&client).unwrap();
    kept.call(served.addr, bytes("x"), LONG).await.unwrap();
    let fresh = Pool::new(sealed(3, &strict).0);
    assert!(fresh.call(served.addr, bytes("x"), LONG).await.is_err());
    tls.reload(&strict).unwrap();
    std::fs::write(pki.path(SERVER), "no certificate").unwrap();
    let error = tls.reload(&strict).unwrap_err().to_string();
    assert!(error.contains(&shown(&pki.path(SERVER))), "{error}");
    fresh.call(served.addr, bytes("x"), LONG).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_stops_within_the_handshake_is_closed_in_time() {
    let pki = Pki::new();
    let limits = Limits {
        hello: SHORT,
        ..Limits::default()
    };
    let served = serve_at(loopback(), sealed(1, &pki.strict(SERVER)).0, limits);
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(&[0x16, 3, 1]).await.unwrap();
    assert_eq!(read_to_close(&mut stream).await, b"");
}

#[tokio::test]
async fn every_file_that_cannot_be_used_is_named_with_what_to_do_and_no_byte_of_a_key() {
    let (pki, other) = (Pki::new(), Pki::new());
    let strict = pki.strict(SERVER);
    let foreign = other.strict(SERVER);
    let large = pki.path("large");
    std::fs::write(&large, vec![b'x'; (1 << 20) + 1]).unwrap();
    let ca = |path| Settings {
        ca_file: Some(path),
        ..strict.clone()
    };
    let cert = |path| Settings {
        cert_file: Some(path),
        ..strict.clone()
    };
    let key = |path| Settings {
        key_file: Some(path),
        ..strict.clone()
    };
    let rows = [
        (ca(pki.path("gone")), "gone", "see whether it is there"),
        (ca(large), "large", "right file"),
        (ca(pki.path("ca-key")), "ca-key", "has no certificate"),
        (cert(pki.path("ca-key")), "ca-key", "has no certificate"),
        (key(pki.path("ca")), "ca", "has no key"),
        (
            key(other.path("server.dc1.consul-key")),
            "server.dc1.consul-key",
            "is not the key of the certificate",
        ),
    ];
    let key = std::fs::read_to_string(foreign.key_file.as_ref().unwrap()).unwrap();
    let secret = key.lines().nth(1).unwrap();
    for (settings, file, told) in rows {
        let error = Tls::load(&settings).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(told), "{error}");
        assert!(!error.contains('\n') && !error.contains(secret), "{error}");
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
