//! Conversations with the sink over real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::args::SinkArgs;
use super::serve::serve;
use super::service::Sink;

const SHORT: &str = "/_bulk?filter_path=errors,items.*.status,items.*.error";

/// A sink that runs until it is dropped.
struct Running {
    address: SocketAddr,
    sink: Arc<Sink>,
    _stop: oneshot::Sender<()>,
    _runtime: Runtime,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let sink = Arc::new(Sink::new(&SinkArgs::parsed(args)).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(serve(listener, Arc::clone(&sink), async {
            let _ = stopped.await;
        }));
        Self {
            address,
            sink,
            _stop: stop,
            _runtime: runtime,
        }
    }

    fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Client { stream }
    }
}

/// As small as an HTTP client can be.
struct Client {
    stream: TcpStream,
}

struct Answered {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Client {
    fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: sink\r\n{headers}content-length: {length}\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).unwrap();
        // In pieces, so that lines are cut in two.
        for piece in body.chunks(7_001) {
            self.stream.write_all(piece).unwrap();
        }
    }

    fn answer(&mut self) -> std::io::Result<Answered> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte)?;
            bytes.push(byte[0]);
        }
        let head = String::from_utf8(bytes).unwrap().to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.stream.read_exact(&mut body)?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Answered { status, head, body })
    }

    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answered {
        self.send(method, path, headers, body);
        self.answer().unwrap()
    }

    fn bulk(&mut self, items: usize) -> Answered {
        self.ask("POST", SHORT, "", &body("create", items))
    }
}

fn body(action: &str, items: usize) -> Vec<u8> {
    let item = |number: usize| {
        let stream = ["logs-a-pt", "logs-b-pt"][number % 2];
        format!("{{\"{action}\":{{\"_index\":\"{stream}\"}}}}\n{{\"n\":{number}}}\n")
    };
    (0..items).map(item).collect::<String>().into_bytes()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bulk_requests_on_one_connection_are_counted_and_answered_item_by_item() {
    let sink = Running::start(&[]);
    let mut client = sink.client();
    for items in [1, 2048, 7] {
        let answer = client.bulk(items);
        assert_eq!(answer.status, 200);
        let want =
            json!({"errors": false, "items": vec![json!({"create": {"status": 201}}); items]});
        assert_eq!(answer.json(), want);
        assert!(
            answer.head.contains("x-elastic-product: elasticsearch"),
            "{}",
            answer.head
        );
    }
    let counts = client.ask("GET", "/_sawmill/counts", "", b"").json();
    assert_eq!(
        (&counts["events"], &counts["requests"]),
        (&json!(2056), &json!(3))
    );
    assert_eq!(
        counts["body_bytes"],
        body("create", 2048).len() + body("create", 7).len() + body("create", 1).len()
    );
    assert_eq!(counts["connections"], 1);
    client.ask("POST", "/_sawmill/reset", "", b"");
    assert_eq!(
        client.ask("GET", "/_sawmill/counts", "", b"").json()["events"],
        0
    );
}

#[test]
fn a_gzipped_body_counts_the_same() {
    let sink = Running::start(&[]);
    let plain = body("index", 5000);
    let answer = sink.client().ask(
        "PUT",
        &format!("/logs{SHORT}"),
        "content-encoding: gzip\r\n",
        &gzip(&plain),
    );
    assert_eq!(answer.json()["items"].as_array().unwrap().len(), 5000);
    assert_eq!(answer.json()["items"][0]["index"]["status"], 201);
    let seen = sink.sink.counts.snapshot();
    assert_eq!(
        (seen.events, seen.inflated_bytes),
        (5000, plain.len() as u64)
    );
    assert!(seen.body_bytes < seen.inflated_bytes / 5);
}

#[test]
fn who_does_not_filter_the_answer_gets_all_of_it() {
    let sink = Running::start(&[]);
    let answer = sink
        .client()
        .ask("POST", "/_bulk", "", &body("create", 3))
        .json();
    assert_eq!(answer["items"][1]["create"]["_index"], "logs-b-pt");
    assert_eq!(answer["items"][2]["create"]["result"], "created");
    let plain = b"{\"index\":{}}\n{}\n";
    let answer = sink
        .client()
        .ask("POST", "/some-index/_bulk", "", plain)
        .json();
    assert_eq!(answer["items"][0]["index"]["_index"], "some-index");
}

#[test]
fn streams_are_counted_where_that_is_asked_for() {
    let sink = Running::start(&["--by-stream"]);
    sink.client().bulk(5);
    let streams = sink.sink.counts.snapshot().streams;
    assert_eq!(json!(streams), json!({"logs-a-pt": 3, "logs-b-pt": 2}));
}

#[test]
fn what_is_no_bulk_request_gets_400_and_counts_nothing() {
    let sink = Running::start(&[]);
    let mut client = sink.client();
    for (headers, body, want) in [
        ("", &b""[..], "body is required"),
        ("", b"{\"create\":{}}\n{}", "terminated by a newline [\\n]"),
        ("", b"{\"delete\":{}}\n{}\n", "all that this sink takes"),
        ("content-encoding: gzip\r\n", b"plain\n", "GZIP"),
        (
            "content-encoding: gzip\r\n",
            &gzip(b"{\"create\":{}}\n{}\n")[..20],
            "GZIP",
        ),
    ] {
        let answer = client.ask("POST", SHORT, headers, body);
        assert_eq!(answer.status, 400);
        let reason = answer.json()["error"]["reason"]
            .to_string()
            .replace("\\\\", "\\");
        assert!(reason.contains(want), "{reason}");
    }
    let seen = sink.sink.counts.snapshot();
    assert_eq!((seen.events, seen.refused[&400]), (0, 5));
}

#[test]
fn a_body_beyond_the_limit_is_refused_by_its_inflated_size() {
    let sink = Running::start(&["--max-body", "10kB"]);
    let plain = body("create", 1000);
    for (headers, sent) in [
        ("", plain.clone()),
        ("content-encoding: gzip\r\n", gzip(&plain)),
    ] {
        let answer = sink.client().ask("POST", SHORT, headers, &sent);
        assert_eq!((answer.status, answer.body.len()), (413, 0));
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
        assert!(
            !answer.head.contains("x-elastic-product"),
            "{}",
            answer.head
        );
    }
    assert_eq!(sink.client().bulk(100).status, 200);
}

#[test]
fn a_whole_requests_status_is_given_where_it_is_asked_for() {
    for status in [429, 500, 503] {
        let sink = Running::start(&["--fault", &format!("{status}=100%")]);
        let answer = sink.client().bulk(3);
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (status, &json!(status))
        );
        assert_eq!(sink.sink.counts.snapshot().events, 0);
    }
}

