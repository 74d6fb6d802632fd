//! The JSON of the operator's endpoints besides the raft configuration (agent reference, 6.10).

use serde::{Deserialize, Serialize};

use super::node::Abandoned;

/// What `/v1/operator/raft/transfer-leader` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SuccessJson {
    /// Always true: all else is an error.
    pub(super) success: bool,
}

/// What `/v1/operator/bootstrap/abandon` answers; Consul has no such endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AbandonedJson {
    /// Id of the cluster that it would have been.
    pub cluster: String,
    /// Names of its other members, each of which may be bound by it, too.
    pub others: Vec<String>,
    /// The agent starts again to wipe what raft held for it.
    pub wipes_raft: bool,
}

impl From<Abandoned> for AbandonedJson {
    fn from(abandoned: Abandoned) -> Self {
        Self {
            cluster: abandoned.cluster.to_string(),
            others: abandoned.others,
            wipes_raft: abandoned.wipes_raft,
        }
    }
}
