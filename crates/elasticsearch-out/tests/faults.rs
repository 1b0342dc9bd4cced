//! What a real Elasticsearch will not do on request: lose connections half way, ask for a pause, be a proxy, be too
//! old. A stand-in answers one connection after the other with prepared bytes.

#![expect(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use sawmill_elasticsearch_out::{
    Backoff, BulkBody, Client, Compression, Credentials, Request, SendError, Sender, Settings,
    StreamParts, Url,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const STORED: &str = r#"{"errors":false,"items":[{"create":{"status":201}}]}"#;

/// What the stand-in does with a connection.
enum Act {
    /// Closes it without a word.
    Close,
    /// Keeps it and says nothing.
    Silence,
    /// Says this.
    Say(String),
}

/// An answer as it goes over the wire.
fn answer(status: u16, header: &str, body: &str) -> Act {
    let length = body.len();
    Act::Say(format!(
        "HTTP/1.1 {status} X\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

struct StandIn {
    url: String,
    requests: UnboundedReceiver<(String, Vec<u8>)>,
}

impl StandIn {
    /// Plays the acts, one a connection, and keeps the requests' heads and bodies.
    async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (kept, requests) = unbounded_channel();
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for act in acts {
                let (mut peer, _) = listener.accept().await.unwrap();
                kept.send(read_request(&mut peer).await).unwrap();
                match act {
                    Act::Close => {}
                    Act::Silence => silent.push(peer),
                    Act::Say(bytes) => peer.write_all(bytes.as_bytes()).await.unwrap(),
                }
            }
            std::future::pending::<()>().await;
        });
        Self { url, requests }
    }

    fn settings(&self) -> Settings {
        Settings::new(vec![self.url.parse().unwrap()])
    }

    fn requests(&mut self) -> Vec<(String, Vec<u8>)> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

async fn read_request(peer: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        assert!(
            peer.read_buf(&mut bytes).await.unwrap() > 0,
            "the client went away"
        );
        let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let body = head + 4;
        if bytes.len() >= body + length.unwrap().parse::<usize>().unwrap() {
            return (text, bytes.split_off(body));
        }
    }
}

fn body(documents: usize) -> BulkBody {
    let mut body = BulkBody::new();
    let stream = StreamParts {
        kind: "logs",
        dataset: "django",
        namespace: "pt",
    };
    for _ in 0..documents {
        let mut draft = body.begin(&stream, None).unwrap();
        draft.text().extend_from_slice(b"{}");
        draft.finish();
    }
    body
}