#[test]
fn documents_are_rejected_where_it_is_asked_for() {
    let sink = Running::start(&["--reject", "400=20%", "--reject", "429=30%"]);
    let answer = sink.client().bulk(1000).json();
    let statuses = |status| {
        let items = answer["items"].as_array().unwrap();
        items
            .iter()
            .filter(|item| item["create"]["status"] == status)
            .count()
    };
    assert_eq!(answer["errors"], true);
    assert!((150..250).contains(&statuses(400)) && (250..350).contains(&statuses(429)));
    let seen = sink.sink.counts.snapshot();
    assert_eq!(seen.events, statuses(201) as u64);
    assert_eq!(seen.rejected[&429], statuses(429) as u64);
}

#[test]
fn a_reset_is_a_reset_whether_or_not_it_is_stored() {
    for (fault, stored) in [("reset", 0), ("lost", 4)] {
        let sink = Running::start(&["--fault", &format!("{fault}=100%")]);
        let mut client = sink.client();
        client.send("POST", SHORT, "", &body("create", 4));
        let error = client.answer().err().map(|error| error.kind());
        assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset), "{fault}");
        let seen = sink.sink.counts.snapshot();
        assert_eq!((seen.events, seen.faults[fault]), (stored, 1));
    }
}

#[test]
fn a_request_that_hangs_gets_no_answer_and_holds_up_nobody_else() {
    let sink = Running::start(&["--fault", "hang=50%", "--fault-seed", "3"]);
    let (mut answered, mut hanging) = (0, Vec::new());
    for _ in 0..20 {
        let mut client = sink.client();
        client
            .stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        client.send("POST", SHORT, "", &body("create", 1));
        match client.answer() {
            Ok(answer) => answered += u64::from(answer.status == 200),
            Err(_) => hanging.push(client),
        }
    }
    let seen = sink.sink.counts.snapshot();
    assert_eq!(seen.events, answered);
    assert_eq!(seen.faults["hang"], hanging.len() as u64);
    assert!(answered > 0 && !hanging.is_empty());
}

#[test]
fn answers_wait_for_the_latency_side_by_side() {
    let latency = Duration::from_millis(200);
    let sink = Running::start(&[
        "--latency",
        "200ms",
        "--jitter",
        "50ms",
        "--fault",
        "slow=10%",
        "--slow-by",
        "0s",
    ]);
    let begin = std::time::Instant::now();
    let mut clients: Vec<_> = (0..20).map(|_| sink.client()).collect();
    for client in &mut clients {
        client.send("POST", SHORT, "", &body("create", 1));
    }
    for client in &mut clients {
        assert_eq!(client.answer().unwrap().status, 200);
    }
    // Never before its time; one after the other they would take four seconds.
    assert!(begin.elapsed() + Duration::from_millis(50) >= latency);
}

#[test]
fn a_client_that_names_elasticsearchs_media_type_gets_it_back() {
    let sink = Running::start(&[]);
    let accept = "accept: application/vnd.elasticsearch+json;compatible-with=8\r\n";
    let answer = sink.client().ask("GET", "/", accept, b"");
    assert!(
        answer
            .head
            .contains("content-type: application/vnd.elasticsearch+json;compatible-with=8")
    );
    assert_eq!(answer.json()["version"]["number"], "8.19.0");
    let mut client = sink.client();
    client.send("HEAD", "/", "", b"");
    client.send("GET", "/_license", "", b"");
    let mut seen = [0; 12];
    client.stream.read_exact(&mut seen).unwrap();
    assert_eq!(&seen, b"HTTP/1.1 200");
}

#[test]
fn documents_are_checked_as_they_come() {
    const PIPELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipeline.toml");
    let sink = Running::start(&["--check", PIPELINE]);
    sink.client().bulk(3);
    let counts = sink.client().ask("GET", "/_sawmill/counts", "", b"").json();
    assert_eq!(
        (
            &counts["check"]["documents"],
            &counts["check"]["mismatches"]
        ),
        (&json!(3), &json!(3))
    );
    assert!(
        counts["check"]["shown"][0]
            .to_string()
            .contains("none of the generator's")
    );
}
