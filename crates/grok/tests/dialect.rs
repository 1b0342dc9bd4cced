//! Ruby's dialect, and what is said about patterns that are not in it.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use sawmill_grok::{Coerce, Engine, Flavor, Grok, Library, Options, Timeout};

fn compile(pattern: &str) -> Result<Grok, String> {
    let grok = Grok::compile(
        &Library::new(Flavor::EcsV1),
        &[pattern],
        &Options::default(),
    );
    grok.map_err(|error| error.to_string())
}

/// The captured texts, without those of groups that took no part.
fn texts<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let grok = compile(pattern).unwrap_or_else(|error| panic!("{error}"));
    let mut scratch = grok.scratch();
    let found = grok.find(text, &mut scratch).unwrap()?;
    Some(
        found
            .captures()
            .filter_map(|(_, range)| Some(&text[range?]))
            .collect(),
    )
}

#[test]
fn expressions_mean_what_they_mean_in_ruby() {
    for (pattern, text, want) in [
        // A dot takes a line break unless told otherwise; anchors are at lines.
        ("(?<x>a.b)", "a\nb", Some(vec!["a\nb"])),
        ("(?<x>(?-m:a.b))", "a\nb", None),
        ("^(?<x>b+)$", "a\nbb\nc", Some(vec!["bb"])),
        (r"\A(?<x>b)", "a\nb", None),
        (r"(?<x>b)\z", "b\n", None),
        (r"(?<x>b)\Z", "b\n", Some(vec!["b"])),
        // `^` is not at the end of a text that ends with a line break; `$` is.
        ("^(?<x>b*)$", "a\n", None),
        (r"\n(?<x>b*)$", "a\n", Some(vec![""])),
        // Shorthands are ASCII, POSIX classes and word boundaries are not.
        (r"^(?<x>\w+)$", "é", None),
        (r"(?<x>\d)", "٣", None),
        ("^(?<x>[[:alpha:]]+)$", "é", Some(vec!["é"])),
        ("^(?<x>[[[:alnum:]]_-]+)$", "é_-", Some(vec!["é_-"])),
        (r"(?<x>a\b)", "aé", None),
        (r"^(?<x>\h+)", "BEEFx", Some(vec!["BEEF"])),
        // Classes: ranges, nesting, intersection, a bracket in the first place.
        ("^(?<x>[a-c&&[^b]]+)", "acb", Some(vec!["ac"])),
        ("^(?<x>[]a]+)", "a]b", Some(vec!["a]"])),
        ("^(?<x>[+-9.]+)", "1,2-3", Some(vec!["1,2-3"])),
        // Named groups make plain ones stop capturing; a name may repeat.
        ("(a)(?<x>b)(c)", "abc", Some(vec!["b"])),
        ("(?<x>a)(?<x>b)", "ab", Some(vec!["a", "b"])),
        // Groups of one name are handled together, as in jls-grok.
        (
            "%{INT:a} %{WORD:b} %{INT:a}",
            "1 x 2",
            Some(vec!["1", "2", "x"]),
        ),
        // Options reach over the alternatives behind them.
        ("^(?<x>(?i)a|b)$", "B", Some(vec!["B"])),
        ("^(?<x>a(?i)b|c)$", "aC", Some(vec!["aC"])),
        // Repetitions: `{,n}`, an optional `{n}`, stacked ones, a brace that is none.
        ("^(?<x>a{,2})a", "aaa", Some(vec!["aa"])),
        ("^(?<x>a{2}?)$", "", Some(vec![""])),
        ("^(?<x>a?*)$", "aaa", Some(vec!["aaa"])),
        ("(?<x>{a})", "{a}", Some(vec!["{a}"])),
        ("^(?<x>a++)a", "aaa", None),
        // Beyond what is regular.
        (
            r#"(?<q>['"])(?<x>.*?)\k<q>"#,
            r#""a'b""#,
            Some(vec!["\"", "a'b"]),
        ),
        (r#"^(?<q>")?(?<x>\w)(?(<q>)")$"#, "\"a", None),
        (r"(?<x>\w+)(?=;)", "a b;", Some(vec!["b"])),
        (r"(?<x>(?>a+)ab)", "aaab", None),
    ] {
        assert_eq!(texts(pattern, text), want, "{pattern} with {text:?}");
    }
}

#[test]
fn popular_patterns_take_what_they_take_in_logstash() {
    for (pattern, text, want) in [
        ("%{NUMBER:n}", "a1.5b", Some(vec!["1.5"])),
        ("%{NUMBER:n}", "1.2.3", Some(vec!["1.2"])),
        ("^%{NUMBER:n}%{INT:i}$", "123", None),
        ("%{IPV4:ip}", "1.2.3.4567", None),
        ("%{TIME:t}", "x12:34:56.7,", Some(vec!["12:34:56.7"])),
        ("%{TIME:t}", "12:34:567", None),
        ("%{QS:q}", r#"say "a \" b" now"#, Some(vec![r#""a \" b""#])),
        ("%{QS:q}", r#"say \"a" now"#, None),
        ("%{YEAR:y}", "20245", Some(vec!["2024"])),
        (
            "%{HTTPDATE:d}",
            "[05/Mar/2024:06:07:08 +0000]",
            Some(vec!["05/Mar/2024:06:07:08 +0000"]),
        ),
    ] {
        assert_eq!(texts(pattern, text), want, "{pattern} with {text:?}");
    }
}

#[test]
fn field_names_and_types_are_those_written() {
    let grok = compile(
        r"%{IP:[source][ip]} %{INT:n:int} %{INT:n:int} %{NUMBER:f:float} (?<a.b>.)(?<c:d>.) %{INT:x:long}",
    );
    let grok = grok.unwrap();
    let got: Vec<_> = grok
        .captures()
        .iter()
        .map(|c| (c.name.as_str(), c.coerce))
        .collect();
    let want = [
        ("[source][ip]", None),
        ("n", Some(Coerce::Int)),
        // Of several groups with one name, jls-grok turns only the first into a number.
        ("n", None),
        ("f", Some(Coerce::Float)),
        ("a.b", None),
        ("d", None),
        ("x", None),
    ];
    assert_eq!(got, want);
}

#[test]
fn what_cannot_be_compiled_is_named_with_its_place() {
    for (pattern, wants) in [
        (
            "%{IPV5:x}",
            &["%{IPV5}", "not defined", "did you mean `%{IPV4}`?"][..],
        ),
        ("a(b", &["`a(b`", "`)` is missing"]),
        ("a)b", &["unmatched `)`"]),
        ("*a", &["nothing to repeat at `*a`"]),
        ("[a", &["without its `]`"]),
        ("[b-a]", &["empty range"]),
        ("a{2,1}", &["smaller number of repetitions"]),
        ("a{999999}", &["too large a number"]),
        ("a?*?*?*?*?*?*?*?*", &["repetitions of a repetition"]),
        ("[[:alnom:]]", &["unknown class name"]),
        (r"\k<x>", &["unknown group"]),
        (
            r"(?<x>a)\1",
            &["numbered back-reference beside named groups"],
        ),
        (r"a\Kb", &["not supported", r"\K"]),
        ("(?~a)", &["not supported"]),
        (r"a\", &[r"`\` at the end"]),
        ("%{BAD=x(}", &["`)` is missing"]),
    ] {
        let error = compile(pattern).unwrap_err();
        for want in wants {
            assert!(error.contains(want), "{pattern}: {error}");
        }
    }
    // As deep as is allowed does not exhaust a thread's stack, and deeper is refused.
    let nested = format!("{}a{}", "(?:".repeat(90), "){1}{1}{1}".repeat(90));
    assert!(compile(&nested).is_ok());
    let deep = "(".repeat(10_000);
    assert!(compile(&deep).unwrap_err().contains("too deep"));
}

#[test]
fn a_fault_in_a_definition_is_found_there() {
    let mut library = Library::new(Flavor::EcsV1);
    library.define("INNER", "[0-9");
    library.define("OUTER", "<%{INNER}>");
    let error = Grok::compile(&library, &["%{OUTER:x}"], &Options::default()).unwrap_err();
    assert!(
        error.to_string().contains("in the definition of `INNER`"),
        "{error}"
    );
}

#[test]
fn too_many_steps_are_a_timeout_and_no_panic() {
    let options = Options {
        steps_max: 1_000,
        ..Options::default()
    };
    let patterns = ["(?<q>x)y", "^(?<x>(?:a(?=..)|a)*)c"];
    let grok = Grok::compile(&Library::empty(), &patterns, &options).unwrap();
    let engines: Vec<_> = grok.engines().collect();
    assert_eq!(engines[0], Engine::Linear);
    assert_eq!(
        engines[1],
        Engine::Backtracking {
            steps_max: 1_000,
            reason: "look-ahead (?=…)"
        }
    );
    let text = format!("{}bc", "a".repeat(50));
    let timeout = grok.find(&text, &mut grok.scratch()).unwrap_err();
    assert_eq!(
        timeout,
        Timeout {
            pattern: 1,
            steps_max: 1_000
        }
    );
}

#[test]
fn the_first_pattern_that_matches_wins() {
    let patterns = ["%{INT:a}", "%{WORD:b}", "%{INT:c}"];
    let grok = Grok::compile(
        &Library::new(Flavor::Legacy),
        &patterns,
        &Options::default(),
    )
    .unwrap();
    let mut scratch = grok.scratch();
    assert_eq!(
        grok.find("x 1", &mut scratch).unwrap().unwrap().pattern(),
        0
    );
    assert_eq!(grok.find("x", &mut scratch).unwrap().unwrap().pattern(), 1);
    assert!(grok.find("-", &mut scratch).unwrap().is_none());
    let later = grok.find_from(1, "x 1", &mut scratch).unwrap().unwrap();
    assert_eq!(later.pattern(), 1);
    assert_eq!(later.captures().collect::<Vec<_>>(), [(1, Some(0..1))]);
}
