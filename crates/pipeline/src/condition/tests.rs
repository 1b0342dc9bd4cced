use sawmill_event::{Limits, Tables};

use super::*;

const EVENT: &str = r#"{"group":"pt","service":"django","n":5,"f":5.0,"zero":0,"empty":"",
    "no":"false","off":false,"null":null,"list":["a","b\"c",5],"tags":["_x"],
    "message":"one\ntwo apps.parcels","o":{"k":"v"},"path":"a/b"}"#;

fn holds(text: &str) -> bool {
    let mut bytes = EVENT.as_bytes().to_vec();
    let mut tables = Tables::default();
    let event = Event::parse(&mut bytes, &mut tables, &Limits::default()).unwrap();
    Condition::parse(text)
        .unwrap()
        .holds(&event, &mut Scratch::default())
}

#[test]
fn conditions_hold_as_in_logstash() {
    for (text, want) in [
        (r#"[group] == "pt" and [service]"#, true),
        ("[group] == 'PT'", false),
        (r#"[group] != "pt""#, false),
        (r#"[missing] != "pt""#, true),
        (r#"[missing] == "pt""#, false),
        (r#""pt" == [group]"#, true),
        ("[missing] == [gone]", true),
        ("[n] == 5", true),
        (r#"[n] == "5""#, false),
        ("[n] >= 5 and [n] < 6", true),
        ("[n] > 5 or [n] <= 4", false),
        (r#"[group] < "pz""#, true),
        (r#"[n] < "6""#, false),
        ("[missing] > 1", false),
        ("[zero]", true),
        ("[empty]", false),
        ("[no]", false),
        ("[off]", false),
        ("[null]", false),
        ("[missing]", false),
        ("[list]", true),
        ("[o]", true),
        ("![missing]", true),
        ("!([group])", false),
        ("! ( [missing] or [off] )", true),
        ("[message] =~ /^two/", true),
        ("[message] =~ /one.two/", false),
        (r"[message] =~ /apps\.parcels$/", true),
        (r#"[message] =~ "parcels""#, true),
        ("[message] !~ /two/", false),
        ("[n] =~ /5/", false),
        ("[n] !~ /5/", true),
        (r"[path] =~ /a\/b/", true),
        (r#""a" in [list]"#, true),
        (r#""b\"c" in [list]"#, true),
        ("5 in [list]", true),
        ("6 in [list]", false),
        (r#""_x" not in [tags]"#, false),
        (r#""_y" not in [tags]"#, true),
        (r#""_y" not in [missing]"#, true),
        (r#""jan" in [service]"#, true),
        (r#"[group] in "a pt b""#, true),
        (r#"[group] in ["nl", "pt"]"#, true),
        (r#"[n] in ["5"]"#, true),
        ("[n] in [5, 6]", true),
        (r#"[missing] in ["pt"]"#, false),
        ("[group] in [list]", false),
        ("[o][k] == \"v\"", true),
        ("[list][-1] == 5", true),
        ("[missing] and [group] or [service]", true),
        ("[service] or [missing] and [missing]", true),
        ("([service] or [missing]) and [missing]", false),
        ("[group] xor [missing]", true),
        ("[group] nand [service]", false),
    ] {
        assert_eq!(holds(text), want, "{text}");
    }
}

#[test]
fn a_condition_may_be_long() {
    assert!(holds(&format!("[group]{}", " and [group]".repeat(100_000))));
    assert!(holds(&format!(
        "{}[group]",
        "[missing] or ".repeat(100_000)
    )));
}

#[test]
fn what_is_no_condition_is_refused_where_it_stops_making_sense() {
    for (text, want) in [
        ("", "`` is no condition: cannot read on at `the end`"),
        (
            "[group] = \"pt\"",
            "`[group] = \"pt\"` is no condition: cannot read on at `= \"pt\"`",
        ),
        (
            "[group] == ",
            "`[group] == ` is no condition: cannot read on at `the end`",
        ),
        (
            "[group] == pt",
            "`[group] == pt` is no condition: cannot read on at `pt`",
        ),
        (
            "group",
            "`group` is no condition: cannot read on at `group`",
        ),
        (
            "([group]",
            "`([group]` is no condition: cannot read on at `the end`",
        ),
        (
            "[group] andalso [x]",
            "`[group] andalso [x]` is no condition: cannot read on at `andalso [x]`",
        ),
    ] {
        assert_eq!(Condition::parse(text).unwrap_err().to_string(), want);
    }
    let error = Condition::parse("[a] =~ /(/").unwrap_err().to_string();
    assert!(
        error.starts_with("the regular expression /(/ is not valid here: "),
        "{error}"
    );
    let deep = format!("{}[a]{}", "(".repeat(1000), ")".repeat(1000));
    assert!(Condition::parse(&deep).is_err());
}
