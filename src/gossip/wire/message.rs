//! Messages of a push/pull: the question is a picture, the answer a picture or a refusal.

use super::Malformed;
use super::record::{Line, encode_line, take_line};
use crate::gossip::conflict::Conflict;
use crate::types::NodeId;

/// The most lines of one picture: twenty times the largest pool that was measured (gossip study).
const LINES_MAX: usize = 20_000;

const KIND_PICTURE: u8 = 1;
const KIND_OWN: u8 = 2;
const KIND_REFUSED: u8 = 3;
const KIND_LEAVING: u8 = 4;
const KIND_ASKED: u8 = 5;
const KIND_OTHER: u8 = 6;
const KIND_EARLY: u8 = 7;

/// The whole list of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Who shows it.
    pub(crate) from: Line,
    /// Everybody else in it.
    pub(crate) others: Vec<Line>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// What I know.
    Picture(Box<Picture>),
    /// The same, for this member and no other: whoever else has its address now is not to take it
    /// in.
    Asked(NodeId, Box<Picture>),
    /// You look for somebody else.
    Other,
    /// You are talking to yourself.
    Own,
    /// I refuse you, and this is why.
    Refused(Box<Conflict>),
    /// I am leaving and take no more members.
    Leaving,
    /// I have not heard my own sources yet, which come first.
    Early,
}

impl Message {
    /// A list that is for one member only, if one is given.
    pub(crate) fn to(self, member: Option<NodeId>) -> Self {
        match (self, member) {
            (Self::Picture(picture), Some(node_id)) => Self::Asked(node_id, picture),
            (message, _) => message,
        }
    }

    /// The bytes of the message.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Picture(picture) => {
                out.push(KIND_PICTURE);
                encode_picture(picture, &mut out);
            }
            Self::Asked(node_id, picture) => {
                out.push(KIND_ASKED);
                out.extend(node_id.bits().to_be_bytes());
                encode_picture(picture, &mut out);
            }
            Self::Other => out.push(KIND_OTHER),
            Self::Own => out.push(KIND_OWN),
            Self::Refused(conflict) => {
                out.push(KIND_REFUSED);
                out.extend(postcard::to_stdvec(conflict).unwrap_or_default());
            }
            Self::Leaving => out.push(KIND_LEAVING),
            Self::Early => out.push(KIND_EARLY),
        }
        out
    }

    /// Reads a message that fills its bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let malformed = Malformed { what: "message" };
        let (kind, body) = bytes.split_first().ok_or(malformed)?;
        match (*kind, body.is_empty()) {
            (KIND_PICTURE, _) => Ok(Self::Picture(Box::new(parse_picture(body)?))),
            (KIND_ASKED, _) => {
                let (node_id, picture) = body.split_first_chunk().ok_or(malformed)?;
                let node_id = NodeId::new(u128::from_be_bytes(*node_id));
                Ok(Self::Asked(node_id, Box::new(parse_picture(picture)?)))
            }
            (KIND_OTHER, true) => Ok(Self::Other),
            (KIND_OWN, true) => Ok(Self::Own),
            (KIND_LEAVING, true) => Ok(Self::Leaving),
            (KIND_EARLY, true) => Ok(Self::Early),
            (KIND_REFUSED, _) => match postcard::take_from_bytes(body) {
                Ok((conflict, [])) => Ok(Self::Refused(Box::new(conflict))),
                Ok(_) | Err(_) => Err(malformed),
            },
            (_, _) => Err(malformed),
        }
    }
}

fn encode_picture(picture: &Picture, out: &mut Vec<u8>) {
    encode_line(&picture.from, out);
    for line in &picture.others {
        encode_line(line, out);
    }
}

fn parse_picture(bytes: &[u8]) -> Result<Picture, Malformed> {
    let mut rest = bytes;
    let from = take_line(&mut rest)?;
    let mut others = Vec::new();
    while !rest.is_empty() {
        if others.len() >= LINES_MAX {
            return Err(Malformed {
                what: "picture of too many lines",
            });
        }
        others.push(take_line(&mut rest)?);
    }
    Ok(Picture { from, others })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gossip::conflict::{ConflictKind, Party};
    use crate::gossip::testing::line;

    fn picture(others: u16) -> Message {
        Message::Picture(Box::new(Picture {
            from: line("s0", 1),
            others: (0..others).map(|n| line(&format!("s{n}"), n + 2)).collect(),
        }))
    }

    #[test]
    fn a_message_reads_back_what_it_wrote() {
        let conflict = Conflict {
            kind: ConflictKind::NodeName,
            ours: Party::unknown("10.0.0.1:1".parse().unwrap()),
            theirs: Party::from(&line("s1", 1).says),
            own: true,
            refused_by: None,
        };
        for message in [
            picture(0),
            picture(3),
            picture(2).to(Some(NodeId::new(7))),
            Message::Other,
            Message::Own,
            Message::Leaving,
            Message::Early,
            Message::Refused(Box::new(conflict)),
        ] {
            assert_eq!(Message::parse(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn a_message_with_a_byte_too_many_or_too_few_is_malformed() {
        for message in [picture(2), Message::Own, Message::Leaving] {
            let bytes = message.encode();
            let (_, short) = bytes.split_last().unwrap();
            assert!(Message::parse(short).is_err());
            assert!(Message::parse(&[&bytes[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn a_picture_of_too_many_lines_is_malformed() {
        let one = line("s1", 1);
        let mut bytes = picture(0).encode();
        for _ in 0..LINES_MAX {
            encode_line(&one, &mut bytes);
        }
        assert!(Message::parse(&bytes).is_ok());
        encode_line(&one, &mut bytes);
        assert!(Message::parse(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(
            kind in 0..8_u8,
            body in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            let bytes = [&[kind][..], &body[..]].concat();
            if let Ok(message) = Message::parse(&bytes) {
                prop_assert_eq!(Message::parse(&message.encode()), Ok(message));
            }
        }

        #[test]
        fn a_bent_picture_never_panics(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = picture(3).encode();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(message) = Message::parse(&bytes) {
                prop_assert_eq!(Message::parse(&message.encode()), Ok(message));
            }
        }
    }
}
