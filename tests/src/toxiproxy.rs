use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::parts::installed;
use crate::process::Process;
use crate::wait::{free_port, until};

/// A real toxiproxy with one way through it, from a port of its own to another address.
#[derive(Debug)]
pub struct Toxiproxy {
    _process: Process,
    agent: Agent,
    api: String,
    address: String,
}

/// What is done to the bytes, in the words of toxiproxy.
#[derive(Clone, Debug)]
pub struct Toxic {
    kind: &'static str,
    attributes: Value,
}

impl Toxic {
    /// Bytes come this much later, give or take as much again.
    pub fn latency(by: Duration) -> Self {
        let by = by.as_millis() as u64;
        Self::new("latency", json!({ "latency": by, "jitter": by }))
    }

    /// So many KB a second.
    pub fn bandwidth(kb_per_second: u64) -> Self {
        Self::new("bandwidth", json!({ "rate": kb_per_second }))
    }

    /// Bytes come in pieces of about this size.
    pub fn slicer(bytes: u64) -> Self {
        let attributes = json!({ "average_size": bytes, "size_variation": bytes / 2, "delay": 10 });
        Self::new("slicer", attributes)
    }

    /// A connection is reset after this time.
    pub fn reset(after: Duration) -> Self {
        Self::new("reset_peer", json!({ "timeout": after.as_millis() as u64 }))
    }

    /// Nothing comes through, and the connection is closed after this time; after none it stays open.
    pub fn timeout(after: Duration) -> Self {
        Self::new("timeout", json!({ "timeout": after.as_millis() as u64 }))
    }

    fn new(kind: &'static str, attributes: Value) -> Self {
        Self { kind, attributes }
    }
}

impl Toxiproxy {
    /// Starts one before `upstream` (`HOST:PORT`).
    pub fn start(dir: &Path, upstream: &str) -> Self {
        let program = installed("SAWMILL_TEST_TOXIPROXY").join("toxiproxy-server");
        let port = free_port();
        let process = Process::start("toxiproxy", dir, &program, |command| {
            command.args(["-host", "127.0.0.1", "-port", &port.to_string()])
        });
        // A toxic is removed when what it holds has gone through.
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_mins(2)));
        let started = Self {
            _process: process,
            agent: agent.build().into(),
            api: format!("http://127.0.0.1:{port}"),
            address: format!("127.0.0.1:{}", free_port()),
        };
        until("toxiproxy answers", Duration::from_secs(10), || {
            { started.agent.get(format!("{}/version", started.api)).call() }.is_ok()
        });
        let way = json!({ "name": "way", "listen": started.address, "upstream": upstream, "enabled": true });
        started.post("/proxies", &way);
        started
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Does this to the bytes of every connection, both ways.
    pub fn add(&self, toxic: &Toxic) {
        for stream in ["upstream", "downstream"] {
            let Toxic { kind, attributes } = toxic;
            let name = format!("{kind}-{stream}");
            let toxic = json!({ "name": name, "type": kind, "stream": stream, "toxicity": 1.0, "attributes": attributes });
            self.post("/proxies/way/toxics", &toxic);
        }
    }

    /// Takes no connections, and ends those that there are.
    pub fn disable(&self) {
        self.post("/proxies/way", &json!({ "enabled": false }));
    }

    /// Lets everything through as it is.
    pub fn heal(&self) {
        self.post("/reset", &json!({}));
    }

    fn post(&self, path: &str, body: &Value) {
        let sent = self
            .agent
            .post(format!("{}{path}", self.api))
            .send_json(body);
        if let Err(error) = sent {
            panic!("toxiproxy refuses {path} {body}: {error}");
        }
    }
}
