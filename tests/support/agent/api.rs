//! What is asked of an agent over its API, once or until it answers so.

use serde_json::Value;

use super::Agent;
use crate::support::eventually;

impl Agent {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}:8500{path}", self.addr)
    }

    /// Asks once; none while nothing listens.
    pub(crate) async fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let response = self.client.get(self.url(path)).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.text().await.ok()?))
    }

    /// Asks, waiting until the API listens.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        eventually(&format!("{} answers {path}", self.addr), || {
            self.try_get(path)
        })
        .await
    }

    /// Asks for JSON that must come with status 200.
    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}\n{}", self.log_text());
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> (u16, String) {
        self.ask_put(path, body).await.unwrap()
    }

    /// As [`Self::put`], or why no answer came.
    async fn ask_put(&self, path: &str, body: &str) -> reqwest::Result<(u16, String)> {
        let request = self.client.put(self.url(path)).body(body.to_owned());
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Tries a write once and gives the status.
    pub(crate) async fn try_put(&self, path: &str, body: &str) -> Option<u16> {
        Some(self.ask_put(path, body).await.ok()?.0)
    }

    /// Writes a key, waiting until the agent has a leader to write through.
    pub(crate) async fn write(&self, key: &str, value: &str) {
        let path = format!("/v1/kv/{key}");
        eventually(&format!("a write through {}", self.addr), || async {
            (self.try_put(&path, value).await == Some(200)).then_some(())
        })
        .await;
    }

    /// The value of a key.
    pub(crate) async fn read(&self, key: &str) -> (u16, String) {
        self.get(&format!("/v1/kv/{key}?raw")).await
    }

    /// Waits until the disk of this very server holds a key.
    pub(crate) async fn holds(&self, key: &str) {
        let path = format!("/v1/kv/{key}?stale");
        eventually(&format!("{} holds {key}", self.addr), || async {
            let (status, _) = self.try_get(&path).await?;
            (status == 200).then_some(())
        })
        .await;
    }

    /// The leader as this agent knows it; empty while it knows none.
    pub(crate) async fn leader(&self) -> String {
        match self.try_get("/v1/status/leader").await {
            Some((200, body)) => serde_json::from_str(&body).unwrap(),
            _ => String::new(),
        }
    }

    /// Waits until this agent knows a leader.
    pub(crate) async fn led(&self) -> String {
        eventually(&format!("{} knows a leader", self.addr), || async {
            Some(self.leader().await).filter(|leader| !leader.is_empty())
        })
        .await
    }

    /// The names of the members with a status code.
    pub(crate) async fn members(&self, status: u64) -> Vec<String> {
        let Some((200, body)) = self.try_get("/v1/agent/members").await else {
            return Vec::new();
        };
        let list: Vec<Value> = serde_json::from_str(&body).unwrap();
        let matching = list.iter().filter(|member| member["Status"] == status);
        let mut names: Vec<String> = matching
            .map(|member| member["Name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// The names in the catalogue, sorted; none while there is no answer.
    pub(crate) async fn catalogue(&self) -> Vec<String> {
        let Some((200, body)) = self.try_get("/v1/catalog/nodes").await else {
            return Vec::new();
        };
        let nodes: Vec<Value> = serde_json::from_str(&body).unwrap();
        let names = nodes
            .iter()
            .map(|node| node["Node"].as_str().unwrap().to_owned());
        names.collect()
    }

    /// Waits until exactly the agents n1 to n are alive in this agent's list.
    pub(crate) async fn sees(&self, n: usize) {
        eventually(&format!("{} sees {n} members", self.addr), || async {
            (self.members(1).await.len() == n).then_some(())
        })
        .await;
    }

    /// Its node id.
    pub(crate) async fn node_id(&self) -> String {
        let own = self.get_json("/v1/agent/self").await;
        own["Config"]["NodeID"].as_str().unwrap().to_owned()
    }

    /// One value of `info`.
    pub(crate) async fn stat(&self, group: &str, key: &str) -> String {
        let own = self.get_json("/v1/agent/self").await;
        own["Stats"][group][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}
