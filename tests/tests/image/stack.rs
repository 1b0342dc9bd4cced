//! The application's lines through the whole stack, without Kibana: all of them, once.

use std::thread::sleep;
use std::time::{Duration, Instant};

use sawmill_tests::{Comparison, until};

use crate::compose::{PATIENCE, Stack};
use crate::docker::{Container, docker_ok, stop};
use crate::expected::{Fields, expected, found};

const STREAMS: [&str; 6] = ["django", "server", "system", "aws", "network", "app"];

/// The seed's examples for Kibana, as fields and what they must hold.
const QUERIES: [&[(&str, &str)]; 12] = [
    &[("group", "pt")],
    &[("service", "django")],
    &[("log_level", "ERROR")],
    &[("app_module", "parcels")],
    &[("group", "pt"), ("service", "django")],
    &[("service", "django"), ("stream", "django")],
    &[("service", "django"), ("stream", "aws")],
    &[("service", "django"), ("stream", "app")],
    &[("service", "django"), ("app_module", "parcels")],
    &[("stream", "app"), ("app_module", "parcels")],
    &[("app_module", "parcels"), ("log_level", "ERROR")],
    &[
        ("service", "django"),
        ("stream", "app"),
        ("log_level", "ERROR"),
    ],
];

#[test]
fn every_line_is_stored_once_with_the_seeds_fields_although_sawmill_is_stopped_and_started() {
    let started = Instant::now();
    let services = ["django", "redis", "filebeat", "sawmill"];
    let stack = Stack::up("all", &services, Vec::new());
    println!("up after {} s", started.elapsed().as_secs());
    make_traffic(&stack);

    let mut want = Vec::new();
    for stream in STREAMS {
        let lines = stack.in_django(&format!("cat apps/logs/{stream}.log*"));
        // Filebeat passes over lines without anything in them.
        let lines = lines.lines().filter(|line| !line.is_empty());
        let before = want.len();
        want.extend(lines.map(expected));
        println!("{stream}.log has {} lines", want.len() - before);
        assert!(want.len() > before, "{stream}.log");
    }
    until(
        &format!("all {} lines are stored", want.len()),
        PATIENCE,
        || stack.count() >= want.len(),
    );
    // Whatever is sent twice is sent by now.
    sleep(Duration::from_secs(3));
    let stored: Vec<Fields> = stack.documents().iter().map(found).collect();
    println!("{} lines, {} documents", want.len(), stored.len());
    let rows = |of: &[Fields]| of.iter().map(|fields| format!("{fields:?}")).collect();
    let (want_rows, stored_rows): (sawmill_tests::Lines, _) = (rows(&want), rows(&stored));
    assert_eq!(want_rows.compare(&stored_rows), Comparison::SAME);
    find_what_the_seeds_queries_should(&stack, &want);
}

/// A minute of it, with Sawmill stopped and started again and again.
fn make_traffic(stack: &Stack) {
    let (sawmill, django) = (stack.container("sawmill"), stack.container("django"));
    let traffic = ["python", "manage.py", "make_traffic", "--seconds", "60"];
    docker_ok(&[&["exec", "--detach", &django], &traffic[..]].concat());
    until("a line comes through", PATIENCE, || stack.count() > 0);
    for _ in 0..4 {
        let before = stack.count();
        assert_eq!(stop(&sawmill), 0);
        println!("{before} documents, and {} when stopped", stack.count());
        sleep(Duration::from_secs(2));
        docker_ok(&["start", &sawmill]);
        // Filebeat tries again after some seconds, and looks for new lines every ten at least.
        sleep(Duration::from_secs(9));
    }
    until("the traffic ends", PATIENCE, || {
        !docker_ok(&["top", &django]).contains("make_traffic")
    });
}

fn find_what_the_seeds_queries_should(stack: &Stack, lines: &[Fields]) {
    for terms in QUERIES {
        let query: Vec<String> = { terms.iter() }
            .map(|(field, value)| format!("{field}:{value}"))
            .collect();
        let query = query.join(" AND ");
        let matches = |line: &&Fields| {
            { terms.iter() }.all(|(field, value)| {
                line.get(format!("/{field}").as_str()).map(String::as_str) == Some(*value)
            })
        };
        let want = lines.iter().filter(matches).count() as u64;
        assert!(want > 0, "no line is one of {query}");
        assert_eq!(stack.finds(&query), want, "{query}");
        println!("{query}: {want}");
    }
}

#[test]
fn sawmill_alone_serves_a_stack_that_is_beside_it_or_on_the_host_if_its_password_is_right() {
    let existing = Stack::up("all", &["setup"], Vec::new());
    existing.until_it_says("setup", "setup: done");
    let network = existing.network();
    let port = existing.published("elasticsearch", "9200");
    let on_host = format!("http://host.docker.internal:{port}");
    for (profile, service, variables) in [
        (
            "beside",
            "sawmill-beside",
            vec![("SAWMILL_NETWORK", network.clone())],
        ),
        (
            "host",
            "sawmill-host",
            vec![
                ("ELASTICSEARCH_HOSTS", on_host.clone()),
                ("ELASTICSEARCH_URL", on_host),
            ],
        ),
    ] {
        let alone = Stack::up(profile, &[service], variables);
        alone.until_it_says(
            service,
            "user logstash_writer_pt may write to the data streams",
        );
        if profile == "host" {
            assert!(alone.run("setup").contains("setup: done"));
        }
        // As the seed's Filebeat comes, from a compose file of its own.
        let other = Container::run(&["--add-host=host.docker.internal:host-gateway"]);
        other.until_it_says("listening");
        assert!(other.finds("host.docker.internal:5044"));
    }

    let network = format!("--network={network}");
    let hosts = "--env=ELASTICSEARCH_HOSTS=http://elasticsearch:9200";
    for (password, says) in [
        ("wrong", "check the user and the password"),
        ("", "set LOGSTASH_WRITER_PASSWORD"),
    ] {
        let password = format!("--env=LOGSTASH_WRITER_PASSWORD={password}");
        let container = Container::run(&[&network, hosts, &password]);
        container.until_it_says(says);
        container.until_it_says("401");
        println!("{}\n", container.first_screen());
    }
}
