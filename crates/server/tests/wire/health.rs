//! What the monitoring interface says of a Sawmill that is well, and of one that is not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::pki::{Authority, Files};
use crate::support::{Sawmill, Sink, event, wait_for, window};

const API: &str = "api.listen=127.0.0.1:0";

/// Where a Sawmill tells how it is.
fn api(sawmill: &Sawmill) -> String {
    let line = sawmill.wait_for_log("health is told on http://");
    let (_, rest) = line.split_once("http://").unwrap();
    rest.split_once('/').unwrap().0.to_owned()
}

/// The status line and the JSON of an answer.
fn ask(api: &str, method: &str, path: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(api).unwrap();
    write!(stream, "{method} {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap())
}

fn output(api: &str) -> Value {
    ask(api, "GET", "/_health_report").1["indicators"]["output"].take()
}

#[test]
fn it_is_told_within_tls_if_there_is_a_certificate() {
    let (files, authority) = (Files::new(), Authority::new("root"));
    let server = authority.issue("server", &["localhost"]);
    let [certificate, key] = files.settings("api.tls", &server);
    let sawmill = Sawmill::start_as_is(&[API, &certificate, &key]);
    let line = sawmill.wait_for_log("health is told on https://");
    let (_, rest) = line.split_once("https://").unwrap();
    let address = rest.split_once('/').unwrap().0;
    let authorities = files.write("ca.pem", &authority.pem());
    let asked = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-verify_return_error",
            "-verify_hostname",
            "localhost",
        ])
        .args(["-CAfile", &authorities, "-connect", address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    asked
        .stdin
        .as_ref()
        .unwrap()
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .unwrap();
    let answer = asked.wait_with_output().unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    assert!(
        answer.starts_with("HTTP/1.0 200 OK") && answer.contains("green"),
        "{answer}"
    );
    // Without TLS nobody is answered.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
}

#[test]
fn one_that_is_well_is_green() {
    let sawmill = Sawmill::start(&[API]);
    let api = api(&sawmill);
    let (status, root) = ask(&api, "GET", "/");
    assert_eq!(status, "HTTP/1.0 200 OK");
    assert_eq!(root["status"], "green");
    assert_eq!(root["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(root["http_address"], api.as_str());
    assert_eq!(ask(&api, "GET", "/_health_report").1["status"], "green");
    let (status, answer) = ask(&api, "GET", "/_node");
    assert_eq!(status, "HTTP/1.0 404 Not Found", "{answer}");
    let (status, answer) = ask(&api, "POST", "/");
    assert_eq!(status, "HTTP/1.0 405 Method Not Allowed", "{answer}");
}

#[test]
fn what_events_wait_for_is_named_with_what_to_do() {
    let forbidding = Sink::start(&["--reject", "403=100%"]);
    for (host, color, cause) in [
        (
            "http://127.0.0.1:1",
            "yellow",
            "Elasticsearch cannot be reached",
        ),
        (
            forbidding.address.as_str(),
            "red",
            "Elasticsearch does not allow this user to write there",
        ),
    ] {
        let sawmill = Sawmill::start(&[API, &format!("output.elasticsearch.hosts={host}")]);
        let api = api(&sawmill);
        assert_eq!(output(&api)["status"], "green", "nobody waits yet");
        let mut client = sawmill.connect();
        client.send(&window(&[event("waits").as_bytes()]));
        let output = wait_for("a diagnosis", || {
            Some(output(&api)).filter(|output| output["status"] != "green")
        });
        assert_eq!(output["status"], color);
        assert_eq!(output["diagnosis"][0]["cause"], cause);
        assert!(output["diagnosis"][0]["action"].as_str().unwrap().len() > 10);
        assert_eq!(ask(&api, "GET", "/").1["status"], color);
    }
}

#[test]
fn the_usual_address_may_be_taken() {
    // Whoever has the usual one has it; the test needs it to be taken.
    let _taken = TcpListener::bind("127.0.0.1:9600");
    let sawmill = Sawmill::start_as_is(&[]);
    let line = sawmill.wait_for_log("no monitoring interface");
    assert!(line.contains("127.0.0.1:9600"), "{line}");
    sawmill.assert_serves();
}
