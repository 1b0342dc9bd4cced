//! What is in the image, and that it needs no rights.

use std::process::Command;

use crate::docker::{Container, IMAGE, docker, docker_ok, inspect};

/// As few rights as can be given, and the variables that Logstash's image knows.
const STRICT: &[&str] = &[
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=1000",
    "--network=none",
    "--env=LS_JAVA_OPTS=-Xms1g",
    "--env=XPACK_MONITORING_ENABLED=false",
    "--env=PIPELINE_WORKERS=2",
];

/// All that is in the image beside folders. On other processors the libraries have other names.
const CONTENT: [&str; 11] = [
    "etc/group",
    "etc/nsswitch.conf",
    "etc/passwd",
    "etc/ssl/certs/ca-certificates.crt",
    "lib/x86_64-linux-gnu/libc.so.6",
    "lib/x86_64-linux-gnu/libgcc_s.so.1",
    "lib/x86_64-linux-gnu/libm.so.6",
    "lib64/ld-linux-x86-64.so.2",
    "usr/local/bin/sawmill",
    "usr/share/LICENSE",
    "usr/share/NOTICE",
];

/// What Docker itself puts into every container.
const DOCKERS_OWN: [&str; 6] = [
    ".dockerenv",
    "dev/console",
    "etc/hostname",
    "etc/hosts",
    "etc/mtab",
    "etc/resolv.conf",
];

#[test]
fn the_image_is_small_and_holds_what_it_must_and_no_more() {
    let bytes = inspect(IMAGE)["Size"].as_u64().unwrap();
    println!("the image has {bytes} bytes");
    assert!(bytes <= 20_000_000, "{bytes}");

    let id = docker_ok(&["create", IMAGE]);
    let listing = Command::new("sh")
        .args(["-c", "docker export \"$0\" | tar t", id.trim()])
        .output()
        .unwrap();
    docker(&["rm", "--volumes", id.trim()]);
    let listing = String::from_utf8(listing.stdout).unwrap();
    let mut files: Vec<&str> = listing
        .lines()
        .filter(|path| !path.ends_with('/') && !DOCKERS_OWN.contains(path))
        .collect();
    files.sort_unstable();
    assert_eq!(files, CONTENT);
}

#[test]
fn it_runs_with_no_rights_is_healthy_and_exits_with_0_when_stopped() {
    let container = Container::run(STRICT);
    container.until_it_says("listening for Beats on 0.0.0.0:5044");
    container.until_its_health_is("healthy");
    assert_eq!(container.stop(), 0, "{}", container.logs());
    assert!(container.logs().contains("all connections are closed"));
}

#[test]
fn health_is_told_to_other_machines_where_that_is_asked_for() {
    let container = Container::run(&[
        "--env=SAWMILL_API__LISTEN=0.0.0.0:9600",
        "--publish=127.0.0.1::9600",
    ]);
    container.until_it_says("listening");
    let address = docker_ok(&["port", container.id(), "9600"]);
    let url = format!("http://{}/_health_report", address.trim());
    let report = ureq::get(url).call().unwrap().body_mut().read_to_string();
    assert!(report.unwrap().contains("green"));
}

#[test]
fn names_are_found_in_etc_hosts_and_by_dns() {
    let network = Network::create("sawmill-test-names");
    let server = Container::run(&[&network.option(), "--name=sawmill-test-server"]);
    server.until_it_says("listening");
    assert!(server.finds("sawmill-test-server:5044"));
    assert!(!server.finds("sawmill-test-nobody:5044"));

    let hosts = Container::run(&["--network=none", "--add-host=shipper.example:127.0.0.1"]);
    hosts.until_it_says("listening");
    assert!(hosts.finds("shipper.example:5044"));
}

/// A network in which containers know each other by name, removed when dropped.
struct Network(&'static str);

impl Network {
    fn create(name: &'static str) -> Self {
        docker(&["network", "rm", name]);
        docker_ok(&["network", "create", name]);
        Self(name)
    }

    fn option(&self) -> String {
        format!("--network={}", self.0)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker(&["network", "rm", self.0]);
    }
}
