//! Docker's command line.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use sawmill_tests::{repository, until};
use serde_json::Value;

/// The image under test.
pub(crate) const IMAGE: &str = "sawmill";

/// A terminal's rows and columns.
const SCREEN: (usize, usize) = (24, 120);

/// Runs `docker` to its end.
pub(crate) fn docker(arguments: &[&str]) -> Output {
    Command::new("docker")
        .args(arguments)
        .current_dir(repository())
        .output()
        .expect("`tests/run image` sees to a docker")
}

/// The same; it must succeed. What it printed on stdout.
pub(crate) fn docker_ok(arguments: &[&str]) -> String {
    output_of(&format!("docker {arguments:?}"), docker(arguments))
}

/// What a command printed on stdout; it must have succeeded.
pub(crate) fn output_of(command: &str, output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What Docker knows of a container or an image.
pub(crate) fn inspect(name: &str) -> Value {
    let mut all: Value = serde_json::from_str(&docker_ok(&["inspect", name])).unwrap();
    all[0].take()
}

/// `HOST:CONTAINER:ro`
pub(crate) fn mount(host: &Path, container: &str) -> String {
    format!("{}:{container}:ro", host.display())
}

/// A container, removed with its volumes when dropped.
pub(crate) struct Container(String);

impl Container {
    /// Runs the image with these options, as it is meant to be run.
    pub(crate) fn run(options: &[&str]) -> Self {
        let arguments = [&["run", "--detach"], options, &[IMAGE]].concat();
        Self(docker_ok(&arguments).trim().to_owned())
    }

    /// What it goes by.
    pub(crate) fn id(&self) -> &str {
        &self.0
    }

    /// All that it has said.
    pub(crate) fn logs(&self) -> String {
        let output = docker(&["logs", &self.0]);
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// What of it one sees without scrolling, long lines broken as a terminal does.
    pub(crate) fn first_screen(&self) -> String {
        let (rows, columns) = SCREEN;
        let logs = self.logs();
        let mut left = rows;
        let fits = |line: &&str| {
            let takes = line.chars().count().div_ceil(columns).max(1);
            let fits = takes <= left;
            left = left.saturating_sub(takes);
            fits
        };
        logs.lines().take_while(fits).collect::<Vec<_>>().join("\n")
    }

    /// Waits until it says this on its first screen.
    pub(crate) fn until_it_says(&self, words: &str) {
        until(words, Duration::from_secs(30), || {
            self.first_screen().contains(words)
        });
    }

    /// Its state, as `docker inspect` has it.
    pub(crate) fn state(&self) -> Value {
        inspect(&self.0)["State"].take()
    }

    /// Waits until Docker says that it is as healthy as this.
    pub(crate) fn until_its_health_is(&self, health: &str) {
        until(health, Duration::from_secs(40), || {
            self.state()["Health"]["Status"] == health
        });
    }

    /// Whether the program inside finds a Beats server there.
    pub(crate) fn finds(&self, address: &str) -> bool {
        let command = ["exec", &self.0, "sawmill", "healthcheck", "--address"];
        docker(&[&command[..], &[address]].concat())
            .status
            .success()
    }

    /// Stops it as an operator would; what it exits with.
    pub(crate) fn stop(&self) -> i64 {
        stop(&self.0)
    }
}

/// Stops a container as an operator would; what it exits with.
pub(crate) fn stop(name: &str) -> i64 {
    docker_ok(&["stop", "--time", "40", name]);
    inspect(name)["State"]["ExitCode"].as_i64().unwrap()
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the container said:\n{}", self.logs());
        }
        docker(&["rm", "--force", "--volumes", &self.0]);
    }
}
