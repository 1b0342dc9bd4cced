//! Asks a cluster for its nodes, to take them as hosts, as `sniffing` of Logstash's `elasticsearch` output does.
//!
//! The question is the [nodes info API](https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-nodes-info);
//! what Logstash makes of its answer is in its `http_client/pool.rb`.

use std::collections::BTreeMap;
use std::sync::Arc;

use elasticsearch::http::{Method, Url};
use serde::Deserialize;
use thiserror::Error;

use crate::answer::{Answer, SendError};
use crate::client::{Client, Host};
use crate::hosts::HostsChange;
use crate::outcome::Cause;
use crate::settings::{SettingsError, name_of};

const NODES: &str = "_nodes/http?filter_path=nodes.*.roles,nodes.*.http.publish_address";

/// What makes a node a master, in Elasticsearch's word and in `OpenSearch`'s.
const MASTER: [&str; 2] = ["master", "cluster_manager"];
/// What a dedicated master may be beside that.
const BESIDE_MASTER: [&str; 2] = ["remote_cluster_client", "voting_only"];

impl Client {
    /// Asks the cluster for its nodes and sends to those from then on; says what changed. A host that stays keeps
    /// what is known of it. Those that do not say are passed over, and the hosts of the settings are asked last.
    ///
    /// # Errors
    /// What the first that answered said instead of naming nodes; if none answered, why the last did not. The hosts are then
    /// as they were.
    pub async fn sniff(&self) -> Result<HostsChange, SniffError> {
        let mut trouble = None;
        for host in self.hosts_to_ask() {
            match self.take_nodes_of(&host).await {
                Ok(change) => return Ok(change),
                Err(error) if matches!(trouble, None | Some(SniffError::Unanswered(_))) => {
                    trouble = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(trouble.unwrap_or(SniffError::NoNodes))
    }

    /// Those that are left alone come late, and the settings' own that are gone last: they may know the way back.
    fn hosts_to_ask(&self) -> Vec<Arc<Host>> {
        let mut hosts = self.hosts.well_first();
        for host in self.configured() {
            if hosts.iter().all(|other| other.name != host.name) {
                hosts.push(Arc::clone(host));
            }
        }
        hosts
    }

    async fn take_nodes_of(&self, host: &Host) -> Result<HostsChange, SniffError> {
        let answer = self.ask(host, Method::Get, NODES, None).await?;
        let nodes = read(&host.name, &answer)?;
        Ok(self.hosts.replace(&nodes, |urls| self.connect_to(urls))?)
    }
}

/// Why the hosts stay as they are.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SniffError {
    /// A node's address is no `IP:PORT` and no `NAME/IP:PORT`.
    #[error("{host} names a node at `{address}`")]
    Address {
        /// Who was asked.
        host: String,
        /// What it said.
        address: String,
    },
    /// No node is named that takes bulk requests.
    #[error("no node is named that takes requests")]
    NoNodes,
    /// An answer with another status than a good one.
    #[error("{host} does not name the cluster's nodes: status {status} {reason}")]
    Refused {
        /// Who was asked.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Elasticsearch's words.
        reason: String,
    },
    /// A node cannot be connected to with these settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No answer.
    #[error(transparent)]
    Unanswered(#[from] SendError),
    /// An answer, but not of the nodes info API.
    #[error("{host} does not name the cluster's nodes: {source}")]
    Unreadable {
        /// Who was asked.
        host: String,
        /// Where reading it failed.
        source: serde_json::Error,
    },
}

impl SniffError {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Address { .. } => "check http.publish_host and http.publish_port of that node",
            Self::NoNodes => {
                "check that there are nodes beside dedicated masters, and that they answer over HTTP"
            }
            Self::Refused { status: 401, .. } => Cause::Credentials.advice(),
            Self::Refused { status: 403, .. } => {
                "give one of the user's roles the cluster privilege `monitor`, or take out sniffing_interval"
            }
            Self::Refused { .. } | Self::Unreadable { .. } => Cause::Unreadable.advice(),
            Self::Settings(_) => "check the addresses that the nodes publish",
            Self::Unanswered(_) => Cause::Unreachable.advice(),
        }
    }
}

/// The nodes that take bulk requests, by the names that they have as hosts. Scheme and path are those of `host`, which
/// answered. A node without HTTP has no address and is left out.
fn read(host: &str, answer: &Answer) -> Result<BTreeMap<String, Url>, SniffError> {
    if !answer.is_good() {
        return Err(SniffError::Refused {
            host: host.to_owned(),
            status: answer.status,
            reason: answer.error().reason().to_owned(),
        });
    }
    let unreadable = |source| SniffError::Unreadable {
        host: host.to_owned(),
        source,
    };
    let answer: Nodes = serde_json::from_slice(&answer.bytes).map_err(unreadable)?;
    let takes_requests = |node: &Node| !node.is_dedicated_master();
    let nodes = answer.nodes.into_values().filter(takes_requests);
    let named = nodes.filter_map(|node| node.http).map(|http| {
        let address = http.publish_address;
        let Some(url) = url(host, &address) else {
            let host = host.to_owned();
            return Err(SniffError::Address { host, address });
        };
        Ok((name_of(&url), url))
    });
    let named: BTreeMap<String, Url> = named.collect::<Result<_, _>>()?;
    if named.is_empty() {
        return Err(SniffError::NoNodes);
    }
    Ok(named)
}

/// A name is better than its IP: it is what certificates are made for.
fn url(host: &str, address: &str) -> Option<Url> {
    let (place, port) = address.rsplit_once(':')?;
    let name = match place.split_once('/') {
        None => place,
        Some(("", ip)) => ip,
        Some((name, _)) => name,
    };
    // Half of it would be taken for a name.
    if name.contains(':') && !name.starts_with('[') {
        return None;
    }
    let mut url = Url::parse(host).ok()?;
    url.set_host(Some(name)).ok()?;
    url.set_port(Some(port.parse().ok()?)).ok()?;
    Some(url)
}

/// Whatever has nothing to say is left out by `filter_path`.
#[derive(Deserialize)]
struct Nodes {
    #[serde(default)]
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    http: Option<Http>,
}

impl Node {
    /// It has enough to do. (A node without any role only passes requests on, which is what a host is for.)
    fn is_dedicated_master(&self) -> bool {
        let is = |role: &String, among: [&str; 2]| among.contains(&role.as_str());
        let roles = || self.roles.iter();
        roles().any(|role| is(role, MASTER))
            && roles().all(|role| is(role, MASTER) || is(role, BESIDE_MASTER))
    }
}

#[derive(Deserialize)]
struct Http {
    publish_address: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(roles: &str, address: &str) -> String {
        format!(r#"{{"roles":[{roles}],"http":{{"publish_address":"{address}"}}}}"#)
    }

    fn named(host: &str, nodes: &[String]) -> Result<Vec<String>, SniffError> {
        let nodes: Vec<String> = nodes
            .iter()
            .enumerate()
            .map(|(id, node)| format!(r#""id{id}":{node}"#))
            .collect();
        let answer = format!(r#"{{"nodes":{{{}}}}}"#, nodes.join(","));
        Ok(read(host, &Answer::new(200, answer))?.into_keys().collect())
    }

    #[test]
    fn an_address_becomes_a_url_with_the_scheme_and_path_of_who_was_asked() {
        for (host, address, want) in [
            ("http://a:9200", "10.0.0.1:9200", "http://10.0.0.1:9200"),
            ("https://a:9200", "[::1]:9201", "https://[::1]:9201"),
            (
                "https://a:9200",
                "es1.example/10.0.0.1:9200",
                "https://es1.example:9200",
            ),
            ("https://a:9200", "ES1/[fe80::1]:9200", "https://es1:9200"),
            ("http://a:9200", "/10.0.0.1:9200", "http://10.0.0.1:9200"),
            ("https://a:9200", "10.0.0.1:443", "https://10.0.0.1"),
            ("https://a/es", "es2/10.0.0.1:9200", "https://es2:9200/es"),
        ] {
            assert_eq!(named(host, &[node("", address)]).unwrap(), [want]);
        }
    }

    #[test]
    fn an_address_that_is_none_is_named_and_nothing_is_taken() {
        for address in [
            "",
            ":",
            "a",
            "a:",
            ":9200",
            "a:b",
            "a:65536",
            "/:9200",
            "::1:9200",
            "fe80::1:9200",
            "[fe80::1%eth0]:9200",
            "[::1:9200",
            "a b:9200",
            "u@a:9200",
            "a?:9200",
            "a#/b:9200",
        ] {
            let nodes = [node("", "10.0.0.1:9200"), node("", address)];
            let error = named("http://a:9200", &nodes).unwrap_err();
            assert!(
                matches!(&error, SniffError::Address { address: named, .. } if named == address),
                "{error} for {address}"
            );
        }
    }

    #[test]
    fn dedicated_masters_and_nodes_without_http_are_left_out() {
        let address = "10.0.0.1:9200";
        for (roles, is_taken) in [
            (r#""master""#, false),
            (r#""master","remote_cluster_client""#, false),
            (r#""master","voting_only""#, false),
            (r#""cluster_manager""#, false),
            (r#""master","data""#, true),
            (r#""data_content","master","voting_only""#, true),
            (r#""ingest""#, true),
            (r#""remote_cluster_client""#, true),
            ("", true),
        ] {
            let taken = named("http://a", &[node(roles, address)]);
            assert_eq!(taken.is_ok(), is_taken, "{roles}");
        }
        let nodes = [
            r#"{"roles":["data"]}"#.to_owned(),
            format!(r#"{{"http":{{"publish_address":"{address}"}}}}"#),
        ];
        assert_eq!(named("http://a", &nodes).unwrap(), ["http://10.0.0.1:9200"]);
    }

    #[test]
    fn what_names_no_nodes_is_an_error_that_says_what_to_do() {
        let refused = r#"{"error":{"root_cause":[],"type":"security_exception","reason":"action [cluster:monitor/nodes/info] is unauthorized"},"status":403}"#;
        for (status, answer, want, advice) in [
            (200, "{}", "no node is named", "dedicated masters"),
            (200, r#"{"nodes":{}}"#, "no node is named", "masters"),
            (200, "<html>nginx</html>", "expected value", "proxy"),
            (200, r#"{"nodes":[1]}"#, "invalid type", "proxy"),
            (200, "", "EOF", "proxy"),
            (401, "Unauthorized", "status 401", "password"),
            (403, refused, "nodes/info] is unauthorized", "`monitor`"),
            (502, "<html>", "status 502 <html>", "proxy"),
        ] {
            let error = read("http://a", &Answer::new(status, answer)).unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
            assert!(error.advice().contains(advice), "{error}");
        }
    }
}
