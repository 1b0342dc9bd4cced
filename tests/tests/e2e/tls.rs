//! TLS with a real Filebeat, and the PROXY protocol with a real `HAProxy`.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use sawmill_tests::{
    Authority, Comparison, Django, Filebeat, Haproxy, Pace, Sawmill, Settings, issue_own,
    stored_clients, stored_messages, until,
};

use crate::{PATIENCE, folder};

const HERE: &[&str] = &["localhost", "127.0.0.1"];

/// Settings for a server with the certificate and key of that name in the folder.
fn settings(folder: &Path, name: &str) -> Settings {
    let path = |end: &str| folder.join(format!("{name}.{end}")).display().to_string();
    Settings::local(&folder.join("streams"))
        .with("API__LISTEN", "off")
        .with("INPUT__BEATS__TLS__CERTIFICATE", path("pem"))
        .with("INPUT__BEATS__TLS__KEY", path("key"))
}

/// A Filebeat's settings: whom it trusts, and what it shows.
fn ssl(folder: &Path, authority: &str, shown: Option<&str>, more: &[&str]) -> Vec<String> {
    let path = |name: &str, end: &str| folder.join(format!("{name}.{end}")).display().to_string();
    let mut all = vec![
        "ssl.enabled=true".to_owned(),
        format!("ssl.certificate_authorities={}", path(authority, "pem")),
    ];
    if let Some(name) = shown {
        all.push(format!("ssl.certificate={}", path(name, "pem")));
        all.push(format!("ssl.key={}", path(name, "key")));
    }
    all.extend(more.iter().map(|&option| option.to_owned()));
    all
}

