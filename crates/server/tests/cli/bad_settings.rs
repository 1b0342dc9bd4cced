//! What is wrong is said with its file and line, variable or flag, and with what to do.

use crate::support::Place;

/// A `pipeline.toml`, and what `sawmill check` says about it after its name.
const BAD_FILES: [(&str, &str); 47] = [
    // Not TOML.
    (
        "a = 1\n[input\n",
        "pipeline.toml:2: not valid TOML in column 7: unclosed table, expected `]`\n\
      texts need quotes, and a key may be given once; the format is described at https://toml.io",
    ),
    // Unknown keys.
    (
        "[inputs.beats]\n",
        "pipeline.toml:1: unknown key `inputs`\ndid you mean `input`?",
    ),
    (
        "[input.beat]\n",
        "pipeline.toml:1: unknown key `beat` in [input]\ndid you mean `beats`?",
    ),
    (
        "[input.beats]\n\nlissen = 'x'\n",
        "pipeline.toml:3: unknown key `lissen` in [input.beats]\ndid you mean `listen`?",
    ),
    (
        "memory.size = 1\n",
        "pipeline.toml:1: unknown key `size` in [memory]\nknown here: budget",
    ),
    (
        "[shutdown]\nxyz = 1\n",
        "pipeline.toml:2: unknown key `xyz` in [shutdown]\nknown here: timeout",
    ),
    // Values of the wrong kind.
    (
        "[input.beats]\nlisten = 5044\n",
        "pipeline.toml:2: `input.beats.listen` is `5044`\ngive a text, in quotes",
    ),
    (
        "[input]\nbeats = 5\n",
        "pipeline.toml:2: `input.beats` is `5`\ngive a table of settings",
    ),
    (
        "[input.beats]\nkeepalive = 3\n",
        "pipeline.toml:2: `input.beats.keepalive` is `3`\n\
      give a length of time with its unit, such as 3s, 500ms or 1m",
    ),
    (
        "[input.beats]\nevent_depth_max = 129\n",
        "pipeline.toml:2: `input.beats.event_depth_max` is 129\ngive 128 or less",
    ),
    (
        "[memory]\nbudget = '1 bag'\n",
        "pipeline.toml:2: `memory.budget` is `1 bag`\n\
      give a size such as 8MiB, 500kB, or a number of bytes",
    ),
    (
        "[output.elasticsearch]\nrequests_max = 'many'\n",
        "pipeline.toml:2: `output.elasticsearch.requests_max` is `many`\n\
      give a whole number, not negative",
    ),
    (
        "[output.elasticsearch]\nrequire_data_stream = 'perhaps'\n",
        "pipeline.toml:2: \
      `output.elasticsearch.require_data_stream` is `perhaps`\ngive true or false",
    ),
    (
        "[output.elasticsearch]\nhosts = 9200\n",
        "pipeline.toml:2: `output.elasticsearch.hosts` is `9200`\n\
      give a list of texts, or one text with commas between them",
    ),
    (
        "[log]\nlevel = 'warning'\n",
        "pipeline.toml:2: `log.level` cannot be `warning`\ndid you mean `warn`?",
    ),
    (
        "[output.elasticsearch]\npassword = 12345\n",
        "pipeline.toml:2: `output.elasticsearch.password` is not a text\n\
      give a text, in quotes",
    ),
    // Values out of range.
    (
        "input.beats.listen = 'localhost'\n",
        "pipeline.toml:1: `input.beats.listen` is `localhost`\n\
      give HOST:PORT, such as 0.0.0.0:5044 or [::]:5044",
    ),
    (
        "[input.beats]\nwindows_ahead_max = 2\n",
        "pipeline.toml:2: `input.beats.windows_ahead_max` is 2\ngive 3 or more",
    ),
    (
        "[input.beats]\nevent_bytes_max = '4GiB'\n",
        "pipeline.toml:2: `input.beats.event_bytes_max` is 4GiB\n\
      give less: the number has 32 bits",
    ),
    (
        "[input.beats]\npair_bytes_max = 0\n",
        "pipeline.toml:2: `input.beats.pair_bytes_max` is 0B\ngive 1B or more",
    ),
    (
        "[input.beats]\nstall_timeout = '0s'\n",
        "pipeline.toml:2: `input.beats.stall_timeout` is no time at all\n\
      give more than 0s",
    ),
    (
        "[input.beats]\nkeepalive = '30s'\n",
        "pipeline.toml:2: `input.beats.keepalive` is too long\n\
      give less than 30s: a Filebeat that hears nothing for so long sends everything again",
    ),
    (
        "[memory]\nbudget = '1MiB'\n",
        "pipeline.toml:2: `memory.budget` is 1MiB\ngive 16MiB or more",
    ),
    (
        "[dead_letters]\npath = ''\n",
        "pipeline.toml:2: `dead_letters.path` is empty\n\
      give a folder; it is made when it is needed",
    ),
    (
        "[dead_letters]\nwhen_full = 'drop'\n",
        "pipeline.toml:2: `dead_letters.when_full` cannot be `drop`\n\
      known here: wait, drop-oldest",
    ),
    (
        "[dead_letters]\nage_max = '0d'\n",
        "pipeline.toml:2: `dead_letters.age_max` is no time at all\n\
      give more than 0s",
    ),
    (
        "[api]\nlisten = 'x'\n",
        "pipeline.toml:2: `api.listen` is `x`\n\
      give HOST:PORT, such as 127.0.0.1:9600, or off",
    ),
    (
        "[dead_letters]\ndata_stream = 'logs-Letters-pt'\n",
        "pipeline.toml:2: `dead_letters.data_stream` is `logs-Letters-pt`: \
      data_stream.dataset `Letters` has upper case letters, and Elasticsearch takes lower case only\n\
      give TYPE-DATASET-NAMESPACE, such as logs-sawmill.dead_letters-pt",
    ),
    (
        "[dead_letters]\ndata_stream = 'logs-letters-pt'\n",
        "pipeline.toml:2: `dead_letters.data_stream` needs an Elasticsearch\n\
      give output.elasticsearch.hosts, or leave it out: dead letters go to dead_letters.path",
    ),
    (
        "[output.local]\ntotal_bytes_max = '1MiB'\n",
        "pipeline.toml:2: `output.local.total_bytes_max` is 1MiB\n\
      give 64MiB or more",
    ),
    (
        "[output.elasticsearch]\ngzip = 10\n",
        "pipeline.toml:2: `output.elasticsearch.gzip` is 10\n\
      give a level from 1 to 9, or 0 for none",
    ),
    (
        "[output.elasticsearch]\nretry_max = '500ms'\n",
        "pipeline.toml:2: `output.elasticsearch.retry_max` is 500ms\n\
      give 1s or more",
    ),
    (
        "[output.elasticsearch]\nsniffing_interval = '0s'\n",
        "pipeline.toml:2: `output.elasticsearch.sniffing_interval` is no time at all\n\
      give more than 0s",
    ),
    // Elasticsearch.
    (
        "[output.elasticsearch]\nhosts = ['http://a:9200', 'b']\n",
        "pipeline.toml:2: host 2 of `output.elasticsearch.hosts` \
      (b): relative URL without a base\ngive it as http://NAME:PORT or https://NAME:PORT",
    ),
    (
        "[output.elasticsearch]\nhosts = 'http://u:secret@a:x'\n",
        "pipeline.toml:2: host 1 of `output.elasticsearch.hosts`: \
      invalid port number\ngive it as http://NAME:PORT or https://NAME:PORT",
    ),
    (
        "[output.elasticsearch]\nhosts = 'http://a'\npassword = 'x'\n",
        "pipeline.toml:3: a password without a user\n\
      give `user` too",
    ),
    (
        "[output.elasticsearch]\nhosts = 'http://a'\nuser = 'u'\npassword = 'x'\napi_key = 'i:k'\n",
        "pipeline.toml:5: \
      both a password and an API key are given\ntake out one of them",
    ),
    (
        "[output.elasticsearch]\npassword = 'x'\npassword_file = 'f'\n",
        "pipeline.toml:3: \
      both `password` and `password_file` are given\ntake out one of them",
    ),
    (
        "[output.elasticsearch]\npassword_file = 'gone'\n",
        "pipeline.toml:2: gone cannot be read: \
      No such file or directory (os error 2)\nname a readable file that holds only the password",
    ),
    // Placeholders.
    (
        "[log]\nlevel = '${LEVEL}'\n",
        "pipeline.toml:2: `log.level` asks for the variable `LEVEL`, which is not set\n\
      set it, or give a default: `${LEVEL:default}`",
    ),
    // What is still to come.
    (
        "[output.stdout]\n",
        "pipeline.toml:1: `output.stdout` is not supported yet\n\
      take it out; `output.local` writes events to files",
    ),
    (
        "[[test]]\nmessage = 'x'\n",
        "pipeline.toml:1: `test` is not supported yet\n\
      take it out: this version does not run tests",
    ),
    // Filters.
    (
        "[[filter]]\ntype = 'first'\nfield = 'a'\n[[filter]]\ntype = 'groc'\n",
        "pipeline.toml:5: unknown filter type `groc`\n\
      did you mean `grok`?",
    ),
    (
        "[[filter]]\ntype = 'first'\nfield = 'a'\n\n[[filter]]\nfield = 'a'\n",
        "pipeline.toml:5: the key `type` is missing\n\
      add a line `type = …`",
    ),
    (
        "[[filter]]\ntype = 'first'\nfeild = 'a'\n",
        "pipeline.toml:3: unknown key `feild`\ndid you mean `field`?",
    ),
    (
        "[[filter]]\ntype = 'categorize'\nfield = 'a'\nrules = [\n  { prefix = 'b' },\n  { sufix = 'c' },\n]\n",
        "pipeline.toml:6: unknown key `sufix`\ndid you mean `suffix`?",
    ),
    (
        "[[filter]]\ntype = 'set'\n[filter.fields]\na = 1\n'b.c' = ['d']\n",
        "pipeline.toml:5: `filter.0.fields.b.c` has a value \
      that is not taken here\ngive a text, a number, true or false",
    ),
];

