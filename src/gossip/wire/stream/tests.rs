//! Messages over a stream in memory.

use proptest::prelude::*;

use super::*;

const SIDE: Side = Side::Asker;

fn key(byte: u8) -> Key {
    Key::new(&[byte; 16]).unwrap()
}

const CLUSTER: Option<ClusterId> = Some(ClusterId::new(77));

async fn written(key: Option<&Key>, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message(&mut bytes, (key, CLUSTER), SIDE, message)
        .await
        .unwrap();
    bytes
}

async fn read_all(key: Option<&Key>, side: Side, bytes: &[u8]) -> Result<Vec<u8>, StreamError> {
    let keys = key.map(|key| Keys::new(key.clone(), Vec::new()));
    let opened = read_with(keys.as_ref(), side, bytes).await?;
    assert_eq!(opened.by, None);
    Ok(opened.text)
}

async fn read_with(
    keys: Option<&Keys>,
    side: Side,
    mut bytes: &[u8],
) -> Result<Opened, StreamError> {
    let header = read_header(&mut bytes).await?;
    read_body(&mut bytes, header, keys, side).await
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

#[tokio::test]
async fn a_message_of_any_length_comes_through_plain_and_sealed() {
    for len in [1, 100, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1, 100_000] {
        let message: Vec<u8> = (0..=255).cycle().take(len).collect();
        for key in [None, Some(key(1))] {
            let bytes = written(key.as_ref(), &message).await;
            let read = read_all(key.as_ref(), SIDE, &bytes).await.unwrap();
            assert!(read == message, "{len}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_sealed_with_an_accepted_key_comes_through_and_names_it() {
    let message = vec![7; 3 * CHUNK_BYTES_MAX];
    let bytes = written(Some(&key(2)), &message).await;
    let keys = Keys::new(key(1), vec![key(3), key(2)]);
    let opened = read_with(Some(&keys), SIDE, &bytes).await.unwrap();
    assert!(opened.text == message);
    assert_eq!(opened.by, Some(key(2).fingerprint()));
}

#[tokio::test]
async fn a_header_names_the_cluster_or_that_there_is_none() {
    let bytes = written(None, b"x").await;
    let header = read_header(&mut &bytes[..]).await.unwrap();
    assert_eq!(header.cluster, CLUSTER);
    let mut blank = Vec::new();
    write_message(&mut blank, (None, None), SIDE, b"x")
        .await
        .unwrap();
    let header = read_header(&mut &blank[..]).await.unwrap();
    assert_eq!(header.cluster, None);
}

#[tokio::test]
async fn both_sides_of_every_mismatch_of_keys_learn_what_is_wrong() {
    let rows = [
        (None, Some(2), Complaint::MustSeal),
        (Some(1), None, Complaint::HasNoKey),
        (Some(1), Some(2), Complaint::WrongKey),
    ];
    for (writer, reader, expected) in rows {
        let (writer, reader) = (writer.map(key), reader.map(key));
        let bytes = written(writer.as_ref(), b"text").await;
        let heard = read_all(reader.as_ref(), SIDE, &bytes).await;
        assert!(
            matches!(heard, Err(StreamError::Unheard(c)) if c == expected),
            "{heard:?}"
        );
        let mut answer = Vec::new();
        complain(&mut answer, None, expected).await.unwrap();
        let told = read_all(writer.as_ref(), Side::Answerer, &answer).await;
        assert!(
            matches!(told, Err(StreamError::Complained(c)) if c == expected),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn sealed_chunks_cannot_be_moved_left_out_or_sent_back() {
    let key = key(1);
    let message = vec![7; 3 * CHUNK_BYTES_MAX];
    let bytes = written(Some(&key), &message).await;
    let (header, body) = bytes.split_at(HEADER_BYTES);
    let chunks: Vec<&[u8]> = body.chunks(4 + CHUNK_BYTES_MAX + SEAL_BYTES).collect();
    assert_eq!(chunks.len(), 3);
    let send = |order: &[usize]| {
        let chunks: Vec<u8> = order.iter().flat_map(|n| chunks[*n].to_vec()).collect();
        [header, &chunks].concat()
    };
    assert!(read_all(Some(&key), SIDE, &send(&[0, 1, 2])).await.is_ok());
    for order in [&[1, 0, 2][..], &[0, 2], &[2], &[0, 0, 1, 2]] {
        let read = read_all(Some(&key), SIDE, &send(order)).await;
        assert!(matches!(read, Err(StreamError::Unheard(_))), "{order:?}");
    }
    let sent_back = read_all(Some(&key), Side::Answerer, &bytes).await;
    assert!(matches!(sent_back, Err(StreamError::Unheard(_))));
}

#[tokio::test]
async fn a_message_that_is_cut_off_is_no_message() {
    for key in [None, Some(key(1))] {
        let bytes = written(key.as_ref(), &[7; 100]).await;
        for len in 0..bytes.len() {
            let read = read_all(key.as_ref(), SIDE, &bytes[..len]).await;
            assert!(matches!(read, Err(StreamError::Io { .. })), "{len}");
        }
    }
}

#[tokio::test]
async fn a_message_beyond_the_bound_is_refused_while_it_comes() {
    let chunk = [
        &u32::try_from(CHUNK_BYTES_MAX).unwrap().to_be_bytes()[..],
        &vec![0; CHUNK_BYTES_MAX],
    ]
    .concat();
    let mut bytes = written(None, b"x").await[..HEADER_BYTES].to_vec();
    for _ in 0..=MESSAGE_BYTES_MAX / CHUNK_BYTES_MAX {
        bytes.extend_from_slice(&chunk);
    }
    let read = read_all(None, SIDE, &bytes).await;
    assert!(matches!(read, Err(StreamError::Malformed(_))));
}

#[tokio::test]
async fn empty_chunks_without_an_end_are_refused() {
    let mut bytes = written(None, b"x").await[..HEADER_BYTES].to_vec();
    bytes.extend_from_slice(&[0; 4_000]);
    let read = read_all(None, SIDE, &bytes).await;
    assert!(matches!(read, Err(StreamError::Malformed(_))));
}

proptest! {
    #[test]
    fn random_bytes_are_no_message(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assume!(!bytes.starts_with(&MAGIC));
        let read = block_on(read_all(None, SIDE, &bytes));
        prop_assert!(read.is_err());
    }

    #[test]
    fn a_bent_sealed_message_is_no_message(
        at in any::<proptest::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let key = key(1);
        let mut bytes = block_on(written(Some(&key), &[7; 100]));
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(block_on(read_all(Some(&key), SIDE, &bytes)).is_err());
    }
}