/// A folder below for one Filebeat and what it reads.
fn below(dir: &Path, name: &str) -> PathBuf {
    let folder = dir.join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn name_only(address: &str) -> String {
    address.replace("127.0.0.1", "localhost")
}

#[test]
fn filebeats_with_certificates_of_every_kind_ship_within_both_versions_of_tls() {
    let dir = folder();
    let pki = dir.path();
    let server = Authority::new("server's");
    fs::write(pki.join("ca.pem"), server.pem()).unwrap();
    server.issue(pki, "server", HERE, "");
    let (unrelated, root, second) = (
        Authority::new("unrelated"),
        Authority::new("root"),
        Authority::new("second"),
    );
    let between = root.below("between");
    fs::write(pki.join("first.pem"), unrelated.pem() + &root.pem()).unwrap();
    fs::write(pki.join("second.pem"), second.pem()).unwrap();
    issue_own(pki, "own");
    root.issue(pki, "direct", &[], "");
    between.issue(pki, "deep", &[], &between.pem());
    second.issue(pki, "secondary", &[], "");
    let path = |name: &str| pki.join(name).display().to_string();
    let authorities = [path("first.pem"), path("second.pem")].join(",");
    let sawmill = Sawmill::start(
        pki,
        settings(pki, "server")
            .with("INPUT__BEATS__TLS__CLIENT_AUTHORITIES", authorities)
            .with("INPUT__BEATS__TLS__CLIENT_CERTIFICATES", path("own.pem")),
    );
    let to = name_only(&sawmill.beats_address());
    let mut written = None;
    for (shown, versions) in [
        ("direct", "[TLSv1.2]"),
        ("deep", "[TLSv1.3]"),
        ("secondary", "[TLSv1.2,TLSv1.3]"),
        ("own", "[TLSv1.3]"),
    ] {
        let place = below(pki, shown);
        let lines = Django::write(&place, 1000, Pace::Full).finish().lines();
        let versions = format!("ssl.supported_protocols={versions}");
        let options = ssl(pki, "ca", Some(shown), &[&versions]);
        let filebeat = Filebeat::start_with(&place, &to, options);
        filebeat.until_acknowledged(lines.count(), PATIENCE);
        assert_eq!(filebeat.errors(), [""; 0], "{shown}");
        written = Some(match written {
            None => lines,
            Some(all) => lines.and(all),
        });
    }
    let stored = stored_messages(&pki.join("streams"));
    assert_eq!(written.unwrap().compare(&stored), Comparison::SAME);
}

#[test]
fn a_certificate_changed_under_load_loses_and_doubles_nothing() {
    let dir = folder();
    let pki = dir.path();
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    for (name, authorities) in [
        ("ca", old.pem() + &new.pem()),
        ("old", old.pem()),
        ("new", new.pem()),
    ] {
        fs::write(pki.join(format!("{name}.pem")), authorities).unwrap();
    }
    old.issue(pki, "server", HERE, "");
    let sawmill = Sawmill::start(pki, settings(pki, "server"));
    let to = name_only(&sawmill.beats_address());
    // It keeps its one connection: only others show which certificate is in use.
    let filebeat = Filebeat::start_with(pki, &to, ssl(pki, "ca", None, &[]));
    let django = Django::write(pki, 60_000, Pace::PerSecond(5000));
    let change = |acknowledged, to: &Authority| {
        until("the next lines are stored", PATIENCE, || {
            filebeat.acknowledged() >= acknowledged
        });
        let times_read = || sawmill.log().matches("read anew").count();
        let before = times_read();
        to.issue(pki, "server", HERE, "");
        sawmill.hang_up();
        until("it is read", PATIENCE, || times_read() > before);
    };
    let newcomer = |trusts| {
        let place = below(pki, &format!("trusts-{trusts}"));
        let lines = Django::write(&place, 500, Pace::Full).finish().lines();
        let filebeat = Filebeat::start_with(&place, &to, ssl(pki, trusts, None, &[]));
        (filebeat, lines)
    };

    change(8000, &new);
    change(16_000, &old);
    change(24_000, &new);
    let ((refused, its_lines), (welcome, all)) = (newcomer("old"), newcomer("new"));
    welcome.until_acknowledged(all.count(), PATIENCE);
    assert_eq!(welcome.errors(), [""; 0]);
    until("the other says why not", PATIENCE, || {
        let errors = refused.errors();
        errors.iter().any(|line| line.contains("unknown authority"))
    });
    assert_eq!(refused.acknowledged(), 0);

    // It tries until its own is back.
    change(32_000, &old);
    refused.until_acknowledged(its_lines.count(), PATIENCE);
    let lines = django.finish().lines();
    filebeat.until_acknowledged(lines.count(), PATIENCE);
    assert_eq!(filebeat.errors(), [""; 0]);
    let stored = stored_messages(&pki.join("streams"));
    assert_eq!(
        lines.and(its_lines).and(all).compare(&stored),
        Comparison::SAME
    );
}

#[test]
fn a_filebeat_that_cannot_trust_the_server_is_told_apart_and_stores_nothing() {
    let dir = folder();
    let pki = dir.path();
    let (known, stranger) = (Authority::new("known"), Authority::new("stranger"));
    fs::write(pki.join("ca.pem"), known.pem()).unwrap();
    for (server, signed_by, hosts, end, why) in [
        ("strange", &stranger, HERE, 1000, "unknown authority"),
        (
            "misnamed",
            &known,
            &["elsewhere"][..],
            1000,
            "certificate is valid for elsewhere",
        ),
        ("expired", &known, HERE, 0, "certificate has expired"),
    ] {
        let place = below(pki, server);
        signed_by.issue_until(pki, server, hosts, "", Duration::from_hours(end));
        let sawmill = Sawmill::start(&place, {
            settings(pki, server).with(
                "OUTPUT__LOCAL__PATH",
                place.join("streams").display().to_string(),
            )
        });
        Django::write(&place, 10, Pace::Full).finish();
        let to = name_only(&sawmill.beats_address());
        let filebeat = Filebeat::start_with(&place, &to, ssl(pki, "ca", None, &[]));
        sawmill.until_it_says(&["the client does not trust our certificate"], PATIENCE);
        until("Filebeat says why", PATIENCE, || {
            filebeat.errors().iter().any(|line| line.contains(why))
        });
        assert_eq!(filebeat.acknowledged(), 0);
        assert!(!place.join("streams").join("logs-django-pt").exists());
    }
}

#[test]
fn a_filebeat_ships_beside_five_thousand_handshakes_that_come_byte_by_byte() {
    let dir = folder();
    let pki = dir.path();
    let authority = Authority::new("server's");
    fs::write(pki.join("ca.pem"), authority.pem()).unwrap();
    authority.issue(pki, "server", HERE, "");
    let sawmill = Sawmill::start(pki, settings(pki, "server"));
    let slow = Slowloris::start(&sawmill.beats_address());
    until("as many are open as may be", PATIENCE, || {
        sawmill.log().contains("input.beats.handshakes_max")
    });
    // It comes when all places are taken.
    let lines = Django::write(pki, 20_000, Pace::PerSecond(2000));
    let to = name_only(&sawmill.beats_address());
    let filebeat = Filebeat::start_with(pki, &to, ssl(pki, "ca", None, &[]));
    let lines = lines.finish().lines();
    filebeat.until_acknowledged(lines.count(), PATIENCE);
    assert_eq!(filebeat.errors(), [""; 0]);
    let stored = stored_messages(&pki.join("streams"));
    assert_eq!(lines.compare(&stored), Comparison::SAME);
    assert!(slow.bytes() > 20_000, "{} bytes", slow.bytes());
}

/// Clients who never come to the end of their first words, and come back when they are sent away: 1,000 from each of five
/// addresses.
struct Slowloris {
    ended: Arc<AtomicBool>,
    bytes: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Slowloris {
    /// The beginning of a record of 512 bytes with a client's greeting.
    const WORDS: [u8; 11] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];

    fn start(to: &str) -> Self {
        let to: SocketAddr = to.parse().unwrap();
        let files = 6000;
        let maximum = { getrlimit(Resource::Nofile).maximum }.map(|maximum| maximum.max(files));
        let current = Some(files);
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
        let (ended, bytes) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let thread = |last| {
            let (ended, bytes) = (Arc::clone(&ended), Arc::clone(&bytes));
            thread::spawn(move || {
                let connect = || (connect_from([127, 0, 1, last], to), 0);
                let mut all: Vec<_> = (0..1000).map(|_| connect()).collect();
                while !ended.load(Ordering::Relaxed) {
                    for slow in &mut all {
                        let (stream, said) = slow;
                        let byte = *Self::WORDS.get(*said).unwrap_or(&0);
                        if stream.write_all(&[byte]).is_ok() {
                            *said += 1;
                            bytes.fetch_add(1, Ordering::Relaxed);
                        } else {
                            *slow = connect();
                        }
                    }
                    thread::sleep(Duration::from_millis(200));
                }
            })
        };
        let threads = (1..=5).map(thread).collect();
        Self {
            ended,
            bytes,
            threads,
        }
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Slowloris {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn connect_from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// A Sawmill behind an `HAProxy`, which keeps whom each event came from.
struct Proxied {
    // Ended before what it passes everything on to.
    haproxy: Haproxy,
    sawmill: Sawmill,
}

impl Proxied {
    fn start(dir: &Path, header: &str, settings: Settings) -> Self {
        let pipeline = dir.join("who.toml");
        let own = fs::read_to_string(sawmill_tests::repository().join("pipeline.toml")).unwrap();
        let who = "[[filter]]\ntype = \"set\"\nfields = { \"[client][ip]\" = \"%{[@metadata][input][beats][host][ip]}\" }\n";
        fs::write(&pipeline, format!("{own}\n{who}")).unwrap();
        let settings = settings
            .with("INPUT__BEATS__PROXY_NETWORKS", Haproxy::SOURCE.to_string())
            .with_pipeline(&pipeline);
        let sawmill = Sawmill::start(dir, settings);
        let haproxy = Haproxy::start(dir, &sawmill.beats_address(), header);
        Self { haproxy, sawmill }
    }

    /// Ships lines through the load balancer and shows that all are stored as those of Filebeat's own address, and of no other on
    /// the way.
    fn assert_ships(&self, dir: &Path, options: Vec<String>) {
        let lines = Django::write(dir, 500, Pace::Full).finish().lines();
        let filebeat = Filebeat::start_with(dir, &self.haproxy.address(), options);
        filebeat.until_acknowledged(lines.count(), PATIENCE);
        assert_eq!(filebeat.errors(), [""; 0]);
        let streams = dir.join("streams");
        assert_eq!(lines.compare(&stored_messages(&streams)), Comparison::SAME);
        assert_eq!(stored_clients(&streams), ["127.0.0.1".to_owned()].into());
    }
}

#[test]
fn behind_a_load_balancer_the_client_is_still_the_client() {
    for header in ["send-proxy", "send-proxy-v2"] {
        let dir = folder();
        let settings = Settings::local(&dir.path().join("streams")).with("API__LISTEN", "off");
        let proxied = Proxied::start(dir.path(), header, settings);
        proxied.assert_ships(dir.path(), Vec::new());
        // A stranger through the load balancer: its own port is in the log, the load balancer's is not.
        let address = proxied.haproxy.address();
        let address = address.to_socket_addrs().unwrap().next().unwrap();
        let stranger = TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut &stranger, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let port = stranger.local_addr().unwrap().to_string();
        proxied.sawmill.until_it_says(&[&port, "HTTP"], PATIENCE);
        // Neither are its health checks, of which some came by now.
        let log = proxied.sawmill.log();
        let warnings = log.lines().filter(|line| line.contains("WARN")).count();
        assert_eq!(warnings, 1, "{log}");
    }
}

#[test]
fn tls_passes_through_a_load_balancer_and_the_client_is_still_the_client() {
    for header in ["send-proxy", "send-proxy-v2"] {
        let dir = folder();
        let authority = Authority::new("server's");
        fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
        authority.issue(dir.path(), "server", &[&Haproxy::LISTEN.to_string()], "");
        let proxied = Proxied::start(dir.path(), header, settings(dir.path(), "server"));
        proxied.assert_ships(dir.path(), ssl(dir.path(), "ca", None, &[]));
        let log = proxied.sawmill.log();
        assert!(!log.contains("WARN"), "{log}");
    }
}
