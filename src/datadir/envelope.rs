//! The form of a record on disk: format, checksum, value.
//!
//! One byte of format, 32 bytes of SHA-256 over the format and the value, as in every later format;
//! the value in postcard.
//! The checksum finds torn and rotten files; it does not authenticate.

use std::path::Path;

use ring::digest::{Context, Digest, SHA256, SHA256_OUTPUT_LEN};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DataDirError;
use super::disk::BYTES_MAX;

/// The format that is written.
const FORMAT: u8 = 1;

/// Gives a value its form.
pub(super) fn wrap<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, DataDirError> {
    let unwritable = |why| DataDirError::Unwritable {
        path: path.to_owned(),
        why,
    };
    let value = postcard::to_stdvec(value).map_err(|_kind| unwritable("the value has no form"))?;
    let mut bytes = Vec::with_capacity(1 + SHA256_OUTPUT_LEN + value.len());
    bytes.push(FORMAT);
    bytes.extend_from_slice(sum(FORMAT, &value).as_ref());
    bytes.extend_from_slice(&value);
    if bytes.len() > BYTES_MAX {
        return Err(unwritable("the value is larger than a record may be"));
    }
    Ok(bytes)
}

/// Reads a value back.
pub(super) fn unwrap<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, DataDirError> {
    let damaged = |why| DataDirError::Damaged {
        path: path.to_owned(),
        why,
    };
    let (format, rest) = bytes.split_first().ok_or_else(|| damaged("it is empty"))?;
    let (claimed, value) = rest
        .split_at_checked(SHA256_OUTPUT_LEN)
        .ok_or_else(|| damaged("it is cut short"))?;
    // The sum covers the format: a flipped bit in it is no later version.
    if sum(*format, value).as_ref() != claimed {
        return Err(damaged("its checksum is wrong"));
    }
    if *format != FORMAT {
        return Err(DataDirError::Newer {
            path: path.to_owned(),
            format: *format,
        });
    }
    match postcard::take_from_bytes(value) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(damaged("it holds something else")),
    }
}

fn sum(format: u8, value: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(&[format]);
    context.update(value);
    context.finish()
}
