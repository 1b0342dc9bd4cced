use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Method, Request};

use crate::engine::Engine;
use crate::lines::Lines;
use crate::process::{Process, Signal};
use crate::wait::{free_port, until};

/// The user that `tests/fixtures/user.json` describes, and the only one that Sawmill is told of.
pub const USER: &str = "logstash_writer_pt";

/// That user's password.
pub const PASSWORD: &str = "only-for-tests";

/// Basic authentication of the built-in user `elastic` with the password `changeme`, which `start` gives it.
const ELASTIC: &str = "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==";

const ROLE: &str = include_str!("../../setup/elasticsearch-role-user-logstash-writer.json");
const USER_BODY: &str = include_str!("../fixtures/user.json");
const TEMPLATE: &str = include_str!("../../setup/elasticsearch-index-template-pt-logs.json");

/// A real Elasticsearch with security on; or a real `OpenSearch`, which answers the same questions.
#[derive(Debug)]
pub struct Elasticsearch {
    engine: Engine,
    process: Process,
    agent: Agent,
    dir: PathBuf,
    port: u16,
    settings: Vec<String>,
}

impl Elasticsearch {
    /// Starts one with no data, and with neither role, user nor template.
    pub fn start(dir: &Path) -> Self {
        Self::start_engine(Engine::Elasticsearch, dir, &[])
    }

    /// Starts one that has role, user and template.
    pub fn start_set_up(dir: &Path) -> Self {
        Self::start_engine_set_up(Engine::Elasticsearch, dir, &[])
    }

    /// The same of either kind, with settings of its own, each `KEY=VALUE`. Where nobody is asked who he is there is
    /// neither role nor user.
    pub fn start_engine_set_up(engine: Engine, dir: &Path, settings: &[&str]) -> Self {
        let started = Self::start_engine(engine, dir, settings);
        if engine.has_users() {
            started.put_role();
            started.put_user();
        }
        started.put_template();
        started
    }

    fn start_engine(engine: Engine, dir: &Path, settings: &[&str]) -> Self {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let port = free_port();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        let started = Self {
            engine,
            process: Self::spawn(engine, dir, port, &settings),
            agent: agent.into(),
            dir: dir.to_owned(),
            port,
            settings,
        };
        started.until_ready();
        started
    }

    fn spawn(engine: Engine, dir: &Path, port: u16, settings: &[String]) -> Process {
        Process::start("elasticsearch", dir, &engine.program(), |command| {
            command
                .arg("--parts")
                .arg(engine.parts())
                .arg("--data")
                .arg(dir.join("elasticsearch"))
                .args(["--port", &port.to_string(), "--heap", "1g"])
                .args(settings.iter().flat_map(|setting| ["--set", setting]))
        })
    }

    /// For a moment after the start even `elastic` is refused, while the index of users is made ready.
    fn until_ready(&self) {
        until("Elasticsearch answers", Duration::from_mins(3), || {
            let health = "/_cluster/health?wait_for_status=yellow&timeout=1s";
            let answers = |path| matches!(self.try_request("GET", path, None), Ok((200, _)));
            answers(health) && (!self.engine.has_users() || answers("/_security/user"))
        });
    }

    /// The role of the seed: it may write to `logs-*-pt` and has no privilege of the cluster.
    pub fn put_role(&self) {
        self.put("/_security/role/logstash_writer_pt", ROLE);
    }

    /// The user that Sawmill logs in as.
    pub fn put_user(&self) {
        self.put(&format!("/_security/user/{USER}"), USER_BODY);
    }

    /// The template that makes `logs-*-pt` data streams.
    pub fn put_template(&self) {
        self.put("/_index_template/pt-logs", TEMPLATE);
    }

    /// The same, with one field more, which takes numbers only.
    pub fn put_template_with_number(&self, field: &str) {
        let mut template: Value = serde_json::from_str(TEMPLATE).expect("a fixture is JSON");
        template["template"]["mappings"]["properties"][field] = json!({ "type": "long" });
        self.put("/_index_template/pt-logs", &template.to_string());
    }

    /// Gives a user another password.
    pub fn set_password(&self, user: &str, password: &str) {
        let path = format!("/_security/user/{user}/_password");
        let (status, answer) = self.request("PUT", &path, Some(json!({ "password": password })));
        assert_eq!(status, 200, "PUT {path}: {answer}");
    }

    /// Sets or, with null, removes a setting of all indices of a data stream.
    pub fn set(&self, stream: &str, setting: &str, value: &Value) {
        let path = format!("/{stream}/_settings");
        let (status, answer) = self.request("PUT", &path, Some(json!({ setting: value })));
        assert_eq!(status, 200, "PUT {path}: {answer}");
    }

    fn put(&self, path: &str, body: &str) {
        let body = serde_json::from_str(body).expect("a fixture is JSON");
        let (status, answer) = self.request("PUT", path, Some(body));
        assert_eq!(status, 200, "PUT {path}: {answer}");
    }

    /// Which of the two it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks as the superuser.
    pub fn request(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.try_request(method, path, body)
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    fn try_request(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), ureq::Error> {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).expect("a method of HTTP"))
            .uri(self.url() + path)
            .header("authorization", ELASTIC)
            .header("content-type", "application/json")
            .body(body.map(|body| body.to_string()).unwrap_or_default())?;
        let mut answer = self.agent.run(request)?;
        let status = answer.status().as_u16();
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Documents in a data stream; none if there is no such stream.
    pub fn count(&self, stream: &str) -> u64 {
        self.request("POST", &format!("/{stream}/_refresh"), None);
        let (_, answer) = self.request("GET", &format!("/{stream}/_count"), None);
        answer["count"].as_u64().unwrap_or_default()
    }

    /// All documents of a data stream that match, each with `_id` and the named fields of its `_source`.
    pub fn documents(&self, stream: &str, query: &Value, fields: &[&str]) -> Vec<Value> {
        self.request("POST", &format!("/{stream}/_refresh"), None);
        let search = json!({ "size": 10_000, "sort": ["_doc"], "query": query, "_source": fields });
        let path = format!("/{stream}/_search?scroll=2m");
        let (status, mut page) = self.request("POST", &path, Some(search));
        assert_eq!(status, 200, "search in {stream}: {page}");
        let mut documents = Vec::new();
        while let Some(hits) = page["hits"]["hits"]
            .as_array_mut()
            .filter(|hits| !hits.is_empty())
        {
            documents.append(hits);
            let next = json!({ "scroll": "2m", "scroll_id": page["_scroll_id"] });
            page = self.request("POST", "/_search/scroll", Some(next)).1;
        }
        documents
    }

    /// The `message` of every document of a data stream that matches.
    pub fn messages(&self, stream: &str, query: &Value) -> Lines {
        let documents = self.documents(stream, query, &["message"]);
        let message = |document: &Value| document["_source"]["message"].as_str().map(str::to_owned);
        let messages = documents.iter().map(message);
        messages
            .collect::<Option<_>>()
            .expect("every document has a message")
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) {
        self.process.signal(Signal::TERM);
        self.process.wait(Duration::from_mins(1));
    }

    /// Ends it with no chance to do anything about it.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(Duration::from_secs(10));
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it again with the data it had.
    pub fn start_again(&mut self) {
        self.process = Self::spawn(self.engine, &self.dir, self.port, &self.settings);
        self.until_ready();
    }

    /// Leaves it no processor time: it takes connections, and answers nothing.
    pub fn freeze(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        self.process.signal(Signal::CONT);
    }
}
