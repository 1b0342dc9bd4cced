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

/// Sends requests, as many at a time as Elasticsearch bears.
#[derive(Debug)]
pub struct Sender<C = Client> {
    client: C,
    backoff: Backoff,
    alarm: Alarm,
    pace: Arc<Pace>,
}

impl<C: Carrier> Sender<C> {
    /// A sender through this client, waiting so between tries, with at most so many requests on their way.
    pub fn new(client: C, backoff: Backoff, requests_max: usize) -> Self {
        Self {
            client,
            backoff,
            alarm: Alarm::default(),
            pace: Pace::new(requests_max),
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
            let since = Instant::now();
            let sent = self.client.bulk(request.body()).await;
            let verdict = request.absorb(sent);
            turn.learn(since, load(&verdict));
            request.settled().for_each(&mut tell);
            is_taken = !matches!(verdict, Verdict::Retry { .. });
            match verdict {
                Verdict::Done | Verdict::Next => {}
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

    /// The client, to ask it something else.
    pub fn client(&self) -> &C {
        &self.client
    }
}

fn load(verdict: &Verdict) -> Load {
    match verdict {
        Verdict::Done => Load::Bearable,
        Verdict::Next => Load::Unknown,
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
