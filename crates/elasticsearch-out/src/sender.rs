//! The loop that sends a request until every item of it is settled.

use tokio::time::sleep;

use crate::alarm::Alarm;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::request::{Request, Settled, Verdict};

/// Sends requests, any number at a time.
#[derive(Debug)]
pub struct Sender {
    client: Client,
    backoff: Backoff,
    alarm: Alarm,
}

impl Sender {
    /// A sender through this client, waiting so between tries.
    pub fn new(client: Client, backoff: Backoff) -> Self {
        Self {
            client,
            backoff,
            alarm: Alarm::default(),
        }
    }

    /// Sends a request until all of it is settled, for ever if need be, and tells of each part as soon as there
    /// is news. To give up, drop the future: what was not told of is not settled.
    pub async fn deliver<T>(&self, request: &mut Request<T>, mut tell: impl FnMut(Settled<'_, T>)) {
        let mut raised = None;
        while !request.is_done() {
            let sent = self.client.bulk(request.body()).await;
            let verdict = request.absorb(sent);
            request.settled().for_each(&mut tell);
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
        if let Some(raised) = raised {
            raised.over();
        }
    }

    /// The client, to ask it something else.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
