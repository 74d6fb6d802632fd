//! What the agent shows of itself to others, and what it asks them to show.

use figment::value::magic::Tagged;

use super::identity::given;
use super::{Checked, Checker, Refused};
use crate::config::error::ConfigError;
use crate::config::raw::{Raw, RawTlsBlock};
use crate::config::{TlsBlock, TlsBlocks};
use crate::tls::{self, MinVersion};

impl Checker<'_> {
    /// Checks what the blocks say, and what follows for the server port. The files are looked at by
    /// the agent that starts.
    pub(super) fn trust(&mut self, raw: &Raw) -> Checked<TlsBlocks> {
        let raw = &raw.tls;
        let defaults = self.tls_block("tls.defaults.tls_min_version", &raw.defaults);
        let internal_rpc = self.tls_block("tls.internal_rpc.tls_min_version", &raw.internal_rpc);
        let blocks = TlsBlocks {
            defaults: defaults?,
            internal_rpc: internal_rpc?,
        };
        // The name has no part in what may be wrong.
        let rpc = blocks.of_rpc(String::new());
        let mut checked = Ok(blocks);
        for (is_wrong, text, hint) in contradictions(&rpc) {
            if is_wrong {
                checked = Err(Refused);
                self.report.error(ConfigError::Conflict {
                    text: text.to_owned(),
                    from: hint.to_owned(),
                });
            }
        }
        checked
    }

    fn tls_block(&mut self, key: &'static str, raw: &RawTlsBlock) -> Checked<TlsBlock> {
        let min_version = given(raw.tls_min_version.as_ref())
            .map(|word| self.keep(key, word, min_version(word)))
            .transpose()?;
        let path =
            |value: &Option<Tagged<String>>| given(value.as_ref()).map(|path| path.as_str().into());
        let switch = |value: &Option<Tagged<bool>>| value.as_ref().map(|value| **value);
        Ok(TlsBlock {
            ca_file: path(&raw.ca_file),
            cert_file: path(&raw.cert_file),
            key_file: path(&raw.key_file),
            min_version,
            verify_incoming: switch(&raw.verify_incoming),
            verify_outgoing: switch(&raw.verify_outgoing),
            verify_server_hostname: switch(&raw.verify_server_hostname),
        })
    }
}

/// What does not go together, with Consul's words where it has some (agent reference, 5.6).
fn contradictions(rpc: &tls::Settings) -> [(bool, &'static str, &'static str); 5] {
    let has_ca = rpc.ca_file.is_some();
    let (has_cert, has_key) = (rpc.cert_file.is_some(), rpc.key_file.is_some());
    [
        (
            rpc.verify_incoming && !has_ca,
            "VerifyIncoming set but no CA certificates were provided",
            "set ca_file in tls.defaults",
        ),
        (
            rpc.verify_incoming && !(has_cert && has_key),
            "VerifyIncoming requires either a Cert and Key pair in the configuration file, or \
             auto_encrypt/auto_config be enabled",
            "set cert_file and key_file in tls.defaults; the other two quorate does not have",
        ),
        (
            rpc.verify_outgoing && !has_ca,
            "VerifyOutgoing set but no CA certificates were provided",
            "set ca_file in tls.defaults; verify_server_hostname includes verify_outgoing",
        ),
        (
            has_cert && !has_key && !rpc.verify_incoming,
            "cert_file is given without key_file",
            "set key_file in the same block of tls",
        ),
        (
            has_key && !has_cert && !rpc.verify_incoming,
            "key_file is given without cert_file",
            "set cert_file in the same block of tls",
        ),
    ]
}

/// Reads a version; `tls12` is how Consul's old setting has it.
fn min_version(word: &str) -> Result<MinVersion, &'static str> {
    match word {
        "TLSv1_2" | "tls12" => Ok(MinVersion::V12),
        "TLSv1_3" | "tls13" => Ok(MinVersion::V13),
        "TLSv1_0" | "TLSv1_1" | "tls10" | "tls11" => {
            Err("is a version that quorate does not speak; take TLSv1_2 or TLSv1_3")
        }
        _ => Err("is no version; valid versions are: [TLSv1_2 TLSv1_3]"),
    }
}
