//! Tasks of ECS, as go-discover finds them: every cluster or one, by family, then by tag.
//!
//! API: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html>, version 2014-11-13,
//! read 2026. `ListClusters` and `ListTasks` give names a hundred at a time, `DescribeTasks` tells of
//! up to a hundred tasks; what a task is tagged with only the last one says. A cluster that cannot
//! be read is a gap with its name.

mod api;
mod tasks;

use serde::Deserialize;
use serde_json::json;

use crate::{Kind, ResolveError, Seen};

use super::regions::Part;
use super::settings::Settings;
use api::{Api, List};

/// The most names that one call gives, and the most tasks that one tells of.
const BATCH: usize = 100;

const CLUSTERS: &str = "ListClusters";
const TASKS: &str = "ListTasks";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clusters {
    cluster_arns: Vec<String>,
    next_token: Option<String>,
}

impl List for Clusters {
    fn parts(self) -> (Vec<String>, Option<String>) {
        (self.cluster_arns, self.next_token)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tasks {
    task_arns: Vec<String>,
    next_token: Option<String>,
}

impl List for Tasks {
    fn parts(self) -> (Vec<String>, Option<String>) {
        (self.task_arns, self.next_token)
    }
}

/// Adds the tasks of one region.
pub(super) async fn read(part: Part<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let settings = part.settings;
    let region = part.region;
    let api = Api::open(&part).await?;
    if let Some(name) = &settings.cluster {
        return cluster(&api, name, settings, seen).await;
    }
    let names = api.all::<Clusters>(CLUSTERS, json!({})).await?;
    let mut left = u32::try_from(names.len()).unwrap_or(u32::MAX);
    for name in &names {
        let share = api.share(left);
        left = left.saturating_sub(1);
        let known = (seen.instances.len(), seen.gaps.len());
        let Err(error) = cluster(&share, name, settings, seen).await else {
            continue;
        };
        if error.kind() == Kind::Credentials {
            return Err(error);
        }
        // A cluster that was deleted since it was listed has no tasks.
        if is_absent(&error) {
            continue;
        }
        if error.kind() == Kind::Answer {
            seen.instances.truncate(known.0);
            seen.gaps.truncate(known.1);
        }
        let short = name.rsplit('/').next().unwrap_or(name);
        seen.gap(format!("cluster {short} of {region}"), error);
    }
    Ok(())
}

/// Adds the tasks of one cluster.
async fn cluster(
    api: &Api<'_>,
    name: &str,
    settings: &Settings,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let mut wanted = json!({"cluster": name, "desiredStatus": tasks::RUNNING});
    if let (Some(family), Some(wanted)) = (&settings.family, wanted.as_object_mut()) {
        wanted.insert("family".to_owned(), json!(family));
    }
    let arns = api.all::<Tasks>(TASKS, wanted).await?;
    for batch in arns.chunks(BATCH) {
        let asked = json!({"cluster": name, "tasks": batch, "include": ["TAGS"]});
        let told = api.ask(tasks::OPERATION, &asked).await?;
        tasks::add(told, settings, seen)?;
    }
    Ok(())
}

/// Says whether there is no such cluster; the name of one belongs to a single region.
pub(super) fn is_absent(error: &ResolveError) -> bool {
    let mut facts = error.context().iter();
    facts.any(|(name, fact)| *name == "code" && fact == "ClusterNotFoundException")
}
