//! The region of the ECS task that this program runs in, as go-discover finds it.
//!
//! API: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html>,
//! read 2026: the variable has a base, and `/task` below it the task's ARN.

use serde::Deserialize;

use crate::{Kind, ResolveError};

use super::door::Door;

/// The variable that an agent of ECS sets in every container.
const VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

const OPERATION: &str = "ask the task for its region";

/// The part of a lookup's deadline that it gets.
const SHARE: u32 = 3;

#[derive(Debug, Deserialize)]
struct Task {
    #[serde(rename = "TaskARN")]
    arn: String,
}

/// The region of the task; none outside of ECS.
pub(super) async fn region(door: &Door) -> Result<Option<String>, ResolveError> {
    let Some(base) = door.lookup().io.environment().value(VARIABLE) else {
        return Ok(None);
    };
    let rest = door.rest(&base).await?.direct();
    let rest = rest.within(door.left() / SHARE);
    let task: Task = rest.get(OPERATION, "task").json().await?;
    let region = task.arn.split(':').nth(3).unwrap_or_default();
    let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !task.arn.starts_with("arn:") || region.is_empty() || !region.chars().all(is_region) {
        let error = rest.error(Kind::Answer, OPERATION);
        return Err(error.with("reply", "no ARN with a region"));
    }
    Ok(Some(region.to_owned()))
}
