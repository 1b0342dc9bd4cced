//! What can be said at start about whether writing will work, with a writer's rights and without writing.
//!
//! A writer's role needs no cluster privilege, so most questions may be answered 403. That is no fault: it is said
//! once what could not be checked.

use std::collections::BTreeMap;

use elasticsearch::http::Method;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;

use crate::answer::{Answer, SendError};
use crate::client::{Client, Host};
use crate::outcome::{Cause, Reception, Severity};

/// One thing found out about Elasticsearch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is and, if something is wrong, what to do.
    pub sentence: String,
}

impl Finding {
    fn new(severity: Severity, sentence: String) -> Self {
        Self { severity, sentence }
    }

    fn trouble(cause: Cause, detail: &str) -> Self {
        Self::new(cause.severity(), cause.sentence(detail))
    }
}

impl Client {
    /// Asks every host of the settings who it is, and the first that answers whether the user may write to these data
    /// streams (names or patterns such as `logs-*-pt`) and whether index templates make them.
    pub async fn probe(&self, streams: &[String]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut spokesman = None;
        for host in self.configured() {
            let answer = self.ask(host, Method::Get, "", None).await;
            if matches!(&answer, Ok(answer) if answer.is_good() || answer.status == 403) {
                spokesman = spokesman.or(Some(host));
            }
            findings.push(identity(&host.name, answer));
        }
        if let (Some(host), false) = (spokesman, streams.is_empty()) {
            findings.push(self.privileges(host, streams).await);
            findings.push(self.templates(host, streams).await);
        }
        findings
    }

    /// Any user may ask for its own privileges.
    async fn privileges(&self, host: &Host, streams: &[String]) -> Finding {
        let question = json!({ "index": [{
            "names": streams,
            "privileges": ["create_doc", "auto_configure", "create_index"],
        }]});
        let body = Some(question.to_string().into());
        let answer = self
            .ask(host, Method::Post, "_security/user/_has_privileges", body)
            .await;
        match read::<Privileges>(answer) {
            Ok(privileges) => privileges.finding(),
            Err(reason) => unchecked("whether the user may write", &reason),
        }
    }

    async fn templates(&self, host: &Host, streams: &[String]) -> Finding {
        const PATH: &str = "_index_template?filter_path=index_templates.name,\
             index_templates.index_template.index_patterns,index_templates.index_template.priority,\
             index_templates.index_template.data_stream";
        match read::<Templates>(self.ask(host, Method::Get, PATH, None).await) {
            Ok(templates) => templates.finding(streams),
            Err(reason) => unchecked("whether an index template makes the data streams", &reason),
        }
    }
}

/// Reads `GET /`.
fn identity(host: &str, answer: Result<Answer, SendError>) -> Finding {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Finding::trouble(Cause::Unreachable, &error.to_string()),
    };
    if let Ok(root) = serde_json::from_slice::<Root>(&answer.bytes) {
        return root.finding(host);
    }
    let error = answer.error();
    let detail = format!("{host}: status {} {}", answer.status, error.reason());
    match Reception::of(answer.status, &error.kind, error.reason()) {
        Reception::Retry(Cause::Privilege) => {
            unchecked(&format!("the version of {host}"), "status 403")
        }
        Reception::Retry(cause) => Finding::trouble(cause, &detail),
        Reception::Halve | Reception::Split => Finding::trouble(Cause::Endpoint, &detail),
    }
}

fn unchecked(what: &str, reason: &str) -> Finding {
    Finding::new(Severity::Info, format!("not checked: {what} ({reason})"))
}

fn read<T: DeserializeOwned>(answer: Result<Answer, SendError>) -> Result<T, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    if !answer.is_good() {
        return Err(format!("status {}", answer.status));
    }
    serde_json::from_slice(&answer.bytes).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct Root {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    /// Only `OpenSearch` has one.
    #[serde(default)]
    distribution: Option<String>,
}

impl Root {
    fn finding(&self, host: &str) -> Finding {
        let Version {
            number,
            distribution,
        } = &self.version;
        let product = distribution.as_deref().unwrap_or("Elasticsearch");
        Finding::new(Severity::Info, format!("{host} is {product} {number}"))
    }
}

#[derive(Deserialize)]
struct Privileges {
    username: String,
    /// By stream, then by privilege.
    index: BTreeMap<String, BTreeMap<String, bool>>,
}

impl Privileges {
    fn finding(&self) -> Finding {
        let user = &self.username;
        let lacking = |(stream, granted): (&String, &BTreeMap<String, bool>)| {
            let has = |privilege| granted.get(privilege).copied().unwrap_or_default();
            match (
                has("create_doc"),
                has("auto_configure") || has("create_index"),
            ) {
                (true, true) => None,
                (false, true) => Some(format!("create_doc on {stream}")),
                (true, false) => Some(format!("auto_configure on {stream}")),
                (false, false) => Some(format!("create_doc and auto_configure on {stream}")),
            }
        };
        let lacking: Vec<String> = self.index.iter().filter_map(lacking).collect();
        if lacking.is_empty() {
            return Finding::new(
                Severity::Info,
                format!("user {user} may write to the data streams"),
            );
        }
        let lacking = lacking.join(", ");
        let sentence = format!("user {user} lacks {lacking}: grant it to one of the user's roles");
        Finding::new(Severity::Error, sentence)
    }
}

#[derive(Deserialize)]
struct Templates {
    /// Left out by `filter_path` when there is none.
    #[serde(default)]
    index_templates: Vec<NamedTemplate>,
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    index_template: Template,
}

#[derive(Deserialize)]
struct Template {
    index_patterns: Vec<String>,
    #[serde(default)]
    priority: u64,
    #[serde(default)]
    data_stream: Option<IgnoredAny>,
}

