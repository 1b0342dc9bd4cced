//! Hosts that the cluster names. The nodes are stand-ins: one real Elasticsearch has one node, and says what it will.

#![expect(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sawmill_elasticsearch_out::{Client, Credentials, Settings, SniffError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const STORED: &str = r#"{"errors":false,"items":[{"create":{"status":201}}]}"#;

/// What a node answers when it is asked for the cluster's nodes: a status and a body.
type Nodes = Arc<Mutex<(u16, String)>>;

/// A stand-in for a node of a cluster: stores whatever comes, and names the nodes that a test wants it to name.
struct Node {
    address: String,
    nodes: Nodes,
    stored: Arc<AtomicUsize>,
    /// The head of the last question for the nodes, in lower case.
    question: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Node {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let nodes = Nodes::default();
        let stored = Arc::new(AtomicUsize::new(0));
        let question = Arc::new(Mutex::default());
        let (said, count, kept) = (nodes.clone(), Arc::clone(&stored), Arc::clone(&question));
        let task = tokio::spawn(async move {
            loop {
                let (mut peer, _) = listener.accept().await.unwrap();
                let head = read_request(&mut peer).await;
                let (status, body) = if head.contains("_nodes/http?") {
                    *kept.lock().unwrap() = head;
                    said.lock().unwrap().clone()
                } else {
                    count.fetch_add(1, Ordering::Relaxed);
                    (200, STORED.to_owned())
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                peer.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            address,
            nodes,
            stored,
            question,
            task,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn settings(&self) -> Settings {
        Settings::new(vec![self.url().parse().unwrap()])
    }

    fn names(&self, nodes: &[&Self]) {
        let node = |(id, node): (usize, &&Self)| {
            format!(
                r#""id{id}":{{"roles":["data","master"],"http":{{"publish_address":"{}"}}}}"#,
                node.address
            )
        };
        let nodes: Vec<String> = nodes.iter().enumerate().map(node).collect();
        self.says(200, &format!(r#"{{"nodes":{{{}}}}}"#, nodes.join(",")));
    }

    fn says(&self, status: u16, body: &str) {
        *self.nodes.lock().unwrap() = (status, body.to_owned());
    }

    /// Bulk requests since the last time.
    fn stored(&self) -> usize {
        self.stored.swap(0, Ordering::Relaxed)
    }
}

async fn read_request(peer: &mut TcpStream) -> String {
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
        // Without a body there is no length.
        let length = length.map_or(0, |length| length.parse().unwrap());
        if bytes.len() >= head + 4 + length {
            return text;
        }
    }
}

async fn store(client: &Client, times: usize) {
    const DOCUMENT: &[u8] = b"{\"create\":{\"_index\":\"logs-django-pt\"}}\n{}\n";
    for _ in 0..times {
        let answer = client.bulk(Bytes::from_static(DOCUMENT)).await.unwrap();
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn requests_go_to_the_nodes_that_the_cluster_names() {
    let (first, second) = (Node::start().await, Node::start().await);
    let client = Client::new(&first.settings()).unwrap();
    first.names(&[&first, &second]);
    let change = client.sniff().await.unwrap();
    assert_eq!(change.added, [second.url()]);
    assert!(change.gone.is_empty());
    store(&client, 4).await;
    assert_eq!((first.stored(), second.stored()), (2, 2));

    assert!(client.sniff().await.unwrap().is_empty());

    first.names(&[&second]);
    let change = client.sniff().await.unwrap();
    assert!(change.added.is_empty());
    assert_eq!(change.gone, [first.url()]);
    store(&client, 4).await;
    assert_eq!((first.stored(), second.stored()), (0, 4));
}

#[tokio::test]
async fn what_names_no_nodes_leaves_the_hosts_as_they_are() {
    let node = Node::start().await;
    let client = Client::new(&node.settings()).unwrap();
    let master =
        r#"{"nodes":{"a":{"roles":["master"],"http":{"publish_address":"10.0.0.1:9200"}}}}"#;
    for (status, body) in [
        (
            403,
            r#"{"error":{"type":"security_exception","reason":"no"},"status":403}"#,
        ),
        (200, "<html>Welcome to nginx!</html>"),
        (200, "{}"),
        (200, master),
        (
            200,
            r#"{"nodes":{"a":{"http":{"publish_address":"nowhere"}}}}"#,
        ),
        (502, ""),
    ] {
        node.says(status, body);
        client.sniff().await.unwrap_err();
        store(&client, 2).await;
        assert_eq!(node.stored(), 2, "{body}");
    }
}

#[tokio::test]
async fn who_does_not_say_is_passed_over_and_the_settings_own_hosts_are_asked_last() {
    let (configured, other) = (Node::start().await, Node::start().await);
    let client = Client::new(&configured.settings()).unwrap();
    configured.names(&[&other]);
    client.sniff().await.unwrap();
    store(&client, 1).await;
    assert_eq!(other.stored(), 1);

    other.task.abort();
    let _ = other.task.await;
    configured.names(&[&configured]);
    let change = client.sniff().await.unwrap();
    assert_eq!(change.added, [configured.url()]);
    store(&client, 1).await;
    assert_eq!(configured.stored(), 1);

    configured.task.abort();
    let _ = configured.task.await;
    let error = client.sniff().await.unwrap_err();
    assert!(matches!(error, SniffError::Unanswered(_)), "{error}");
}

#[tokio::test]
async fn the_question_carries_the_login_and_the_path_before_the_api() {
    let node = Node::start().await;
    let url = format!("{}/es/", node.url());
    let settings = Settings {
        credentials: Credentials::ApiKey("encoded".to_owned().into()),
        ..Settings::new(vec![url.parse().unwrap()])
    };
    let client = Client::new(&settings).unwrap();
    node.names(&[&node]);
    assert!(client.sniff().await.unwrap().is_empty());
    let question = node.question.lock().unwrap().clone();
    for want in [
        "get /es/_nodes/http?filter_path=nodes.*.roles,nodes.*.http.publish_address http/1.1",
        "authorization: apikey encoded",
    ] {
        assert!(question.contains(want), "{want} in {question}");
    }
}
