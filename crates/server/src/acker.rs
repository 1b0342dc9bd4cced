//! The writing half of a connection: one ACK a window, in the order of their arrival.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sawmill_lumberjack::{KEEPALIVE, Sequence, Version, encode_ack};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::config::BeatsInput;
use crate::connection::Close;
use crate::metrics::Connected;
use crate::window::{Failure, Fate, Window};

/// What waits for an answer.
pub(crate) enum Pending {
    /// A probe, `W(0)`: answered with ACK 0, as Logstash does since its beats input 6.7.0.
    Probe(Version),
    Window(Arc<Window>),
}

pub(crate) struct Acker<'a, W> {
    write: W,
    client: &'a Connected,
    pending: Receiver<Pending>,
    keepalive: Duration,
    /// Runs out when a keepalive is due. One for all windows: putting it off costs next to nothing.
    due: Pin<Box<Sleep>>,
    stall_timeout: Option<Duration>,
}

/// How long a peer may leave its ACKs unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

impl<'a, W: AsyncWrite + Unpin> Acker<'a, W> {
    pub(crate) fn new(
        write: W,
        client: &'a Connected,
        pending: Receiver<Pending>,
        settings: &BeatsInput,
    ) -> Self {
        let BeatsInput {
            keepalive,
            stall_timeout,
            ..
        } = *settings;
        Self {
            write,
            client,
            pending,
            keepalive,
            due: Box::pin(sleep(keepalive)),
            stall_timeout,
        }
    }

    /// Answers until the reader has ended and all is answered, or something is wrong.
    pub(crate) async fn run(mut self) -> Option<Close> {
        while let Some(pending) = self.pending.recv().await {
            let answered = match pending {
                Pending::Probe(version) => self.write(version, KEEPALIVE).await,
                Pending::Window(window) => self.acknowledge(&window).await,
            };
            if let Err(close) = answered {
                return Some(close);
            }
        }
        None
    }

    /// Waits until the window is settled, keeping the client calm, and acknowledges it.
    async fn acknowledge(&mut self, window: &Window) -> Result<(), Close> {
        let since = Instant::now();
        loop {
            self.due.as_mut().reset(Instant::now() + self.keepalive);
            let fate = tokio::select! {
                biased;
                fate = window.decided() => fate,
                () = self.due.as_mut() => Fate::Waiting,
            };
            match fate {
                Fate::Settled(sequence) => {
                    self.write(window.version, sequence).await?;
                    self.client.acknowledge(window.size.get());
                    return Ok(());
                }
                Fate::Broken(Failure::Protocol(error)) => return Err(Close::Protocol(error)),
                Fate::Broken(Failure::LettersWait) => return Err(Close::LettersWait),
                Fate::Broken(Failure::Worker) => return Err(Close::Internal),
                Fate::Waiting => {}
            }
            if let Some(limit) = self.stall_timeout.filter(|limit| since.elapsed() >= *limit) {
                return Err(Close::Stalled(limit));
            }
            if window.is_pending() {
                self.write(window.version, KEEPALIVE).await?;
            }
        }
    }

    async fn write(&mut self, version: Version, sequence: Sequence) -> Result<(), Close> {
        let ack = encode_ack(version, sequence);
        let written = async {
            self.write.write_all(&ack).await?;
            self.write.flush().await
        };
        match timeout(WRITE_TIMEOUT, written).await {
            Ok(written) => written.map_err(Close::Broken),
            Err(_) => Err(Close::AcksUnread(WRITE_TIMEOUT)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::sync::mpsc::channel;

    use super::*;
    use crate::metrics::Metrics;

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_no_ack_is_given_up() {
        // Room for one of the two answers.
        let (ours, _theirs) = duplex(8);
        let (probes, pending) = channel(2);
        for _ in 0..2 {
            probes.try_send(Pending::Probe(Version::V2)).unwrap();
        }
        drop(probes);
        let client = Metrics::new().connect([127, 0, 0, 1].into(), None);
        let acker = Acker {
            write: ours,
            client: &client,
            pending,
            keepalive: Duration::from_secs(3),
            due: Box::pin(sleep(Duration::from_secs(3))),
            stall_timeout: None,
        };
        let close = acker.run().await.unwrap();
        assert!(matches!(close, Close::AcksUnread(WRITE_TIMEOUT)), "{close}");
    }
}