impl Templates {
    fn finding(&self, streams: &[String]) -> Finding {
        let wrong: Vec<String> = streams
            .iter()
            .filter_map(|stream| self.wrong(stream))
            .collect();
        if wrong.is_empty() {
            return Finding::new(
                Severity::Info,
                "index templates make the data streams".to_owned(),
            );
        }
        Finding::new(
            Severity::Error,
            format!("{}: {}", wrong.join(", "), Cause::Template.advice()),
        )
    }

    /// What is wrong with the template that would make this stream: of those that match, Elasticsearch takes
    /// the one with the highest priority.
    fn wrong(&self, stream: &str) -> Option<String> {
        let matches = |template: &&NamedTemplate| {
            template
                .index_template
                .index_patterns
                .iter()
                .any(|pattern| glob(pattern, stream))
        };
        let matching = self.index_templates.iter().filter(matches);
        match matching.max_by_key(|template| template.index_template.priority) {
            None => Some(format!("no index template matches {stream}")),
            Some(template) if template.index_template.data_stream.is_none() => Some(format!(
                "index template {} matches {stream} and makes no data stream",
                template.name
            )),
            Some(_) => None,
        }
    }
}

/// Whether a pattern, in which `*` stands for any text, matches a name; a `*` in the name is a character like others,
/// which only a `*` matches: what the name's pattern allows, the template's must allow.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| glob(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_first_answer_says_who_it_is_or_what_is_wrong() {
        use Severity::{Error, Info, Warning};
        let refused = SendError::Lost {
            host: "http://es".into(),
            reason: "Connection refused".into(),
        };
        let good =
            br#"{"name":"a","version":{"number":"8.19.0"},"tagline":"You Know, for Search"}"#
                .as_slice();
        let open = br#"{"version":{"distribution":"opensearch","number":"2.19.1"}}"#.as_slice();
        for (answer, severity, want) in [
            (
                Ok(Answer::new(200, good)),
                Info,
                "http://es is Elasticsearch 8.19.0",
            ),
            (
                Ok(Answer::new(200, open)),
                Info,
                "http://es is opensearch 2.19.1",
            ),
            (
                Ok(Answer::new(200, "<html>nginx</html>")),
                Error,
                "not Elasticsearch's bulk endpoint",
            ),
            (
                Ok(Answer::new(401, "Unauthorized")),
                Error,
                "check the user and the password",
            ),
            (
                Ok(Answer::new(403, "")),
                Info,
                "not checked: the version of http://es",
            ),
            (
                Ok(Answer::new(404, "")),
                Error,
                "not Elasticsearch's bulk endpoint",
            ),
            (Ok(Answer::new(503, "")), Warning, "Elasticsearch is busy"),
            (Err(refused), Warning, "http://es: Connection refused"),
        ] {
            let finding = identity("http://es", answer);
            assert!(finding.sentence.contains(want), "{finding:?}");
            assert_eq!(finding.severity, severity, "{finding:?}");
        }
    }

    #[test]
    fn privileges_that_are_lacking_are_named() {
        for (granted, want) in [
            (
                r#"{"create_doc":true,"auto_configure":true,"create_index":false}"#,
                "may write",
            ),
            (
                r#"{"create_doc":true,"auto_configure":false,"create_index":true}"#,
                "may write",
            ),
            (
                r#"{"create_doc":true,"auto_configure":false,"create_index":false}"#,
                "lacks auto_configure on logs-*-pt:",
            ),
            (
                r#"{"create_doc":false,"auto_configure":true,"create_index":true}"#,
                "lacks create_doc on logs-*-pt:",
            ),
            ("{}", "lacks create_doc and auto_configure on logs-*-pt:"),
        ] {
            let json = format!(
                r#"{{"username":"w","has_all_requested":false,"index":{{"logs-*-pt":{granted}}}}}"#
            );
            let finding = serde_json::from_str::<Privileges>(&json).unwrap().finding();
            assert!(finding.sentence.contains(want), "{finding:?}");
            assert_eq!(
                finding.severity == Severity::Error,
                want.starts_with("lacks")
            );
        }
    }

    #[test]
    fn the_template_that_wins_must_make_a_data_stream() {
        let template = |name: &str, pattern: &str, priority: u64, stream: &str| {
            format!(
                r#"{{"name":"{name}","index_template":{{"index_patterns":["x","{pattern}"],"priority":{priority}{stream}}}}}"#
            )
        };
        let stream = r#","data_stream":{"hidden":false}"#;
        for (templates, want) in [
            (vec![], "no index template matches logs-*-pt"),
            (
                vec![template("a", "metrics-*", 1, stream)],
                "no index template matches logs-*-pt",
            ),
            (
                vec![template("a", "logs-*-*", 1, stream)],
                "index templates make the data streams",
            ),
            (
                vec![template("a", "*", 1, stream)],
                "index templates make the data streams",
            ),
            (
                vec![
                    template("a", "logs-*", 1, stream),
                    template("b", "logs-*-pt", 9, ""),
                ],
                "index template b matches logs-*-pt and makes no data stream",
            ),
            (
                vec![
                    template("a", "logs-*", 1, ""),
                    template("b", "logs-*-pt", 9, stream),
                ],
                "index templates make the data streams",
            ),
        ] {
            let json = format!(r#"{{"index_templates":[{}]}}"#, templates.join(","));
            let finding = serde_json::from_str::<Templates>(&json)
                .unwrap()
                .finding(&["logs-*-pt".into()]);
            assert!(finding.sentence.contains(want), "{finding:?}");
        }
        assert!(
            serde_json::from_str::<Templates>("{}")
                .unwrap()
                .wrong("logs-a-pt")
                .is_some()
        );
    }
}
