use super::*;

fn read(text: &str) -> Result<Plan, CompareError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compare.toml");
    fs::write(&path, text).unwrap();
    fs::write(folder.path().join("pipeline.conf"), "").unwrap();
    Plan::read(&path)
}

#[test]
fn a_file_with_nothing_but_a_contender_is_enough() {
    let plan = read("[[contender]]\nname = \"a\"\ncommand = [\"server\", \"{listen}\"]\n").unwrap();
    assert_eq!((plan.repeats, plan.load.connections), (3, 4));
    assert_eq!(plan.load.time, Some(Duration::from_secs(10)));
    let command = ["server", "{listen}"].map(str::to_owned).to_vec();
    assert_eq!(plan.contenders[0].program, Program::Command(command));
    assert_eq!(plan.contenders[0].output, Output::Sink);
}

#[test]
fn all_that_can_be_said_is_taken() {
    let plan = read(
        r#"
        repeats = 5
        server_cpus = [0]
        load_cpus = [0]
        idle = "0s"
        [load]
        connections = 64
        windows_in_flight = 1
        window_events = 100
        compression = 0
        rate = 5000
        time = "20s"
        unmatched = 0.5
        [sink]
        latency = "100ms"
        jitter = "20ms"
        [[contender]]
        name = "a"
        image = "example/server:1"
        command = ["--port", "{port}"]
        environment = { SINK = "http://{sink}" }
        pipeline = "pipeline.conf"
        version = ["server", "--version"]
        output = "nothing"
        port = 5044
        start_timeout = "2m"
        stop_timeout = "1s"
        warmup = "40s"
        "#,
    )
    .unwrap();
    assert_eq!(
        (plan.repeats, plan.server_cpus, plan.load.pin),
        (5, vec![0], vec![0])
    );
    assert_eq!(
        (plan.load.time, plan.load.warmup),
        (Some(Duration::from_secs(20)), Duration::from_secs(2))
    );
    let Sink::StandIn { latency, jitter } = plan.sink else {
        panic!("{:?}", plan.sink);
    };
    assert_eq!(
        (latency, jitter),
        (Duration::from_millis(100), Duration::from_millis(20))
    );
    let contender = &plan.contenders[0];
    assert!(matches!(&contender.program, Program::Image(image, _) if image == "example/server:1"));
    assert!(contender.pipeline.is_absolute());
    assert_eq!(contender.warmup, Some(Duration::from_secs(40)));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    for (text, line, want) in [
        ("", 1, "there is no contender"),
        ("repeats = 0\n", 1, "there is no contender"),
        (
            "\nrepeats = 0\n[[contender]]\nname = \"a\"\ncommand = [\"x\"]\n",
            2,
            "`repeats` cannot be 0",
        ),
        ("repeat = 1\n", 1, "unknown field `repeat`"),
        ("[load]\nconnection = 4\n", 2, "unknown field `connection`"),
        ("[load]\nconnections = \"four\"\n", 2, "invalid type"),
        ("[[contender]\n", 1, ""),
        ("server_cpus = [1023]\n", 1, "there is no processor 1023"),
        ("server_cpus = [5000]\n", 1, "there is no processor 5000"),
        ("load_cpus = []\n", 1, "an empty list"),
        (
            "[[contender]]\nname = \"a\"\n",
            2,
            "`a` has neither command nor image",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = []\n",
            3,
            "the command is empty",
        ),
        (
            "[[contender]]\nname = \"a b\"\ncommand = [\"x\"]\n",
            2,
            "cannot be a contender's name",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\", \"{lissten}\"]\n",
            3,
            "`{lissten}` stands for nothing",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\nenvironment = { A = \"{b}\" }\n",
            4,
            "`{b}` stands for nothing",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\npipeline = \"none.conf\"\n",
            4,
            "there is no pipeline",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\noutput = \"kafka\"\n",
            4,
            "unknown variant `kafka`",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\nstart_timeout = \"0s\"\n",
            4,
            "no time at all",
        ),
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\nstop_timeout = \"ten\"\n",
            4,
            "`ten` is no time",
        ),
    ] {
        told(text, line, want);
    }
}

#[test]
fn every_mistake_behind_a_good_contender_is_told_with_its_line() {
    let contender = "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\n";
    for (text, line, want) in [
        (
            "[[contender]]\nname = \"a\"\ncommand = [\"x\"]\n",
            5,
            "a second contender is called `a`",
        ),
        (
            "[load]\ntime = \"1s\"\nevents = 5\n",
            5,
            "both `time` and `events`",
        ),
        (
            "[load]\nevents = 5\nwarmup = \"1s\"\n",
            6,
            "without a `warmup`",
        ),
        ("[load]\nunmatched = 2.0\n", 5, "`2` is no share"),
        (
            "[load]\ncompression = 10\n",
            5,
            "`compression` cannot be 10",
        ),
        (
            "[sink]\nlatency = \"1ms\"\njitter = \"2ms\"\n",
            6,
            "a jitter of 2ms",
        ),
    ] {
        told(&format!("{contender}{text}"), line, want);
    }
}

fn told(text: &str, want_line: usize, want: &str) {
    match read(text) {
        Err(CompareError::File {
            line, what, hint, ..
        }) => {
            assert!(what.contains(want), "{text}: {what}");
            assert_eq!(line, want_line, "{text}: {what}");
            assert!(!hint.is_empty());
        }
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let error = Plan::read(Path::new("/no/such/compare.toml")).unwrap_err();
    assert!(
        error.is_usage()
            && error
                .to_string()
                .starts_with("/no/such/compare.toml: cannot be read")
    );
}

#[test]
fn a_real_elasticsearch_takes_the_place_of_the_stand_in() {
    let contender = "[[contender]]\nname = \"a\"\ncommand = [\"a\"]\n";
    let with = |sink: &str| read(&format!("[sink]\n{sink}\n{contender}"));
    let plan = with("elasticsearch = \"http://es:9200\"\nuser = \"u\"\npassword = \"p\"").unwrap();
    let Sink::Elasticsearch(real) = plan.sink else {
        panic!("{:?}", plan.sink);
    };
    assert_eq!(
        (real.address.as_str(), real.index.as_str()),
        ("es:9200", "logs-*")
    );
    for (sink, want) in [
        (
            "elasticsearch = \"https://es:9200\"",
            "is no http://HOST:PORT",
        ),
        (
            "elasticsearch = \"http://es:9200\"\nlatency = \"1ms\"",
            "the time that it takes",
        ),
        ("index = \"logs-*\"", "neither users nor indices"),
    ] {
        let error = with(sink).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