#[test]
fn every_mistake_in_a_file_is_named_with_its_line_and_what_to_do() {
    for (text, want) in BAD_FILES {
        let ended = Place::new().with("pipeline.toml", text).run(&["check"]);
        assert_eq!(ended.stderr, format!("sawmill: {want}\n"), "{text}");
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(64), ""),
            "{text}"
        );
    }
}

#[test]
fn what_a_filter_cannot_be_built_from_is_named_with_its_line() {
    for (text, want) in [
        (
            "[[filter]]\ntype = 'gate'\nif = '[a] ='\n",
            "pipeline.toml:3: filter 1, `if`\n",
        ),
        (
            "[[filter]]\ntype = 'grok'\npatterns = [\n  '%{WORD:a}',\n  '%{WROD:b}',\n]\n",
            "pipeline.toml:5: filter 1, `patterns.1`\n",
        ),
        (
            "[[filter]]\ntype = 'date'\nfield = 'a'\ntimezone = 'Moon'\nformats = ['ISO8601']\n",
            "pipeline.toml:4: filter 1, `timezone`\n",
        ),
    ] {
        let ended = Place::new().with("pipeline.toml", text).run(&["check"]);
        assert!(
            ended.stderr.starts_with(&format!("sawmill: {want}")),
            "{text}\n{}",
            ended.stderr
        );
        assert_eq!(
            (ended.code, ended.stderr.lines().count()),
            (Some(64), 2),
            "{text}\n{}",
            ended.stderr
        );
    }
}

