//! Clients' certificates: who is let in, what they may send, and what the pipeline knows of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{DnType, SanType};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    SupportedProtocolVersion, version,
};

use crate::pki::{Authority, DAY, Files, Issued, own};
use crate::support::{Sawmill, event, wait_for, window};

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A Sawmill that asks for certificates, and the authority of its own.
struct Strict {
    sawmill: Sawmill,
    authority: Authority,
    files: Files,
}

/// The pipeline of the repository.
const PIPELINE: &str = include_str!("../../../../pipeline.toml");

impl Strict {
    /// `clients` are the texts of the files that stand for `client_authorities`; `settings` is TOML of the table for TLS.
    fn start(clients: &[String], settings: &str) -> Self {
        Self::start_with(PIPELINE, clients, settings)
    }

    fn start_with(pipeline: &str, clients: &[String], settings: &str) -> Self {
        let (files, authority) = (Files::new(), Authority::new("server's authority"));
        let server = authority.issue("server", &["localhost"]);
        let certificate = files.write("cert.pem", &server.pem);
        let key = files.write("key.pem", &server.key_pem());
        let write = |(index, text): (usize, &String)| files.write(&format!("{index}.pem"), text);
        let authorities: Vec<_> = clients.iter().enumerate().map(write).collect();
        let text = format!(
            "{pipeline}\n[input.beats.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n\
             client_authorities = {authorities:?}\n{settings}\n"
        );
        Self {
            sawmill: Sawmill::start_with(&files.write("pipeline.toml", &text), &[]),
            authority,
            files,
        }
    }

    /// What a client goes by that has these certificates, its own first, and their key.
    fn config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        shown: Option<(&[CertificateDer<'static>], &Issued)>,
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match shown {
            None => config.with_no_client_auth(),
            Some((chain, issued)) => config
                .with_client_auth_cert(chain.to_vec(), issued.key_der())
                .unwrap(),
        })
    }

