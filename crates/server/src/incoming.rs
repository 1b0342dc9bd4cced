//! The bytes of a connection as they come.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// What was received and not yet taken. A connection that waits for its peer's next word holds no
/// memory for it.
pub(crate) struct Incoming<R> {
    read: R,
    pub(crate) bytes: BytesMut,
}

/// What one read may bring: most events, every head, and small windows whole.
pub(crate) const READ_BYTES: usize = 16 * 1024;

/// Step in which the buffer grows towards a large frame. The frame's announced size is not trusted,
/// but this holds a full window of a Filebeat.
const GROW_BYTES: usize = 512 * 1024;

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(crate) fn new(read: R) -> Self {
        let bytes = BytesMut::new();
        Self { read, bytes }
    }

    /// One read of what there is, towards `target` bytes in all and, where that is a large frame, not
    /// beyond it. Returns how many bytes came: none when the peer has ended.
    pub(crate) async fn read(&mut self, target: usize) -> io::Result<usize> {
        if target > READ_BYTES {
            self.grow(target);
            let room = target - self.bytes.len();
            return self.read.read_buf(&mut (&mut self.bytes).limit(room)).await;
        }
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
        poll_fn(|context| read_over_stack(Pin::new(&mut self.read), &mut self.bytes, context)).await
    }

    /// Makes room for a large frame step by step, so that what is announced is not allocated before
    /// it comes.
    fn grow(&mut self, target: usize) {
        let length = self.bytes.len();
        if length == self.bytes.capacity() {
            let capacity = target.min((2 * length).max(GROW_BYTES));
            let mut larger = BytesMut::with_capacity(capacity);
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
    }
}

/// Reads by way of the stack: nothing is allocated before something has come, and then only its size.
fn read_over_stack(
    read: Pin<&mut impl AsyncRead>,
    bytes: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut room = [MaybeUninit::uninit(); READ_BYTES];
    let mut came = ReadBuf::uninit(&mut room);
    ready!(read.poll_read(context, &mut came))?;
    bytes.extend_from_slice(came.filled());
    Poll::Ready(Ok(came.filled().len()))
}

/// Whether a failed read only means that the peer left. Load balancers end their health checks with a reset.
pub(crate) fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_for_its_peer_holds_nothing() {
        let mut incoming = Incoming::new(&b"some"[..]);
        assert_eq!(incoming.read(4).await.unwrap(), 4);
        assert_eq!(&incoming.bytes.split_to(4)[..], b"some");
        assert_eq!(incoming.read(4).await.unwrap(), 0, "the end");
        assert_eq!(incoming.bytes.capacity(), 0);
    }

    #[tokio::test]
    async fn a_large_frame_grows_as_it_comes_and_takes_nothing_of_the_next() {
        const FRAME: usize = 3 * GROW_BYTES;
        let sent = vec![7; FRAME + 100];
        let mut incoming = Incoming::new(&sent[..]);
        incoming.read(10).await.unwrap();
        let mut capacity = GROW_BYTES;
        while incoming.bytes.len() < FRAME {
            incoming.read(FRAME).await.unwrap();
            assert!(incoming.bytes.capacity() <= capacity);
            capacity = (2 * capacity).min(FRAME);
        }
        assert_eq!(incoming.bytes.len(), FRAME);
    }
}
