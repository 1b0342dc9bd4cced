use super::support::Staged;

#[test]
fn contenders_take_turns_and_everything_they_acknowledge_reaches_the_sink() {
    let ended = Staged::new(2).sawmill("one").sawmill("other").run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let turns = "one #1 of 2\nother #1 of 2\nother #2 of 2\none #2 of 2\n";
    assert_eq!(ended.stderr, turns);
    for contender in ended.results["contenders"].as_array().unwrap() {
        assert_eq!(contender["outcome"]["kind"], "measured");
        let attempts = contender["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 2);
        for attempt in attempts {
            let acknowledged = &attempt["run"]["whole"]["events_acknowledged"];
            assert!(acknowledged.as_u64() > Some(0));
            assert_eq!(&attempt["sink_events"], acknowledged);
            assert_eq!(attempt["stopped"], "terminated");
            assert!(attempt["resident_idle_bytes"].as_u64() > Some(1 << 20));
            assert!(attempt["start_seconds"].as_f64() > Some(0.0));
            assert!(attempt["run"]["watched"]["pid"].is_number());
        }
    }
    assert!(
        ended.stdout.contains("\nevents a second\n  one  "),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains(" × ("), "{}", ended.stdout);
}

#[test]
fn a_container_is_started_and_removed_through_docker() {
    // A fake, since there is no docker where tests run: its containers are processes.
    let staged = Staged::new(1);
    staged.program(
        "docker",
        r#"
        case "$1" in
          image) [ "$3" = example/sawmill:1 ];;
          run)
            while [ "$1" != example/sawmill:1 ]; do
              case "$1" in --env=*|--cpuset-cpus=*) ;; --network=host|--rm|--volume=*|--name=*|run) ;; *) exit 9;; esac
              shift
            done
            exec "$sawmill" run;;
          *) exit 1;;
        esac"#,
    );
    let ended = staged
        .contender("contained", "[]", "image = \"example/sawmill:1\"")
        .contender("absent", "[]", "image = \"example/absent:1\"")
        .run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let contenders = &ended.results["contenders"];
    assert_eq!(contenders[0]["attempts"][0]["stopped"], "terminated");
    assert_eq!(
        contenders[1]["outcome"]["reason"],
        "docker does not have the image example/absent:1"
    );
}

#[test]
fn a_contender_may_use_all_processors_though_the_load_keeps_to_one() {
    let cpus = |status: &str| {
        let line = status
            .lines()
            .find(|line| line.starts_with("Cpus_allowed_list"));
        line.unwrap().to_owned()
    };
    let all = cpus(&std::fs::read_to_string("/proc/self/status").unwrap());
    let first: u32 = all
        .split(['\t', '-', ','])
        .nth(1)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let staged = Staged::new(1).setting(&format!("load_cpus = [{first}]"));
    let script = "grep Cpus_allowed_list /proc/self/status >\"$0.cpus\"; exec \"$sawmill\" run";
    let staged = staged.script("free", script, "");
    let ended = staged.run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(cpus(&staged.read("free.cpus")), all);
}
