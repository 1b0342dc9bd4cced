//! Each filter by tables: a filter as it is written in `pipeline.toml`, an event, and what becomes of it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are as blunt as tests, but clippy only sees those"
)]

mod support;

use sawmill_pipeline::Chain;
use serde_json::{Value as Json, json};

use support::{Made, filters, run};

/// What becomes of an event.
enum Want {
    Drop,
    Is(Json),
}

use Want::{Drop, Is};

fn check(toml: &str, table: impl IntoIterator<Item = (Json, Want)>) {
    let chain = Chain::build(&filters(toml)).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    for (event, want) in table {
        let want = match want {
            Drop => Made::Dropped,
            Is(document) => Made::Document(document),
        };
        assert_eq!(run(&chain, &event.to_string()), want, "{event}\n{toml}");
    }
}

/// As [`check`], for one field of which the event holds nothing else.
fn check_field(toml: &str, field: &str, table: impl IntoIterator<Item = (Json, Json)>) {
    let event = |value| json!({ field: value });
    let rows = table
        .into_iter()
        .map(|(before, after)| (event(before), Is(event(after))));
    check(toml, rows);
}

#[test]
fn first_puts_the_first_element_in_the_list_s_place() {
    let toml = r#"
        [[filter]]
        type = "first"
        field = "stream"
    "#;
    check_field(
        toml,
        "stream",
        [
            (json!(["app", "x"]), json!("app")),
            (json!([["a"], "b"]), json!(["a"])),
            (json!([{"a": [1]}, "b"]), json!({"a": [1]})),
            (json!([null, "b"]), json!(null)),
            (json!(["a\"\\\nb"]), json!("a\"\\\nb")),
            (json!("[a]"), json!("[a]")),
            (json!({"0": "a"}), json!({"0": "a"})),
            (json!(7), json!(7)),
        ],
    );
    check(
        toml,
        [
            (json!({"stream": [], "a": 1}), Is(json!({"a": 1}))),
            (json!({"a": 1}), Is(json!({"a": 1}))),
        ],
    );
}

#[test]
fn first_reaches_into_objects() {
    let toml = r#"
        [[filter]]
        type = "first"
        field = "[log][flags]"
    "#;
    check(
        toml,
        [
            (
                json!({"log": {"flags": ["multiline", "x"], "offset": 1}}),
                Is(json!({"log": {"flags": "multiline", "offset": 1}})),
            ),
            (json!({"log": ["a"]}), Is(json!({"log": ["a"]}))),
        ],
    );
}

#[test]
fn the_gate_lets_pass_what_meets_its_condition() {
    let toml = r#"
        [[filter]]
        type = "gate"
        if = '[group] == "pt" and [service]'
    "#;
    let passes = json!({"group": "pt", "service": "django", "message": 7});
    check(
        toml,
        [
            (passes.clone(), Is(passes)),
            (json!({"group": "pt", "service": "false"}), Drop),
            (json!({"group": "pt", "service": ""}), Drop),
            (json!({"group": "pt", "service": null}), Drop),
            (json!({"group": "pt"}), Drop),
            (json!({"group": "PT", "service": "x"}), Drop),
            (json!({"group": ["pt"], "service": "x"}), Drop),
            (json!({"fields": {"group": "pt"}, "service": "x"}), Drop),
            (json!({}), Drop),
        ],
    );
}