#[test]
fn a_mistake_in_a_variable_is_named_with_the_variable() {
    for (name, value, want) in [
        (
            "SAWMILL_INPUT__BEATS__LISEN",
            "x",
            "SAWMILL_INPUT__BEATS__LISEN: no such setting as `input.beats.lisen`\n\
             did you mean SAWMILL_INPUT__BEATS__LISTEN?",
        ),
        (
            "SAWMILL_FILTER__0__IF",
            "x",
            "SAWMILL_FILTER__0__IF: no such setting as `filter.0.if`\n\
             `sawmill check` lists all that can be set from outside the file",
        ),
        (
            "SAWMILL_API__LISTEN",
            "x",
            "SAWMILL_API__LISTEN: `api.listen` is `x`\n\
             give HOST:PORT, such as 127.0.0.1:9600, or off",
        ),
        (
            "SAWMILL_MEMORY__BUDGET",
            "lots",
            "SAWMILL_MEMORY__BUDGET: `memory.budget` is `lots`\ngive a size such as 8MiB, 500kB, or a number of bytes",
        ),
        (
            "SAWMILL_MEMORY__BUDGET",
            "1MiB",
            "SAWMILL_MEMORY__BUDGET: `memory.budget` is 1MiB\ngive 16MiB or more",
        ),
        (
            "SAWMILL_LOG_LEVEL",
            "debug",
            "SAWMILL_LOG_LEVEL: not the variable of `log.level`\n\
             write SAWMILL_LOG__LEVEL: between a table and its key stand two underscores",
        ),
        (
            "SAWMILL_CONFIG",
            "gone.toml",
            "gone.toml: cannot be read: No such file or directory (os error 2)\n\
             name a readable text file with --config FILE or SAWMILL_CONFIG",
        ),
    ] {
        let ended = Place::new()
            .with("pipeline.toml", "")
            .variable(name, value)
            .run(&["check"]);
        assert_eq!(ended.stderr, format!("sawmill: {want}\n"), "{name}");
        assert_eq!(ended.code, Some(64), "{name}");
    }
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_named_sawmill_are_not_settings() {
    let place = Place::new()
        .with("pipeline.toml", "")
        .variable("SAWMILL_SERVICE_HOST", "10.0.0.1")
        .variable("SAWMILL_SERVICE_PORT_BEATS", "5044")
        .variable("SAWMILL_PORT", "tcp://10.0.0.1:5044")
        .variable("SAWMILL_PORT_5044_TCP_ADDR", "10.0.0.1");
    assert_eq!(place.run(&["check"]).code, Some(0));
}

#[test]
fn a_mistake_in_a_flag_is_named_with_the_flag() {
    for (set, want) in [
        (
            "memory.budge=1",
            "--set memory.budge: no such setting as `memory.budge`\ndid you mean memory.budget?",
        ),
        (
            "memory.budget=1",
            "--set memory.budget: `memory.budget` is 1B\ngive 16MiB or more",
        ),
    ] {
        let ended = Place::new()
            .with("pipeline.toml", "")
            .run(&["check", "--set", set]);
        assert_eq!(ended.stderr, format!("sawmill: {want}\n"));
        assert_eq!(ended.code, Some(64));
    }
}

#[test]
fn a_file_that_is_no_readable_text_is_named() {
    for (name, want) in [
        (
            "gone.toml",
            "gone.toml: cannot be read: No such file or directory (os error 2)",
        ),
        (".", ".: cannot be read: Is a directory (os error 21)"),
        (
            "latin1.toml",
            "latin1.toml: cannot be read: stream did not contain valid UTF-8",
        ),
    ] {
        let ended = Place::new()
            .with("latin1.toml", b"# caf\xe9\n")
            .run(&["check", "--config", name]);
        assert_eq!(
            ended.stderr.lines().next(),
            Some(format!("sawmill: {want}").as_str())
        );
        assert_eq!(ended.code, Some(64));
    }
}

#[test]
fn a_command_line_that_is_wrong_exits_as_wrong_settings_do() {
    for arguments in [
        &["chek"][..],
        &[],
        &["check", "--set", "x"],
        &["send"],
        &["send", "a", "--compression", "10"],
        &["dead-letters"],
        &["dead-letters", "list", "--since", "yesterday"],
        &["dead-letters", "show", "3"],
        &["dead-letters", "replay", "3:0"],
        &["dead-letters", "purge"],
        &["dead-letters", "purge", "--all", "--before", "1d"],
    ] {
        let ended = Place::new().run(arguments);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(64), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn every_command_has_help_that_ends_in_an_example() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["check", "--help"],
        &["send", "--help"],
        &["healthcheck", "--help"],
        &["dead-letters", "--help"],
        &["dead-letters", "list", "--help"],
        &["dead-letters", "show", "--help"],
        &["dead-letters", "replay", "--help"],
        &["dead-letters", "purge", "--help"],
    ] {
        let ended = Place::new().run(arguments);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        let last = ended.stdout.lines().last().unwrap();
        assert!(last.starts_with("  sawmill "), "{arguments:?}: {last}");
    }
    assert_eq!(Place::new().run(&["--version"]).stdout, "sawmill 0.1.0\n");
}