    fn connect(&self, shown: Option<(&[CertificateDer<'static>], &Issued)>) -> Stream {
        self.connect_by(self.config(&[&version::TLS13, &version::TLS12], shown))
    }

    fn connect_by(&self, config: Arc<ClientConfig>) -> Stream {
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(config, name).unwrap();
        StreamOwned::new(session, self.sawmill.connect().stream)
    }

    fn connect_as(&self, issued: &Issued) -> Stream {
        self.connect(Some((from_ref(&issued.certificate), issued)))
    }

    /// Shows that a client is turned away with this in the log.
    fn assert_turned_away(&self, mut client: Stream, why: &str) {
        let peer = client.sock.local_addr().unwrap().to_string();
        assert!(send(&mut client, &[event("stranger")]).is_err());
        let line = self.sawmill.wait_for_log(&peer);
        assert!(line.contains("WARN") && line.contains(why), "{why}: {line}");
    }
}

/// Sends a window and waits for its ACK.
fn send(client: &mut Stream, events: &[String]) -> std::io::Result<()> {
    let bytes: Vec<&[u8]> = events.iter().map(String::as_bytes).collect();
    client.write_all(&window(&bytes))?;
    let mut ack = [0; 6];
    client.read_exact(&mut ack)?;
    assert_eq!(ack, [b'2', b'A', 0, 0, 0, events.len() as u8]);
    Ok(())
}

/// A client that keeps its sessions begins the second with a whole handshake, in which its certificate is looked at again: it may
/// have expired or been taken back.
#[test]
fn no_session_outlives_the_certificate_that_it_began_with() {
    let root = Authority::new("root");
    let strict = Strict::start(&[root.pem()], "");
    let client = root.issue("client", &[]);
    let shown = Some((from_ref(&client.certificate), &client));
    for version in [&version::TLS12, &version::TLS13] {
        let config = strict.config(&[version], shown);
        for _ in 0..2 {
            let mut stream = strict.connect_by(Arc::clone(&config));
            send(&mut stream, &[event("once more")]).unwrap();
            assert_eq!(stream.conn.handshake_kind(), Some(HandshakeKind::Full));
        }
    }
}

#[test]
fn only_who_has_a_certificate_of_an_authority_is_let_in() {
    let (root, stranger) = (Authority::new("root"), Authority::new("stranger"));
    let between = root.below("between");
    let unrelated = Authority::new("unrelated");
    let both = [unrelated.pem(), root.pem()].concat();
    let strict = Strict::start(&[both], "");

    let direct = root.issue("direct", &[]);
    send(&mut strict.connect_as(&direct), &[event("direct")]).unwrap();
    let deep = between.issue("deep", &[]);
    let chain = [deep.certificate.clone(), between.der()];
    send(&mut strict.connect(Some((&chain, &deep))), &[event("deep")]).unwrap();

    strict.assert_turned_away(strict.connect(None), "shows no certificate");
    let unknown = "no authority of input.beats.tls.client_authorities has signed";
    strict.assert_turned_away(strict.connect_as(&deep), unknown);
    strict.assert_turned_away(strict.connect_as(&stranger.issue("x", &[])), unknown);
    strict.assert_turned_away(strict.connect_as(&own("alone")), "it is an authority's own");
    let old = root.issue_with("old", &[], |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    strict.assert_turned_away(strict.connect_as(&old), "has expired");
    assert_eq!(strict.sawmill.stored("logs-django-pt").len(), 2);
}

#[test]
fn authorities_may_stand_in_several_files_and_clients_own_certificates_beside_them() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let (alone, old) = (own("alone"), own("other"));
    let files = Files::new();
    let named = format!(
        "client_certificates = {:?}",
        files.write("alone.pem", &alone.pem)
    );
    let strict = Strict::start(&[first.pem(), second.pem()], &named);
    for issued in [&first.issue("a", &[]), &second.issue("b", &[]), &alone] {
        send(&mut strict.connect_as(issued), &[event("in")]).unwrap();
    }
    strict.assert_turned_away(strict.connect_as(&old), "it is an authority's own");
    // Without any authority there is only who is named.
    let strict = Strict::start(&[], &named);
    send(&mut strict.connect_as(&alone), &[event("in")]).unwrap();
    strict.assert_turned_away(strict.connect_as(&old), "no authority of");
}

#[test]
fn a_client_that_is_named_itself_signs_for_nobody() {
    // As openssl makes it, it could sign others.
    let named = Authority::new("named");
    let files = Files::new();
    let setting = format!(
        "client_certificates = {:?}",
        files.write("named.pem", &named.pem())
    );
    let strict = Strict::start(&[], &setting);
    strict.assert_turned_away(
        strict.connect_as(&named.issue("es-web1", &[])),
        "no authority of",
    );
    let root = Authority::new("root");
    let strict = Strict::start(&[root.pem()], &setting);
    strict.assert_turned_away(
        strict.connect_as(&named.issue("es-web1", &[])),
        "no authority of",
    );
}

#[test]
fn with_optional_authentication_who_shows_none_is_let_in_and_who_shows_a_wrong_one_is_not() {
    let root = Authority::new("root");
    let strict = Strict::start(&[root.pem()], "client_authentication = 'optional'");
    send(&mut strict.connect(None), &[event("none")]).unwrap();
    send(
        &mut strict.connect_as(&root.issue("a", &[])),
        &[event("one")],
    )
    .unwrap();
    strict.assert_turned_away(strict.connect_as(&own("x")), "it is an authority's own");
}

#[test]
fn a_certificate_that_was_taken_back_lets_nobody_in_from_then_on() {
    let root = Authority::new("root");
    let (good, bad) = (root.issue("good", &[]), root.issue("bad", &[]));
    let lists = Files::new();
    let list = lists.write("list.pem", &root.take_back(&[]));
    let settings = format!("revocation_lists = {list:?}\nreload_interval = '50ms'");
    let strict = Strict::start(&[root.pem()], &settings);
    let mut open = strict.connect_as(&bad);
    send(&mut open, &[event("before")]).unwrap();

    lists.write("list.pem", &root.take_back(&[&bad]));
    strict.sawmill.wait_for_log("read anew");
    strict.assert_turned_away(strict.connect_as(&bad), "was taken back");
    send(&mut strict.connect_as(&good), &[event("good")]).unwrap();
    // What is open stays open.
    send(&mut open, &[event("after")]).unwrap();
}

#[test]
fn a_list_that_is_past_its_date_counts_and_is_warned_of() {
    let root = Authority::new("root");
    let (good, bad) = (root.issue("good", &[]), root.issue("bad", &[]));
    let lists = Files::new();
    let text = root.take_back_until(&[&bad], SystemTime::now() - DAY);
    let settings = format!("revocation_lists = {:?}", lists.write("list.pem", &text));
    let strict = Strict::start(&[root.pem()], &settings);
    let line = strict.sawmill.wait_for_log("was to be renewed by");
    assert!(
        line.contains("WARN") && line.contains("list.pem: the revocation list of CN=root"),
        "{line}"
    );
    strict.assert_turned_away(strict.connect_as(&bad), "was taken back");
    send(&mut strict.connect_as(&good), &[event("good")]).unwrap();
}

#[test]
fn a_certificate_may_be_bound_to_what_it_sends() {
    let root = Authority::new("root");
    let allow = "allow = [
        { subject = 'pt-*', groups = ['pt'] },
        { alternative_name = '*.all.example' },
    ]";
    let strict = Strict::start(&[root.pem()], allow);
    let foreign = event("foreign").replace(r#""group":"pt""#, r#""group":"es""#);

    let mut bound = strict.connect_as(&root.issue("pt-web1", &[]));
    send(&mut bound, &[event("own"), foreign.clone()]).unwrap();
    let letters = strict.sawmill.dead_letters();
    assert_eq!(letters.len(), 1);
    let text = letters[0].to_string();
    assert!(
        text.contains("may not send events of this [group]"),
        "{text}"
    );
    assert!(
        text.contains("CN=pt-web1") && text.contains("foreign"),
        "{text}"
    );
    assert_eq!(strict.sawmill.stored("logs-django-pt").len(), 1);

    let mut free = strict.connect_as(&root.issue("free", &["a.all.example"]));
    send(&mut free, &[foreign]).unwrap();
    assert_eq!(strict.sawmill.dead_letters().len(), 1);

    let other = root.issue("es-web1", &["all.example"]);
    strict.assert_turned_away(strict.connect_as(&other), "CN=es-web1 is not among those");
}

#[test]
fn a_group_is_taken_as_it_is_written() {
    let root = Authority::new("root");
    let allow = "allow = [{ subject = 'web1', groups = ['team a, b'] }]";
    let strict = Strict::start(&[root.pem()], allow);
    let of = |group: &str| {
        let group = format!(r#""group":"{group}""#);
        event("grouped").replace(r#""group":"pt""#, &group)
    };
    let mut client = strict.connect_as(&root.issue("web1", &[]));
    send(&mut client, &[of("team"), of("team a, b"), of("b")]).unwrap();
    let letters = strict.sawmill.dead_letters();
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert!(
        letters
            .iter()
            .all(|letter| !letter.to_string().contains("team a, b"))
    );
}

/// Each certificate has in one of its names what a rule wants of another.
#[test]
fn no_name_passes_for_a_name_of_another_kind() {
    let root = Authority::new("root");
    let allow = "allow = [
        { subject = 'CN=pt-*,O=Example' },
        { subject = '*.pt' },
        { alternative_name = '*.logs.example' },
        { alternative_name = '10.0.0.*' },
    ]";
    let strict = Strict::start(&[root.pem()], allow);
    let issue = |common_name: &str, organization: &str, names: Vec<SanType>| {
        root.issue_with(common_name, &[], |params| {
            let subject = &mut params.distinguished_name;
            subject.push(DnType::OrganizationName, organization);
            params.subject_alt_names = names;
        })
    };
    let reversed = |organization: &str, common_name: &str| {
        root.issue_with("", &[], |params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            let subject = &mut params.distinguished_name;
            subject.push(DnType::OrganizationName, organization);
            subject.push(DnType::CommonName, common_name);
        })
    };
    let mail = SanType::Rfc822Name("a@x.logs.example".try_into().unwrap());
    let uri = SanType::URI("spiffe://evil/x.logs.example".try_into().unwrap());
    let dns = SanType::DnsName("10.0.0.evil.example".try_into().unwrap());
    for posing in [
        issue("CN=pt-x,O=Example", "Evil", Vec::new()),
        issue("evil", "corp.pt", Vec::new()),
        reversed("corp.pt", "evil"),
        issue("evil", "Evil", vec![mail, uri, dns]),
    ] {
        strict.assert_turned_away(strict.connect_as(&posing), "is not among those");
    }
    send(
        &mut strict.connect_as(&reversed("Example", "pt-x")),
        &[event("in")],
    )
    .unwrap();
}

#[test]
fn the_pipeline_is_told_who_sends_if_it_asks() {
    let root = Authority::new("root");
    let pipeline = r#"
[[filter]]
type = "set"
fields = { "[sender][subject]" = "%{[@metadata][input][beats][tls][client][subject]}", "[sender][ip]" = "%{[@metadata][input][beats][host][ip]}", "[sender][version]" = "%{[@metadata][input][beats][tls][version_protocol]}", "[sender][status]" = "%{[@metadata][tls_peer][status]}" }
"#;
    let strict = Strict::start_with(pipeline, &[root.pem()], "");
    send(
        &mut strict.connect_as(&root.issue("pt-web1", &[])),
        &[event("who")],
    )
    .unwrap();
    let stored = strict.sawmill.stored("logs-generic-default");
    let sender = &stored[0]["sender"];
    assert_eq!(sender["subject"], "CN=pt-web1", "{sender}");
    assert_eq!(sender["ip"], "127.0.0.1");
    assert_eq!(sender["version"], "TLSv1.3");
    assert_eq!(sender["status"], "verified");
}

#[test]
fn a_health_check_needs_no_certificate_and_leaves_no_line() {
    let root = Authority::new("root");
    for versions in ["", "versions = 'TLSv1.2'"] {
        let strict = Strict::start(&[root.pem()], versions);
        let pipeline = strict.files.path("pipeline.toml");
        let said = strict.sawmill.ask(&[
            "healthcheck",
            "--config",
            pipeline.to_str().unwrap(),
            "--set",
            &format!("input.beats.listen={}", strict.sawmill.address),
        ]);
        assert!(said.contains("answers"), "{said}");
        std::thread::sleep(std::time::Duration::from_millis(200));
        let log = strict.sawmill.log();
        assert!(!log.contains("WARN"), "{log}");
    }
}

#[test]
fn a_name_chooses_the_certificate() {
    let root = Authority::new("root");
    let other_authority = Authority::new("other");
    let other = other_authority.issue("other", &["logs.example", "*.logs.example"]);
    let files = Files::new();
    let (certificate, key) = (
        files.write("other.pem", &other.pem),
        files.write("other.key", &other.key_pem()),
    );
    let also = format!("other_certificates = [{{ certificate = {certificate:?}, key = {key:?} }}]");
    let strict = Strict::start(&[root.pem()], &also);
    let client = root.issue("client", &[]);
    for (name, authority) in [
        ("localhost", &strict.authority),
        ("logs.example", &other_authority),
        ("a.logs.example", &other_authority),
    ] {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![client.certificate.clone()], client.key_der())
            .unwrap();
        let session =
            ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
        let mut stream = StreamOwned::new(session, strict.sawmill.connect().stream);
        send(&mut stream, &[event(name)]).unwrap();
    }
}

#[test]
fn a_new_certificate_is_taken_without_a_restart_and_a_bad_one_changes_nothing() {
    let root = Authority::new("root");
    let mut strict = Strict::start(&[root.pem()], "reload_interval = '1h'");
    let client = root.issue("client", &[]);
    let mut open = strict.connect_as(&client);
    send(&mut open, &[event("before")]).unwrap();

    // The key that belongs to it has not come yet.
    let anew = Authority::new("server's new authority");
    let server = anew.issue("server", &["localhost"]);
    strict.files.write("cert.pem", &server.pem);
    strict.sawmill.hang_up();
    let line = strict
        .sawmill
        .wait_for_log("what was read before still holds");
    assert!(
        line.contains("ERROR") && line.contains("is not the key of"),
        "{line}"
    );
    send(&mut strict.connect_as(&client), &[event("still")]).unwrap();

    strict.files.write("key.pem", &server.key_pem());
    strict.sawmill.hang_up();
    strict.sawmill.wait_for_log("read anew");
    strict.authority = anew;
    send(&mut strict.connect_as(&client), &[event("new")]).unwrap();
    send(&mut open, &[event("open all the time")]).unwrap();
    assert_eq!(strict.sawmill.stored("logs-django-pt").len(), 4);
}

#[test]
fn a_bad_file_is_complained_of_once_however_often_it_is_tried() {
    let root = Authority::new("root");
    let strict = Strict::start(&[root.pem()], "reload_interval = '50ms'");
    let complaints = || strict.sawmill.log().matches("ERROR").count();
    let (before, other) = (strict.files.path("key.pem"), own("other"));
    let before = std::fs::read_to_string(before).unwrap();
    strict.files.write("key.pem", &other.key_pem());
    strict.sawmill.wait_for_log("is not the key of");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(complaints(), 1, "{}", strict.sawmill.log());
    strict.sawmill.hang_up();
    wait_for("an answer to who asked", || {
        (complaints() == 2).then_some(())
    });
    strict.files.write("key.pem", &before);
    strict.sawmill.wait_for_log("read anew");
}

#[test]
fn a_certificate_near_its_end_is_warned_of() {
    let root = Authority::new("root");
    let files = Files::new();
    let soon = SystemTime::now() + std::time::Duration::from_hours(20 * 24);
    let server = root.issue_with("server", &["localhost"], |params| {
        params.not_after = soon.into();
    });
    let settings = files.settings("input.beats.tls", &server);
    let sawmill = Sawmill::start(&[&settings[0], &settings[1]]);
    let line = sawmill.wait_for_log("expires in");
    assert!(
        line.contains("WARN") && line.contains("CN=server expires in 19 days"),
        "{line}"
    );
}

#[test]
fn a_certificate_that_does_not_hold_yet_is_warned_of() {
    let root = Authority::new("root");
    let files = Files::new();
    let later = SystemTime::now() + std::time::Duration::from_hours(48);
    let server = root.issue_with("server", &["localhost"], |params| {
        params.not_before = later.into();
    });
    let settings = files.settings("input.beats.tls", &server);
    let sawmill = Sawmill::start(&[&settings[0], &settings[1]]);
    let line = sawmill.wait_for_log("does not hold before");
    assert!(
        line.contains("WARN") && line.contains("the certificate of CN=server"),
        "{line}"
    );
}

#[test]
fn a_certificate_in_a_chain_that_did_not_sign_the_one_before_is_warned_of() {
    let (root, stranger) = (Authority::new("root"), Authority::new("stranger"));
    let between = root.below("between");
    let mut server = between.issue("server", &["localhost"]);
    let alone = server.pem.clone();
    for (above, warns) in [
        (vec![between.pem(), root.pem()], false),
        (vec![between.pem(), stranger.pem()], true),
        (vec![], false),
    ] {
        server.pem = [vec![alone.clone()], above].concat().concat();
        let files = Files::new();
        let settings = files.settings("input.beats.tls", &server);
        let sawmill = Sawmill::start(&[&settings[0], &settings[1]]);
        if warns {
            let line = sawmill.wait_for_log("did not sign");
            let want = "cert.pem: certificate 3 in it, of CN=stranger, did not sign the one before it, \
                        of CN=between, which CN=root did";
            assert!(line.contains("WARN") && line.contains(want), "{line}");
        } else {
            sawmill.wait_for_log("Beats");
            assert!(!sawmill.log().contains("did not sign"), "{}", sawmill.log());
        }
    }
}

#[test]
fn what_is_shown_to_elasticsearch_and_believed_of_it_is_warned_of_too() {
    let root = Authority::new("root");
    let files = Files::new();
    let soon = SystemTime::now() + std::time::Duration::from_hours(20 * 24);
    let own = root.issue_with("sawmill", &[], |params| params.not_after = soon.into());
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| files.path(name));
    files.write("cert.pem", &own.pem);
    files.write("key.pem", &own.key_pem());
    let sawmill = Sawmill::start(&[
        "output.elasticsearch.hosts=https://127.0.0.1:1",
        &format!(
            "output.elasticsearch.ca_file={}",
            files.write("ca.pem", &root.pem())
        ),
        &format!(
            "output.elasticsearch.client_certificate={}",
            certificate.display()
        ),
        &format!("output.elasticsearch.client_key={}", key.display()),
        "api.listen=127.0.0.1:0",
    ]);
    let line = sawmill.wait_for_log("expires in");
    assert!(line.contains("CN=sawmill expires in 19 days"), "{line}");
    let line = sawmill.wait_for_log("health is told on http://");
    let (_, rest) = line.split_once("http://").unwrap();
    let mut api = TcpStream::connect(rest.split_once('/').unwrap().0).unwrap();
    api.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut metrics = String::new();
    api.read_to_string(&mut metrics).unwrap();
    for subject in ["sawmill", "root"] {
        let told = metrics.lines().any(|line| {
            line.starts_with(
                "sawmill_certificate_not_after_timestamp_seconds{indicator=\"output_certificates\"",
            ) && line.contains(&format!("subject=\"CN={subject}\""))
        });
        assert!(told, "{subject}: {metrics}");
    }
    let warned = r#"sawmill_health_status{indicator="output_certificates"} 1"#;
    assert!(metrics.contains(warned), "{metrics}");
}
