//! The way between a Filebeat and the server.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::world::Shared;

/// What the systems at both ends keep, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// The slowest that bytes are carried.
const BYTE_TIME_MAX: Duration = Duration::from_micros(100);

/// A connection: Filebeat's end and the server's. It is cut when `severed` is.
pub(super) fn connect(world: &Shared, severed: &CancellationToken) -> (DuplexStream, DuplexStream) {
    let (client, near) = duplex(BUFFER_BYTES);
    let (far, server) = duplex(BUFFER_BYTES);
    let cut = severed.child_token();
    let (near_read, near_write) = split(near);
    let (far_read, far_write) = split(far);
    for (from, to) in [(near_read, far_write), (far_read, near_write)] {
        let (world, cut) = (world.clone(), cut.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = cut.cancelled() => {}
                () = carry(&world, from, to, &cut) => {}
            }
        });
    }
    (client, server)
}

async fn carry(
    world: &Shared,
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    cut: &CancellationToken,
) {
    let net = world.lock().faults.net;
    let mut piece = vec![0; net.slice_bytes];
    loop {
        let Ok(bytes) = from.read(&mut piece).await else {
            return;
        };
        // Small pieces are quick: what is cut up small is not to take hours.
        let longest = net.latency.min(BYTE_TIME_MAX * bytes as u32);
        let way = world.lock().rng.u64(0..=longest.as_micros() as u64);
        if way > 0 {
            sleep(Duration::from_micros(way)).await;
        }
        if world.lock().strikes_bytes(net.cut, bytes) {
            world.note("cut", bytes as u64);
            cut.cancel();
            return;
        }
        if world.lock().strikes_bytes(net.half_open, bytes) {
            world.note("half open", bytes as u64);
            cut.cancelled().await;
            return;
        }
        let written = match bytes {
            0 => to.shutdown().await,
            _ => to.write_all(&piece[..bytes]).await,
        };
        if bytes == 0 || written.is_err() {
            return;
        }
    }
}
