//! What `/metrics` says of what clients did.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::pki::{Authority, Files, Issued};
use crate::support::{Sawmill, Sink, event, wait_for, window};

const API: &str = "api.listen=127.0.0.1:0";

/// Where a Sawmill tells its metrics.
pub(crate) struct Scrape {
    api: String,
}

impl Scrape {
    pub(crate) fn of(sawmill: &Sawmill) -> Self {
        let line = sawmill.wait_for_log("health is told on http://");
        let (_, rest) = line.split_once("http://").unwrap();
        let api = rest.split_once('/').unwrap().0.to_owned();
        Self { api }
    }

    fn text(&self) -> String {
        let mut stream = TcpStream::connect(&self.api).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200 OK"), "{head}");
        assert!(
            head.contains("content-type: text/plain; version=0.0.4"),
            "{head}"
        );
        body.to_owned()
    }

    /// Waits until a value is told.
    pub(crate) fn wait(&self, name: &str, value: f64) {
        wait_for(&format!("{name} of {value}"), || {
            let text = self.text();
            let mut lines = text.lines();
            let told: f64 = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok())?;
            ((told - value).abs() < f64::EPSILON).then_some(())
        });
    }
}

#[test]
fn what_became_of_events_is_counted() {
    let sawmill = Sawmill::start(&[API]);
    let scrape = Scrape::of(&sawmill);
    for outcome in ["dead_letter", "dropped", "duplicate", "stored"] {
        let name = format!("sawmill_events_settled_total{{outcome=\"{outcome}\"}}");
        scrape.wait(&name, 0.0);
    }
    let other = event("of another group").replace(r#""group":"pt""#, r#""group":"other""#);
    let mut client = sawmill.connect();
    let events = [event("one"), event("two"), other, "[]".to_owned()];
    client.send(&window(&events.each_ref().map(String::as_bytes)));
    assert_eq!(client.ack(), 4);
    scrape.wait("sawmill_events_received_total", 4.0);
    scrape.wait(r#"sawmill_events_settled_total{outcome="stored"}"#, 2.0);
    scrape.wait(r#"sawmill_events_settled_total{outcome="dropped"}"#, 1.0);
    scrape.wait(
        r#"sawmill_events_settled_total{outcome="dead_letter"}"#,
        1.0,
    );
    scrape.wait("sawmill_connections_open", 1.0);
    drop(client);
    scrape.wait("sawmill_connections_open", 0.0);
    scrape.wait("sawmill_connections_accepted_total", 1.0);
    scrape.wait(
        r#"sawmill_connections_closed_total{reason="peer_left"}"#,
        1.0,
    );
}

/// With dead letters to a data stream first: what is counted as stored, as there before, and as dead letters, and how many of
/// those are in files.
#[test]
fn what_elasticsearch_answers_says_as_what_an_event_is_counted() {
    for (answer, counted, in_files) in [
        ("400=0%", [1.0, 0.0, 1.0], 0),
        // The letter is there already, too.
        ("409=100%", [0.0, 1.0, 1.0], 0),
        // Its data stream does not take the letter either.
        ("400=100%", [0.0, 0.0, 2.0], 2),
    ] {
        let sink = Sink::start(&["--reject", answer]);
        let sawmill = Sawmill::start(&[
            API,
            &format!("output.elasticsearch.hosts={}", sink.address),
            "dead_letters.data_stream=logs-sawmill-pt",
        ]);
        let scrape = Scrape::of(&sawmill);
        let mut client = sawmill.connect();
        client.send(&window(&[event("one").as_bytes(), b"[]"]));
        assert_eq!(client.ack(), 2);
        for (outcome, events) in ["stored", "duplicate", "dead_letter"].iter().zip(counted) {
            let name = format!("sawmill_events_settled_total{{outcome=\"{outcome}\"}}");
            scrape.wait(&name, events);
        }
        assert_eq!(sawmill.dead_letters().len(), in_files, "{answer}");
    }
}

#[test]
fn refused_connections_are_counted_by_the_setting_that_refuses_them() {
    let sawmill = Sawmill::start(&[API, "input.beats.connections_per_address_max=1"]);
    let scrape = Scrape::of(&sawmill);
    let refused = |setting| format!("sawmill_connections_refused_total{{setting=\"{setting}\"}}");
    scrape.wait(&refused("connections_per_address_max"), 0.0);
    let _first = sawmill.connect();
    scrape.wait("sawmill_connections_open", 1.0);
    assert!(sawmill.connect().until_closed().is_empty());
    scrape.wait(&refused("connections_per_address_max"), 1.0);
    scrape.wait(&refused("connections_max"), 0.0);
}

#[test]
fn clients_are_told_apart_by_address_and_certificate_and_certificates_have_their_end() {
    let (_files, authority, sawmill) = secure();
    let scrape = Scrape::of(&sawmill);
    // A subject may hold what ends a label: escaped once as RFC 4514 has it, and once as a label's value.
    for (name, shown) in [("pt-web", "CN=pt-web"), ("a\"b\\c", r#"CN=a\\\"b\\\\c"#)] {
        let client = authority.issue(name, &[]);
        let labels = format!(r#"{{address="127.0.0.1",subject="{shown}"}}"#);
        for round in 1..=2_u8 {
            let mut stream = connect(&sawmill, &authority, &client);
            stream
                .write_all(&window(&[event("one").as_bytes(), event("two").as_bytes()]))
                .unwrap();
            stream.read_exact(&mut [0; 6]).unwrap();
            scrape.wait(&format!("sawmill_client_connections{labels}"), 1.0);
            drop(stream);
            let windows = format!("sawmill_client_windows_acknowledged_total{labels}");
            scrape.wait(&windows, f64::from(round));
            let events = format!("sawmill_client_events_acknowledged_total{labels}");
            scrape.wait(&events, f64::from(2 * round));
            scrape.wait(&format!("sawmill_client_connections{labels}"), 0.0);
        }
    }
    let mut plain = sawmill.connect();
    plain.send(&window(&[event("one").as_bytes()]));
    scrape.wait(r#"sawmill_tls_handshakes_total{outcome="refused"}"#, 1.0);
    scrape.wait(r#"sawmill_tls_handshakes_total{outcome="full"}"#, 4.0);
    let text = scrape.text();
    for subject in ["CN=server", "CN=root"] {
        let begins =
            "sawmill_certificate_not_after_timestamp_seconds{indicator=\"certificates\",path=";
        let line = text
            .lines()
            .find(|line| {
                line.starts_with(begins) && line.contains(&format!("subject=\"{subject}\""))
            })
            .unwrap_or_else(|| panic!("no end of {subject} in {text}"));
        // What rcgen writes unless told: 4096-01-01.
        assert!(line.ends_with("} 67090118400.0"), "{line}");
    }
    let list =
        "sawmill_revocation_list_next_update_timestamp_seconds{indicator=\"certificates\",path=";
    let is_told = |line: &str| line.starts_with(list) && line.contains("subject=\"CN=root\"");
    assert!(text.lines().any(is_told), "{text}");
}

/// A Sawmill that wants certificates of this authority, which has taken none back.
fn secure() -> (Files, Authority, Sawmill) {
    let (files, authority) = (Files::new(), Authority::new("root"));
    let server = authority.issue("server", &["localhost"]);
    let [certificate, key] = files.settings("input.beats.tls", &server);
    let authorities = files.write("ca.pem", &authority.pem());
    let list = files.write("list.pem", &authority.take_back(&[]));
    let sawmill = Sawmill::start(&[
        API,
        &certificate,
        &key,
        "input.beats.tls.client_authentication=required",
        &format!("input.beats.tls.client_authorities={authorities}"),
        &format!("input.beats.tls.revocation_lists={list}"),
    ]);
    (files, authority, sawmill)
}

fn connect(
    sawmill: &Sawmill,
    authority: &Authority,
    client: &Issued,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates([authority.der()]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![client.certificate.clone()], client.key_der())
        .unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(session, sawmill.connect().stream)
}

/// The names of a page's or an answer's metrics.
fn names<'t>(text: &'t str, begin: &str, end: char) -> Vec<&'t str> {
    let mut names: Vec<_> = { text.lines() }
        .filter_map(|line| line.strip_prefix(begin)?.split_once(end))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn the_page_names_what_is_told_and_nothing_else() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = fs::read_to_string(page).unwrap();
    let sawmill = Sawmill::start(&[API]);
    let scrape = Scrape::of(&sawmill);
    let text = scrape.text();
    assert_eq!(names(&page, "| `", '`'), names(&text, "# TYPE ", ' '));
}
