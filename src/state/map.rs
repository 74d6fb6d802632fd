//! How a persistent map is written to a snapshot and read back.
//!
//! imbl's own reading allocates what the length in the bytes claims, before the entries are
//! there; a snapshot comes from another machine, so here the map grows by what was read.

use std::fmt;
use std::marker::PhantomData;

use imbl::OrdMap;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the entries in order, as imbl does.
pub(super) fn serialize<S, K, V>(map: &OrdMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    K: Serialize + Ord,
    V: Serialize,
{
    map.serialize(serializer)
}

/// Reads entries until the bytes end.
///
/// # Errors
/// A key that is there twice, besides what the format finds.
pub(super) fn deserialize<'de, D, K, V>(deserializer: D) -> Result<OrdMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + Clone,
    V: Deserialize<'de> + Clone,
{
    deserializer.deserialize_map(Entries(PhantomData))
}

struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for Entries<K, V>
where
    K: Deserialize<'de> + Ord + Clone,
    V: Deserialize<'de> + Clone,
{
    type Value = OrdMap<K, V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut read = OrdMap::new();
        while let Some((key, value)) = map.next_entry()? {
            if read.insert(key, value).is_some() {
                return Err(A::Error::custom("a key is there twice"));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Held(#[serde(with = "super")] OrdMap<u8, u8>);

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let claim = postcard::to_allocvec(&u64::MAX).unwrap();
        assert!(postcard::from_bytes::<Held>(&claim).is_err());
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        assert!(postcard::from_bytes::<Held>(&[2, 7, 1, 7, 2]).is_err());
        assert!(postcard::from_bytes::<Held>(&[2, 7, 1, 8, 2]).is_ok());
    }
}
