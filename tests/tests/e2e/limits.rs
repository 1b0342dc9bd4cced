//! More comes in than can go out.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{
    Comparison, Disk, Django, Elasticsearch, Filebeat, Pace, Sawmill, Sender, Settings,
    stored_messages, until,
};

use crate::{PATIENCE, folder};

const MIB: u64 = 1024 * 1024;

const CLIENTS: usize = 200;
const WINDOWS: usize = 2;
/// What Sawmill may hold beside its budget: itself, its threads' stacks, its connections.
const BESIDE_THE_BUDGET: u64 = 64 * MIB;

#[test]
fn while_elasticsearch_stalls_two_hundred_clients_wait_calmly() {
    let reconnections = stalled(256 * MIB);
    assert_eq!(reconnections, 0);
}

/// What does not fit is not read, so clients that cannot get rid of a window in time have to come again.
#[test]
fn while_elasticsearch_stalls_a_tight_budget_holds_and_nothing_is_lost() {
    stalled(64 * MIB);
}

/// Ten times as many clients as the budget has room for; most of what they send is not read.
#[test]
fn while_elasticsearch_stalls_two_thousand_clients_stay_within_the_budget() {
    const CLIENTS: usize = 2_000;
    const BUDGET: u64 = 256 * MIB;
    const BESIDE: u64 = 96 * MIB;
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let settings =
        Settings::elasticsearch(&elasticsearch).with("MEMORY__BUDGET", BUDGET.to_string());
    let sawmill = Sawmill::start(dir.path(), settings);
    elasticsearch.freeze();
    let sender = Sender::start(&sawmill.beats_address(), CLIENTS, 1);
    let peak = peak_bytes(&sawmill, Duration::from_secs(40));
    println!(
        "{CLIENTS} clients, budget {} MiB: {} MiB resident",
        BUDGET / MIB,
        peak / MIB
    );
    assert_eq!(sender.finished(), 0, "acknowledged, and not stored");
    assert!(peak > BUDGET / 2, "the budget is made use of");
    assert!(peak <= BUDGET + BESIDE, "{} MiB resident", peak / MIB);
}

/// Lets the clients run into an Elasticsearch that answers nothing, for longer than they wait for a byte, and then lets
/// it go on. Checks the memory all the while, and that everything is stored in the end; the clients' reconnections.
fn stalled(budget: u64) -> usize {
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let settings =
        Settings::elasticsearch(&elasticsearch).with("MEMORY__BUDGET", budget.to_string());
    let sawmill = Sawmill::start(dir.path(), settings);
    let idle = sawmill.resident_bytes();
    elasticsearch.freeze();
    let sender = Sender::start(&sawmill.beats_address(), CLIENTS, WINDOWS);
    let stalled = peak_bytes(&sawmill, Duration::from_secs(45));
    assert_eq!(sender.finished(), 0, "acknowledged, and not stored");
    elasticsearch.thaw();
    let mut working = 0;
    until("all clients are done", 2 * PATIENCE, || {
        working = working.max(sawmill.resident_bytes());
        sender.finished() == CLIENTS
    });

    let reconnections = sender.reconnections();
    println!(
        "budget {} MiB: {} MiB resident when idle, {} stalled, {} at work; {reconnections} reconnections",
        budget / MIB,
        idle / MIB,
        stalled / MIB,
        working / MIB
    );
    let peak = stalled.max(working);
    assert!(
        peak <= budget + BESIDE_THE_BUDGET,
        "{} MiB resident",
        peak / MIB
    );
    // More if Elasticsearch carried out requests whose answers came too late.
    assert!(elasticsearch.count("logs-*-pt") >= Sender::events(CLIENTS * WINDOWS) as u64);
    reconnections
}

#[test]
fn a_full_disk_is_named_and_waited_out() {
    let dir = folder();
    let output = dir.path().join("output");
    let disk = Disk::mount(&output, 4);
    let sawmill = Sawmill::start(dir.path(), Settings::local(&output));
    let filebeat = Filebeat::start(dir.path(), &sawmill);
    let lines = Django::write(dir.path(), 20_000, Pace::Full)
        .finish()
        .lines();

    sawmill.until_it_says(&["space"], Duration::from_mins(1));
    sleep(Duration::from_secs(5));
    let acknowledged = filebeat.acknowledged();
    assert!(
        acknowledged < lines.count(),
        "it was acknowledged and not stored"
    );

    disk.grow(200);
    filebeat.until_acknowledged(lines.count(), PATIENCE);
    assert_eq!(lines.compare(&stored_messages(&output)), Comparison::SAME);
    assert_eq!(filebeat.errors(), [""; 0]);
    drop(sawmill);
}

fn peak_bytes(sawmill: &Sawmill, over: Duration) -> u64 {
    let samples = over.as_millis() / 100;
    let sample = |_| {
        sleep(Duration::from_millis(100));
        sawmill.resident_bytes()
    };
    (0..samples).map(sample).max().unwrap_or_default()
}
