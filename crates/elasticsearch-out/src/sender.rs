//! The loop that sends a request until every item of it is settled.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::alarm::Alarm;
use crate::answer::{Answer, SendError};
use crate::backoff::Backoff;
use crate::client::Client;
use crate::outcome::Cause;
use crate::pace::{Load, Pace, Turn};
use crate::request::{Request, Settled, Verdict};
use crate::size::SizeLimit;

/// Carries bulk bodies to Elasticsearch. [`Client`] does; a simulation of what can go wrong may take its place.
pub trait Carrier: Send + Sync + 'static {
    /// Sends a body and returns the answer to it, whatever that is.
    ///
    /// # Errors
    /// If none came. What was sent may have been stored all the same.
    fn bulk(&self, body: Bytes) -> impl Future<Output = Result<Answer, SendError>> + Send;
}

impl Carrier for Client {
    async fn bulk(&self, body: Bytes) -> Result<Answer, SendError> {
        Self::bulk(self, body).await
    }
}

/// Several senders may share one.
impl<C: Carrier> Carrier for Arc<C> {
    async fn bulk(&self, body: Bytes) -> Result<Answer, SendError> {
        C::bulk(self, body).await
    }
}

/// Sends requests, as many at a time as Elasticsearch bears.
#[derive(Debug)]
pub struct Sender<C = Client> {
    client: C,
    backoff: Backoff,
    alarm: Alarm,
    pace: Arc<Pace>,
    size: SizeLimit,
}

impl<C: Carrier> Sender<C> {
    /// A sender through this client, waiting so between tries, with at most so many requests on their way.
    pub fn new(client: C, backoff: Backoff, requests_max: usize) -> Self {
        Self {
            client,
            backoff,
            alarm: Alarm::default(),
            pace: Pace::new(requests_max),
            size: SizeLimit::default(),
        }
    }

    /// Where to get a turn from.
    pub fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }

    /// Sends a request until all of it is settled, for ever if need be, and tells of each part as soon as there
    /// is news. What is not wanted any more is not sent again. To give up all, drop the future: what was not told of is
    /// not settled.
    pub async fn deliver<T>(
        &self,
        turn: Turn,
        request: &mut Request<T>,
        is_wanted: impl Fn(&T) -> bool,
        mut tell: impl FnMut(Settled<'_, T>),
    ) {
        let mut raised = None;
        let mut is_taken = false;
        loop {
            request.forget_unless(&is_wanted);
            if request.is_done() {
                break;
            }
            if let Some(bytes_max) = self.size.bytes_max() {
                request.cut_to(bytes_max);
            }
            let since = Instant::now();
            let body = request.body();
            let bytes = body.len();
            let sent = self.client.bulk(body).await;
            let verdict = request.absorb(sent);
            turn.learn(since, load(&verdict));
            request.settled().for_each(&mut tell);
            is_taken = !matches!(verdict, Verdict::Retry { .. });
            match verdict {
                Verdict::Done | Verdict::Next => {}
                Verdict::TooLarge => self.size.too_large(bytes),
                Verdict::Retry {
                    attempt,
                    retry_after,
                    trouble,
                } => {
                    self.alarm.raise(&mut raised, &trouble);
                    sleep(self.backoff.delay(attempt, retry_after, fastrand::f64())).await;
                }
            }
        }
        // What is forgotten tells nothing about its trouble.
        if let Some(raised) = raised.filter(|_| is_taken) {
            raised.over();
        }
    }

    /// What requests wait for at present; nothing while all goes well.
    pub fn troubles(&self) -> Vec<Cause> {
        self.alarm.causes_now()
    }

    /// The client, to ask it something else.
    pub fn client(&self) -> &C {
        &self.client
    }
}

fn load(verdict: &Verdict) -> Load {
    match verdict {
        Verdict::Done => Load::Bearable,
        Verdict::Next | Verdict::TooLarge => Load::Unknown,
        Verdict::Retry { trouble, .. } => match trouble.cause {
            Cause::Busy => Load::TooHigh,
            Cause::Unreachable
            | Cause::Unreadable
            | Cause::Blocked
            | Cause::ShardLimit
            | Cause::Template
            | Cause::Privilege
            | Cause::Credentials
            | Cause::Endpoint => Load::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::body::BulkBody;
    use crate::stream::StreamParts;

    /// Takes requests of at most so many bytes, and keeps the length of each that comes.
    struct Narrow {
        bytes_max: usize,
        seen: Mutex<Vec<usize>>,
    }

    impl Carrier for Narrow {
        async fn bulk(&self, body: Bytes) -> Result<Answer, SendError> {
            self.seen.lock().unwrap().push(body.len());
            if body.len() > self.bytes_max {
                return Ok(Answer::new(413, ""));
            }
            let items = body.split(|&byte| byte == b'\n').count() / 2;
            let items = vec![r#"{"create":{"status":201}}"#; items].join(",");
            Ok(Answer::new(
                200,
                format!(r#"{{"errors":false,"items":[{items}]}}"#),
            ))
        }
    }

    fn request(documents: usize) -> Request<()> {
        let mut body = BulkBody::new();
        for _ in 0..documents {
            let parts = StreamParts {
                kind: "logs",
                dataset: "django",
                namespace: "pt",
            };
            let mut draft = body.begin(&parts, None).unwrap();
            draft.text().extend_from_slice(&[b' '; 1000]);
            draft.finish();
        }
        Request::new(vec![(body, ())])
    }

    #[tokio::test]
    async fn what_was_too_large_once_is_not_tried_again_with_each_request() {
        let bytes_max = 100 << 10;
        let carrier = Narrow {
            bytes_max,
            seen: Mutex::default(),
        };
        let sender = Sender::new(carrier, Backoff::default(), 1);
        let mut refused = Vec::new();
        for _ in 0..3 {
            let turn = sender.pace().turn().await;
            let mut stored = 0;
            let mut request = request(1000);
            let count = |part: Settled<'_, ()>| stored += part.stored;
            sender.deliver(turn, &mut request, |()| true, count).await;
            assert_eq!(stored, 1000);
            let seen = std::mem::take(&mut *sender.client().seen.lock().unwrap());
            refused.push(seen.into_iter().filter(|&bytes| bytes > bytes_max).count());
        }
        assert!(refused[0] > 0, "{refused:?}");
        assert_eq!(refused[1..], [0, 0]);
    }
}
