//! The server in a world that can be repeated: simulated Filebeats, a simulated network and a simulated Elasticsearch,
//! under a clock that stands still while anybody has something to do.
//!
//! Everything between the first byte of a connection and the bulk request is the real thing: reader, windows, intake,
//! memory, output, requests, retries, acker. What goes wrong around it is a function of a seed, and so is all the rest:
//! one thread, one clock, one source of chance. A seed that fails fails again:
//!
//! ```text
//! SAWMILL_SEED=4711 cargo test -p sawmill-server simulation -- --nocapture
//! ```
//!
//! What must hold, whatever happens: an event is stored or dead-lettered before its window is acknowledged; a window is
//! acknowledged once, in its turn, by its last event's sequence; nothing hangs once the faults have ceased; and with
//! `document_id = "origin"` nothing is stored twice. The simulated parts are fakes, so that faults come when they are
//! called; the real ones have their turn in `tests/`.

mod elasticsearch;
mod faults;
mod filebeat;
mod network;
mod server;
mod world;

use std::env;
use std::time::Duration;

use sawmill_intake::DocumentIds;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::faults::{Faults, weather};
use self::filebeat::Filebeat;
use self::world::{Shared, World};

/// Seeds that a run of the tests goes through. A minute's worth on a slow machine.
const SEEDS: u64 = 2_000;
/// What a seed may take once nothing goes wrong any more, on the simulated clock.
const CALM_MAX: Duration = Duration::from_hours(1);

/// What a seed came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// All that happened, in one number.
    trace: u64,
    events: usize,
    /// Those that were sent again included.
    received: usize,
    stored_twice: usize,
    dead_letters: usize,
    faults: u64,
}

fn simulate(faults: Faults) -> Outcome {
    // Waits between tries have chance in them.
    fastrand::seed(faults.seed);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::begin(faults);
        let clients = world.lock().faults.clients;
        let weather = tokio::spawn(weather(Shared::clone(&world)));
        let mut filebeats = JoinSet::new();
        for number in 0..clients {
            filebeats.spawn(Filebeat::new(Shared::clone(&world), number).run());
        }
        let all = async {
            while let Some(ended) = filebeats.join_next().await {
                ended.unwrap();
            }
        };
        let ended = timeout(Faults::LAST + CALM_MAX, all).await;
        assert!(
            ended.is_ok(),
            "something hangs: {:?}",
            world.lock().summary()
        );
        weather.abort();
        world.lock().judge()
    })
}

fn seeds() -> Box<dyn Iterator<Item = u64>> {
    match env::var("SAWMILL_SEED") {
        Ok(seed) => Box::new(std::iter::once(
            seed.parse().expect("SAWMILL_SEED is a number"),
        )),
        Err(_) => Box::new(0..SEEDS),
    }
}

#[test]
fn whatever_breaks_nothing_acknowledged_is_lost_and_nothing_with_an_id_is_stored_twice() {
    let (mut events, mut dead, mut twice, mut faults) = (0, 0, 0, 0);
    for seed in seeds() {
        let chosen = Faults::of(seed);
        let ids = chosen.document_ids;
        let outcome = std::panic::catch_unwind(|| simulate(chosen)).unwrap_or_else(|_| {
            panic!("seed {seed} failed; again: SAWMILL_SEED={seed} cargo test -p sawmill-server simulation")
        });
        events += outcome.events;
        dead += outcome.dead_letters;
        faults += outcome.faults;
        if ids == DocumentIds::Auto {
            twice += outcome.stored_twice;
        }
    }
    if env::var_os("SAWMILL_SEED").is_none() {
        assert!(
            faults > 0 && dead > 0 && twice > 0,
            "faults come, and are felt"
        );
    }
    println!(
        "{events} events, {faults} faults, {dead} dead letters, {twice} stored twice without ids"
    );
}

#[test]
fn a_seed_says_all_that_happens() {
    for seed in [1, 2, 3, 4711] {
        assert_eq!(
            simulate(Faults::of(seed)),
            simulate(Faults::of(seed)),
            "{seed}"
        );
    }
}

/// The oracle itself: an Elasticsearch that says "stored" and stores nothing is found out.
#[test]
#[should_panic(expected = "is neither stored nor a dead letter")]
fn an_ack_for_what_is_not_stored_is_noticed() {
    simulate(Faults {
        lies: true,
        ..Faults::none(1)
    });
}

#[test]
fn without_faults_every_event_is_stored_once() {
    let outcome = simulate(Faults::none(7));
    assert_eq!((outcome.faults, outcome.stored_twice), (0, 0));
    assert!(outcome.events > 0);
    assert_eq!(outcome.received, outcome.events);
}
