//! What goes wrong, as a function of a seed.

use std::time::Duration;

use fastrand::Rng;
use sawmill_intake::DocumentIds;
use tokio::time::{Instant, sleep};

use super::world::Shared;

/// How likely each fault is, in thousandths, and what else differs between seeds.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    pub(super) seed: u64,
    pub(super) clients: u32,
    pub(super) events_each: u32,
    pub(super) document_ids: DocumentIds,
    /// The server's memory budget, in bytes.
    pub(super) budget_bytes: usize,
    pub(super) stall_timeout: Option<Duration>,
    pub(super) bulk: Bulk,
    pub(super) net: Net,
    /// A pause between outages, or between ends of the server, is at most this long.
    pub(super) pause: Option<Duration>,
    /// Says that events are stored, and stores none.
    pub(super) lies: bool,
}

/// What happens to a bulk request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bulk {
    /// Lost on the way there.
    pub(super) lost: u32,
    /// Taken, and the answer lost.
    pub(super) answer_lost: u32,
    /// Taken twice, as by a proxy that tries again.
    pub(super) twice: u32,
    /// No answer until the client gives up.
    pub(super) silent: u32,
    /// 429 or 503 for all of it.
    pub(super) busy: u32,
    /// Each item: 429.
    pub(super) item_busy: u32,
    /// An answer that is none: a page, a piece, too few items.
    pub(super) garbage: u32,
    /// 413 beyond so many bytes.
    pub(super) bytes_max: Option<usize>,
    /// The longest way there or back.
    pub(super) latency: Duration,
}

/// What happens to bytes between Filebeat and the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Net {
    /// For each KiB that is carried: the connection is cut.
    pub(super) cut: u32,
    /// Nothing is carried any more, and nobody is told.
    pub(super) half_open: u32,
    /// Bytes carried at a time, at most.
    pub(super) slice_bytes: usize,
    pub(super) latency: Duration,
}

impl Faults {
    /// When the last fault comes.
    pub(super) const LAST: Duration = Duration::from_mins(5);

    /// A world where nothing goes wrong.
    pub(super) fn none(seed: u64) -> Self {
        Self {
            seed,
            clients: 2,
            events_each: 60,
            document_ids: DocumentIds::Auto,
            budget_bytes: 1 << 20,
            stall_timeout: None,
            bulk: Bulk {
                latency: Duration::from_millis(20),
                ..Bulk::default()
            },
            net: Net {
                slice_bytes: 1 << 16,
                latency: Duration::from_millis(1),
                ..Net::default()
            },
            pause: None,
            lies: false,
        }
    }

    /// The world of a seed. Most faults are left out of most worlds, so that each is seen by itself, too.
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        Self {
            seed,
            clients: rng.u32(1..=4),
            events_each: rng.u32(1..=120),
            document_ids: if rng.bool() {
                DocumentIds::Origin
            } else {
                DocumentIds::Auto
            },
            budget_bytes: 1 << rng.u32(13..=20),
            stall_timeout: rng.bool().then(|| Duration::from_secs(rng.u64(5..60))),
            bulk: Bulk {
                lost: chance(rng, 300),
                answer_lost: chance(rng, 300),
                twice: chance(rng, 200),
                silent: chance(rng, 50),
                busy: chance(rng, 500),
                item_busy: chance(rng, 300),
                garbage: chance(rng, 200),
                bytes_max: (rng.u32(0..4) == 0).then(|| rng.usize(500..5_000)),
                latency: Duration::from_millis(rng.u64(0..2_000)),
            },
            net: Net {
                cut: chance(rng, 100),
                half_open: chance(rng, 30),
                slice_bytes: 1 << rng.u32(0..=16),
                latency: Duration::from_millis(rng.u64(0..200)),
            },
            pause: (rng.u32(0..3) > 0).then(|| Duration::from_millis(rng.u64(100..60_000))),
            lies: false,
        }
    }
}

/// None at all half of the time.
fn chance(rng: &mut Rng, most: u32) -> u32 {
    if rng.bool() { 0 } else { rng.u32(1..=most) }
}

/// What is wrong with Elasticsearch for a while, or with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outage {
    Credentials,
    ReadOnly,
    Template,
    Unreachable,
}

/// Brings outages and ends of the server, until the last fault has come; then it is calm.
pub(super) async fn weather(world: Shared) {
    let end = Instant::now() + Faults::LAST;
    let pause = world.lock().faults.pause;
    while let Some(pause) = pause.filter(|_| Instant::now() < end) {
        let wait = world.lock().rng.u64(0..=pause.as_millis() as u64);
        sleep(Duration::from_millis(wait)).await;
        let kind = world.lock().rng.u32(0..8);
        match kind {
            0 => outage(&world, Outage::Credentials).await,
            1 => outage(&world, Outage::ReadOnly).await,
            2 => outage(&world, Outage::Template).await,
            3 => outage(&world, Outage::Unreachable).await,
            4 | 5 => restart(&world, true).await,
            _ => restart(&world, false).await,
        }
    }
    tokio::time::sleep_until(end).await;
    world.lock().calm = true;
}

async fn outage(world: &Shared, outage: Outage) {
    world.note("outage", outage as u64);
    world.lock().outage = Some(outage);
    let length = world.lock().rng.u64(1..90_000);
    sleep(Duration::from_millis(length)).await;
    world.lock().outage = None;
}

/// Ends the server, by force or not, and starts another one after a while.
async fn restart(world: &Shared, by_force: bool) {
    world.note("restart", u64::from(by_force));
    let server = world.lock().server.take();
    if let Some(server) = server {
        if !by_force {
            server.stop().await;
        }
        server.kill();
    }
    let down = world.lock().rng.u64(1..20_000);
    sleep(Duration::from_millis(down)).await;
    world.start_server();
}
