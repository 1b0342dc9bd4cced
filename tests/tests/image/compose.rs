//! `compose.yaml` as it stands, but for what `tests/docker/compose.override.yaml` says.

use std::process::{Command, Output};
use std::time::Duration;

use sawmill_tests::{repository, until};
use serde_json::{Value, json};

use crate::docker::output_of;

/// How long any one thing may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// More lines than the test writes: what one search may give.
const HITS_MAX: usize = 100_000;

/// Services of one profile, gone with their volumes when dropped.
pub(crate) struct Stack {
    profile: &'static str,
    variables: Vec<(&'static str, String)>,
}

impl Stack {
    /// Starts these services, and what they need, with these variables.
    pub(crate) fn up(
        profile: &'static str,
        services: &[&str],
        variables: Vec<(&'static str, String)>,
    ) -> Self {
        let stack = Self { profile, variables };
        stack.down();
        stack.compose_ok(&[&["up", "--detach", "--build"], services].concat());
        stack
    }

    /// The network that its services share.
    pub(crate) fn network(&self) -> String {
        format!("{}_default", self.project())
    }

    /// The container of a service.
    pub(crate) fn container(&self, service: &str) -> String {
        self.compose_ok(&["ps", "--quiet", service])
            .trim()
            .to_owned()
    }

    /// The port on this machine that stands for a service's.
    pub(crate) fn published(&self, service: &str, port: &str) -> String {
        let address = self.compose_ok(&["port", service, port]);
        address.trim().rsplit(':').next().unwrap().to_owned()
    }

    /// Runs a service once and without what it needs; what it said.
    pub(crate) fn run(&self, service: &str) -> String {
        self.compose_ok(&["run", "--rm", "--no-deps", "-T", service])
    }

    /// Runs a shell command in the application's container.
    pub(crate) fn in_django(&self, command: &str) -> String {
        self.compose_ok(&["exec", "-T", "django", "sh", "-c", command])
    }

    /// Waits until a service has said this.
    pub(crate) fn until_it_says(&self, service: &str, words: &str) {
        until(words, PATIENCE, || {
            self.compose_ok(&["logs", service]).contains(words)
        });
    }

    /// Documents in `logs-django-pt`.
    pub(crate) fn count(&self) -> usize {
        self.elasticsearch("POST", "_refresh", &json!({}));
        let count = self.elasticsearch("GET", "_count", &json!({}))["count"].as_u64();
        usize::try_from(count.unwrap_or_default()).unwrap()
    }

    /// All of them.
    pub(crate) fn documents(&self) -> Vec<Value> {
        let settings = json!({ "index.max_result_window": HITS_MAX });
        self.elasticsearch("PUT", "_settings", &settings);
        let mut answer = self.elasticsearch("POST", "_search", &json!({ "size": HITS_MAX }));
        let hits = answer["hits"]["hits"].as_array_mut().expect("hits");
        hits.iter_mut().map(|hit| hit["_source"].take()).collect()
    }

    /// How many of them a query finds.
    pub(crate) fn finds(&self, query: &str) -> u64 {
        let query = json!({ "query": { "query_string": { "query": query } } });
        let answer = self.elasticsearch("GET", "_count", &query);
        answer["count"]
            .as_u64()
            .unwrap_or_else(|| panic!("{answer}"))
    }

    /// Asks for something of `logs-django-pt`, from inside: the machine may know no way to the container.
    fn elasticsearch(&self, method: &str, what: &str, body: &Value) -> Value {
        let (url, body) = (
            format!("localhost:9200/logs-django-pt/{what}"),
            body.to_string(),
        );
        let curl = "exec -T elasticsearch curl --silent --user elastic:changeme --header content-type:application/json";
        let mut arguments: Vec<&str> = curl.split(' ').collect();
        arguments.extend(["--request", method, &url, "--data", &body]);
        serde_json::from_str(&self.compose_ok(&arguments)).unwrap()
    }

    fn project(&self) -> String {
        format!("sawmill-test-{}", self.profile)
    }

    fn compose(&self, arguments: &[&str]) -> Output {
        Command::new("docker")
            .args(["compose", "--project-name", &self.project()])
            .args(["--file=compose.yaml"])
            .args(["--file=tests/docker/compose.override.yaml"])
            .args(["--profile", self.profile])
            .args(arguments)
            .envs(self.variables.iter().cloned())
            .current_dir(repository())
            .output()
            .unwrap()
    }

    fn compose_ok(&self, arguments: &[&str]) -> String {
        output_of(&format!("compose {arguments:?}"), self.compose(arguments))
    }

    fn down(&self) {
        self.compose(&["down", "--volumes", "--timeout=1"]);
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.compose(&["logs", "--tail=25"]);
            println!("{}", String::from_utf8_lossy(&logs.stdout));
        }
        self.down();
    }
}
