//! What the operator's listener tells.

use serde_json::Value;

use crate::Platform;

impl Platform {
    /// The value of a metric, as the operator reads it; with labels as written (`name{label="value"}`) or the first of its name.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = reqwest::Client::new()
            .get(format!("{}/metrics", self.operator))
            .bearer_auth(&self.operator_token)
            .send()
            .await
            .expect("operator")
            .text()
            .await
            .expect("metrics");
        let line = text.lines().find(|line| {
            line.split([' ', '{']).next() == Some(name) || line.split(' ').next() == Some(name)
        })?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// What a path of the operator's listener answers as JSON; the path begins with `/`.
    pub async fn told_operator(&self, path: &str) -> Value {
        reqwest::Client::new()
            .get(format!("{}{path}", self.operator))
            .bearer_auth(&self.operator_token)
            .send()
            .await
            .expect("operator")
            .json()
            .await
            .expect("JSON")
    }
}