#[test]
fn set_writes_texts_numbers_and_templates() {
    let toml = r#"
        [[filter]]
        type = "set"
        [filter.fields]
        "[data_stream][dataset]" = "%{[service]}"
        "[data_stream][type]" = "logs"
        count = 3
        "key \"" = "a\"b\n%{n}"
        ratio = 0.5
        yes = true
    "#;
    let rest = json!({"count": 3, "key \"": "a\"b\n1.50", "ratio": 0.5, "yes": true, "n": "1.50"});
    let row = |service: Json, dataset: &str| {
        let mut want = rest.clone();
        want["service"] = service.clone();
        want["data_stream"] = json!({"dataset": dataset, "type": "logs"});
        (json!({"service": service, "n": "1.50"}), Is(want))
    };
    check(
        toml,
        [
            row(json!("django"), "django"),
            row(json!("dj\"\u{e4}\n"), "dj\"\u{e4}\n"),
            row(json!(""), ""),
            row(json!(42), "42"),
            row(json!(true), "true"),
            row(json!(["a", "b"]), "a,b"),
            row(json!({"a": 1}), r#"{"a":1}"#),
            row(json!(null), "%{[service]}"),
            row(json!("%{n}"), "%{n}"),
        ],
    );
}

#[test]
fn set_makes_room_for_what_it_sets() {
    let toml = r#"
        [[filter]]
        type = "set"
        [filter.fields]
        "[event][module]" = "pt"
    "#;
    check_field(
        toml,
        "event",
        [
            (
                json!({"kind": "event"}),
                json!({"kind": "event", "module": "pt"}),
            ),
            (json!({"module": ["old"]}), json!({"module": "pt"})),
            (json!(null), json!({"module": "pt"})),
            (json!("text"), json!({"module": "pt"})),
            (json!(["list"]), json!({"module": "pt"})),
            (json!(1), json!({"module": "pt"})),
        ],
    );
}

const SEED_GROK: &str = r#"
    [[filter]]
    type = "grok"
    patterns = ['^%{WORD:level}\|%{DATA:logger}\|%{GREEDYDATA:text}$']
    tag_on_failure = ["_no"]
"#;

#[test]
fn grok_takes_the_message_apart() {
    let matched = |message: Json, level: Json, logger: Json, text: Json| {
        let want = json!({"message": message, "level": level, "logger": logger, "text": text});
        (json!({"message": message}), Is(want))
    };
    let traceback = "ERROR|a.b|boom\nTraceback:\n  File \"a.py\", line 1\n\tC:\\x \u{1f600}\n";
    let long = format!(
        "ERROR|a|{}",
        "  File \"a.py\", line 1, in f\n".repeat(10_000)
    );
    check(
        SEED_GROK,
        [
            matched(
                json!("INFO|a.b|hi"),
                json!("INFO"),
                json!("a.b"),
                json!("hi"),
            ),
            matched(
                json!(traceback),
                json!("ERROR"),
                json!("a.b"),
                json!(traceback[10..]),
            ),
            matched(json!(long), json!("ERROR"), json!("a"), json!(long[8..])),
            matched(json!("a\nB|c|d"), json!("B"), json!("c"), json!("d")),
            // Element by element; the captures become lists.
            matched(
                json!(["A|b|c", 1, "D|e|f"]),
                json!(["A", "D"]),
                json!(["b", "e"]),
                json!(["c", "f"]),
            ),
            // Empty captures set nothing.
            (
                json!({"message": "A||"}),
                Is(json!({"message": "A||", "level": "A"})),
            ),
        ],
    );
}

#[test]
fn what_grok_cannot_match_is_tagged_and_kept() {
    for message in [
        json!("free text"),
        json!(12345),
        json!(true),
        json!(null),
        json!({"a": 1}),
        json!([]),
    ] {
        let want = json!({"message": message, "tags": ["_no"]});
        check(SEED_GROK, [(json!({"message": message}), Is(want))]);
    }
    check(
        SEED_GROK,
        [(
            json!({"other": 1}),
            Is(json!({"other": 1, "tags": ["_no"]})),
        )],
    );
}

#[test]
fn a_failure_tag_is_added_to_whatever_tags_hold() {
    let row = |tags: Json, want: Json| {
        let event = |tags| json!({"message": "x", "tags": tags});
        (event(tags), Is(event(want)))
    };
    check(
        SEED_GROK,
        [
            row(json!([]), json!(["_no"])),
            row(json!(["a"]), json!(["a", "_no"])),
            row(json!(["_no", "a"]), json!(["_no", "a"])),
            row(json!("a"), json!(["a", "_no"])),
            row(json!("_no"), json!("_no")),
            row(json!(5), json!([5, "_no"])),
            row(json!({"a": "b"}), json!([{"a": "b"}, "_no"])),
            row(json!(false), json!([false, "_no"])),
            row(json!(null), json!(["_no"])),
        ],
    );
}

#[test]
fn a_capture_is_added_to_a_field_that_is_there() {
    let toml = r#"
        [[filter]]
        type = "grok"
        patterns = ['^%{WORD:level}\|%{INT:[http][code]:int}$']
    "#;
    let row = |there: Json, want: Json| {
        let event = |level| json!({"message": "INFO|7", "level": level, "http": 1});
        let mut want = event(want);
        // An object is needed where a number stands.
        want["http"] = json!({"code": 7});
        (event(there), Is(want))
    };
    check(
        toml,
        [
            row(json!("old"), json!(["old", "INFO"])),
            row(json!("INFO"), json!(["INFO", "INFO"])),
            row(json!(["a", 1]), json!(["a", 1, "INFO"])),
            row(json!([]), json!(["INFO"])),
            row(json!(1), json!(1)),
            row(json!({"a": 1}), json!({"a": 1})),
            row(json!(null), json!("INFO")),
        ],
    );
    let fresh = json!({"message": "INFO|7", "level": "INFO", "http": {"code": 7}});
    check(toml, [(json!({"message": "INFO|7"}), Is(fresh))]);
    let overwrite = format!("{toml}\n overwrite = [\"level\"]");
    let row = |there: Json| {
        let want = json!({"message": "INFO|7", "level": "INFO", "http": {"code": 7}});
        (json!({"message": "INFO|7", "level": there}), Is(want))
    };
    check(
        &overwrite,
        [
            row(json!("old")),
            row(json!([1])),
            row(json!(null)),
            row(json!({"a": 1})),
        ],
    );
}

#[test]
fn the_first_rule_that_is_met_categorizes() {
    let toml = r#"
        [[filter]]
        type = "categorize"
        field = "logger"
        rules = [
            { prefix = "apps.", set = { stream = "app", module = "%{logger}" } },
            { equals = "werkzeug", set = { stream = "server" } },
            { suffix = ".tasks", set = { stream = "app", module = "tasks" } },
            { matches = '^bo(to)+$', set = { stream = "aws" } },
        ]
        otherwise = { stream = "unknown" }
    "#;
    let row = |logger: Json, stream: &str, module: Option<&str>| {
        let mut want = json!({"logger": logger, "stream": stream});
        if let Some(module) = module {
            want["module"] = json!(module);
        }
        (json!({"logger": logger, "stream": ["old"]}), Is(want))
    };
    check(
        toml,
        [
            row(json!("apps.x.tasks"), "app", Some("apps.x.tasks")),
            row(json!("x.tasks"), "app", Some("tasks")),
            row(json!("werkzeug"), "server", None),
            row(json!("werkzeug.x"), "unknown", None),
            row(json!("bototo"), "aws", None),
            row(json!("Apps.x"), "unknown", None),
            row(json!("apps.\u{e9}\n\"x"), "app", Some("apps.\u{e9}\n\"x")),
            row(json!(""), "unknown", None),
            row(json!(null), "unknown", None),
            row(json!(7), "unknown", None),
            row(json!(["werkzeug"]), "unknown", None),
            row(json!({"a": "werkzeug"}), "unknown", None),
        ],
    );
    check(toml, [(json!({}), Is(json!({"stream": "unknown"})))]);
}

const DATE: &str = r#"
    [[filter]]
    type = "date"
    field = "t"
    milliseconds = "ms"
    formats = ["ISO8601", "dd/MMM/yyyy:HH:mm:ss Z", "UNIX"]
    timezone = "Europe/Amsterdam"
"#;

#[test]
fn the_log_s_own_time_becomes_the_event_s() {
    let row = |t: Json, time: &str| {
        let want = json!({"t": t, "@timestamp": time});
        (
            json!({"t": t, "@timestamp": "2020-01-01T00:00:00.000Z"}),
            Is(want),
        )
    };
    check(
        DATE,
        [
            row(json!("2025-02-02T12:34:56"), "2025-02-02T11:34:56.000Z"),
            row(json!("2025-07-02T12:34:56"), "2025-07-02T10:34:56.000Z"),
            row(
                json!("2025-02-02 12:34:56,789123"),
                "2025-02-02T11:34:56.789Z",
            ),
            row(json!("2025-02-02T12:34:56Z"), "2025-02-02T12:34:56.000Z"),
            row(
                json!("02/Feb/2025:12:34:56 +0530"),
                "2025-02-02T07:04:56.000Z",
            ),
            row(json!("1738499696.5"), "2025-02-02T12:34:56.500Z"),
            row(json!(1_738_499_696), "2025-02-02T12:34:56.000Z"),
            // Of a local time that occurs twice the earlier counts.
            row(json!("2025-10-26T02:30:00"), "2025-10-26T00:30:00.000Z"),
        ],
    );
}

#[test]
fn a_time_that_cannot_be_read_is_tagged_and_a_missing_one_is_not() {
    for t in [
        json!("soon"),
        json!(""),
        json!("2025-02-30T12:34:56"),
        json!("2025-03-30T02:30:00"),
        json!("2025-02-02T12:34:56 "),
        json!(["2025-02-02T12:34:56"]),
        json!({"a": 1}),
        json!(true),
    ] {
        let want = json!({"t": t, "@timestamp": "x", "tags": ["_dateparsefailure"]});
        check(DATE, [(json!({"t": t, "@timestamp": "x"}), Is(want))]);
    }
    for event in [json!({"@timestamp": "x"}), json!({"t": null})] {
        check(DATE, [(event.clone(), Is(event))]);
    }
}

#[test]
fn milliseconds_come_from_their_own_field_unless_the_time_has_some() {
    let row = |t: &str, ms: Json, time: &str| {
        let want = json!({"t": t, "ms": ms, "@timestamp": time});
        (json!({"t": t, "ms": ms}), Is(want))
    };
    let whole = "2025-02-02T12:34:56";
    check(
        DATE,
        [
            row(whole, json!("789"), "2025-02-02T11:34:56.789Z"),
            row(whole, json!("5"), "2025-02-02T11:34:56.500Z"),
            row(whole, json!("123456789"), "2025-02-02T11:34:56.123Z"),
            row(whole, json!("-12"), "2025-02-02T11:34:56.000Z"),
            row(whole, json!(""), "2025-02-02T11:34:56.000Z"),
            row(whole, json!(789), "2025-02-02T11:34:56.000Z"),
            row(whole, json!(["789"]), "2025-02-02T11:34:56.000Z"),
            row(
                "2025-02-02T12:34:56.1",
                json!("789"),
                "2025-02-02T11:34:56.100Z",
            ),
        ],
    );
}

#[test]
fn any_filter_runs_only_under_its_condition() {
    let filters = [
        ("type = \"first\"\nfield = \"list\"", "list", json!(1)),
        ("type = \"set\"\nfields = { new = 1 }", "new", json!(1)),
        (
            "type = \"grok\"\npatterns = ['^%{WORD:word}']",
            "word",
            json!("hello"),
        ),
        (
            "type = \"categorize\"\nfield = \"x\"\nrules = []\notherwise = { new = 1 }",
            "new",
            json!(1),
        ),
        (
            "type = \"date\"\nfield = \"message\"\nformats = [\"UNIX\"]",
            "tags",
            json!(["_dateparsefailure"]),
        ),
    ];
    for (filter, field, value) in filters {
        let toml = format!("[[filter]]\nif = '[run] == 1 and \"t\" in [message]'\n{filter}");
        let event =
            |run: u8, message: &str| json!({"run": run, "message": message, "list": [1, 2]});
        let mut want = event(1, "hello t");
        want[field] = value;
        check(
            &toml,
            [
                (event(1, "hello t"), Is(want)),
                (event(0, "hello t"), Is(event(0, "hello t"))),
                (event(1, "hello"), Is(event(1, "hello"))),
            ],
        );
    }
}

#[test]
fn an_event_that_one_filter_drops_does_not_reach_the_next() {
    let toml = r#"
        [[filter]]
        type = "set"
        fields = { seen = "first" }

        [[filter]]
        type = "gate"
        if = '[seen] == "first" and [pass]'

        [[filter]]
        type = "set"
        fields = { seen = "both" }
    "#;
    check(
        toml,
        [
            (json!({"pass": 1}), Is(json!({"pass": 1, "seen": "both"}))),
            (json!({}), Drop),
        ],
    );
}