#[tokio::test]
async fn an_event_outlives_every_kind_of_bad_answer_and_is_settled_once() {
    let mut stand_in = StandIn::start(vec![
        Act::Close,
        Act::Say("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"errors\":false,\"it".into()),
        Act::Say("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"errors\":false,\"ite".into()),
        answer(200, "", "<html>Welcome to nginx!</html>"),
        answer(200, "", r#"{"errors":false,"items":[]}"#),
        answer(502, "", "<html>Bad Gateway</html>"),
        answer(429, "", ""),
        answer(401, "", "Unauthorized"),
        answer(200, "", STORED),
    ])
    .await;
    let quick = Backoff {
        initial: Duration::from_millis(1),
        cap: Duration::from_millis(1),
    };
    let sender = Sender::new(Client::new(&stand_in.settings()).unwrap(), quick, 8);
    let mut request = Request::new(vec![(body(1), "ticket")]);
    let mut told = Vec::new();
    sender
        .deliver(
            sender.pace().turn().await,
            &mut request,
            |_| true,
            |part| told.push((*part.ticket, part.stored, part.count())),
        )
        .await;
    assert_eq!(told, [("ticket", 1, 1)]);
    let bodies: Vec<Vec<u8>> = stand_in
        .requests()
        .into_iter()
        .map(|(_, body)| body)
        .collect();
    assert_eq!(bodies.len(), 9);
    assert!(bodies.iter().all(|bytes| bytes == body(1).bytes()));
}

#[tokio::test]
async fn a_version_that_does_not_know_the_parameter_is_asked_without_it_from_then_on() {
    let unknown = r#"{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"request [/_bulk] contains unrecognized parameter: [require_data_stream]"},"status":400}"#;
    let acts = vec![
        answer(400, "", unknown),
        answer(200, "", STORED),
        answer(200, "", STORED),
    ];
    let mut stand_in = StandIn::start(acts).await;
    let client = Client::new(&stand_in.settings()).unwrap();
    for _ in 0..2 {
        let answer = client.bulk(body(1).bytes().to_vec().into()).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let heads: Vec<String> = stand_in
        .requests()
        .into_iter()
        .map(|(head, _)| head)
        .collect();
    let asked: Vec<bool> = heads
        .iter()
        .map(|head| head.contains("require_data_stream=true"))
        .collect();
    assert_eq!(asked, [true, false, false]);
}

#[tokio::test]
async fn a_pause_asked_for_is_made() {
    let acts = vec![
        answer(503, "retry-after: 1\r\n", ""),
        answer(200, "", STORED),
    ];
    let stand_in = StandIn::start(acts).await;
    let quick = Backoff {
        initial: Duration::ZERO,
        cap: Duration::ZERO,
    };
    let sender = Sender::new(Client::new(&stand_in.settings()).unwrap(), quick, 8);
    let start = Instant::now();
    sender
        .deliver(
            sender.pace().turn().await,
            &mut Request::new(vec![(body(1), ())]),
            |()| true,
            |_| {},
        )
        .await;
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn no_answer_in_time_is_an_error_that_says_so() {
    let stand_in = StandIn::start(vec![Act::Silence]).await;
    let settings = Settings {
        request_timeout: Duration::from_millis(50),
        ..stand_in.settings()
    };
    let error = Client::new(&settings)
        .unwrap()
        .bulk(body(1).bytes().to_vec().into())
        .await
        .unwrap_err();
    assert_eq!(
        error,
        SendError::TimedOut {
            host: stand_in.url.clone(),
            after: Duration::from_millis(50)
        }
    );
}

#[tokio::test]
async fn a_request_carries_its_type_its_login_and_its_compression() {
    let mut stand_in = StandIn::start(vec![answer(200, "", STORED)]).await;
    let settings = Settings {
        credentials: Credentials::Basic {
            user: "writer".into(),
            password: "pässword".to_owned().into(),
        },
        compression: Compression::Gzip { level: 1 },
        ..stand_in.settings()
    };
    Client::new(&settings)
        .unwrap()
        .bulk(body(100).bytes().to_vec().into())
        .await
        .unwrap();
    let (head, bytes) = stand_in.requests().remove(0);
    for want in [
        "post /_bulk?filter_path=errors,items.*.status,items.*.error&require_data_stream=true http/1.1",
        "content-type: application/x-ndjson",
        "content-encoding: gzip",
        "authorization: basic d3jpdgvyonddphnzd29yza==", // lower case, as the stand-in reads heads
        "user-agent: sawmill/",
    ] {
        assert!(head.contains(want), "{want} in {head}");
    }
    let mut plain = Vec::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(plain, body(100).bytes());
}

/// An address where nobody listens.
async fn nobody() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    format!("http://{address}").parse().unwrap()
}

#[tokio::test]
async fn a_request_that_meets_a_dead_host_goes_to_the_next_at_once() {
    let mut stand_in = StandIn::start(vec![answer(200, "", STORED), answer(200, "", STORED)]).await;
    let hosts = vec![nobody().await, stand_in.url.parse().unwrap()];
    let client = Client::new(&Settings::new(hosts)).unwrap();
    for _ in 0..2 {
        let sent = client.bulk(body(1).bytes().to_vec().into()).await;
        assert_eq!(sent.unwrap().status, 200);
    }
    assert_eq!(stand_in.requests().len(), 2);
}

#[tokio::test]
async fn where_every_host_fails_each_is_asked_once() {
    let mut closing = [
        StandIn::start(vec![Act::Close, Act::Close]).await,
        StandIn::start(vec![Act::Close, Act::Close]).await,
    ];
    let hosts = closing.iter().map(|host| host.url.parse().unwrap());
    let client = Client::new(&Settings::new(hosts.collect())).unwrap();
    let sent = client.bulk(body(1).bytes().to_vec().into()).await;
    assert!(matches!(sent, Err(SendError::Lost { .. })), "{sent:?}");
    let asked = closing.each_mut().map(|host| host.requests().len());
    assert_eq!(asked, [1, 1]);
}
