use super::*;

use tempfile::TempDir;

struct Staged {
    running: Running,
    _directory: TempDir,
}

fn start(script: &str) -> Staged {
    let directory = TempDir::new().unwrap();
    let launch = Launch {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        environment: BTreeMap::new(),
        directory: directory.path().to_owned(),
        cpus: Vec::new(),
        log: directory.path().join("log"),
        container: None,
    };
    Staged {
        running: Running::start(&launch, &Interrupt::default()).unwrap(),
        _directory: directory,
    }
}

/// Waits until the script has written this.
fn said(staged: &Staged, word: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(&staged.running.log)
        .unwrap()
        .contains(word)
    {
        assert!(Instant::now() < deadline, "the script never said {word}");
        sleep(Duration::from_millis(5));
    }
}

const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(20);

#[test]
fn what_never_listens_is_given_up_with_its_last_words() {
    let mut staged = start("echo waiting for a licence; exec sleep 60");
    said(&staged, "licence");
    let error = staged
        .running
        .listening(port::free().unwrap(), SOON)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("within 200ms; its last words:\n    waiting for a licence"),
        "{text}"
    );
}

#[test]
fn what_ends_before_it_listens_is_told_with_its_status() {
    let mut staged = start("echo no such option >&2; exit 3");
    let error = staged
        .running
        .listening(port::free().unwrap(), LATE)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("exit status: 3") && text.contains("no such option"),
        "{text}"
    );
}

#[test]
fn what_obeys_sigterm_is_terminated() {
    let staged = start("trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    said(&staged, "ready");
    assert_eq!(staged.running.stop(LATE).unwrap(), Stopped::Terminated);
}

#[test]
fn what_ignores_sigterm_is_killed() {
    let staged = start("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    said(&staged, "ready");
    assert_eq!(staged.running.stop(SOON).unwrap(), Stopped::Killed);
}

#[test]
fn a_process_that_went_its_own_way_is_ended_too() {
    // In a session of its own, and an orphan.
    let staged = start(
        "(setsid sh -c 'trap \"\" TERM; echo ready; while :; do sleep 0.01; done' &); exit 0",
    );
    said(&staged, "ready");
    let mark = staged.running.mark.clone();
    assert_eq!(staged.running.stop(SOON).unwrap(), Stopped::Killed);
    assert_eq!(marked(&mark), 0);
}

#[test]
fn a_failure_leaves_nothing_running() {
    let staged = start("sleep 60 & echo ready; sleep 60");
    said(&staged, "ready");
    let mark = staged.running.mark.clone();
    let deadline = Instant::now() + LATE;
    // Amid exec(2) a process shows no variables.
    while marked(&mark) < 2 {
        assert!(Instant::now() < deadline, "the script started nothing");
        sleep(Duration::from_millis(5));
    }
    drop(staged);
    assert_eq!(marked(&mark), 0);
}

#[test]
fn processors_are_those_asked_for() {
    let directory = TempDir::new().unwrap();
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    let cpu = (0..1_024).find(|&cpu| allowed.is_set(cpu)).unwrap();
    let launch = Launch {
        command: [
            "sh",
            "-c",
            "grep Cpus_allowed_list /proc/self/status; exec sleep 60",
        ]
        .map(str::to_owned)
        .to_vec(),
        environment: BTreeMap::new(),
        directory: directory.path().to_owned(),
        cpus: vec![u32::try_from(cpu).unwrap()],
        log: directory.path().join("log"),
        container: None,
    };
    let running = Running::start(&launch, &Interrupt::default()).unwrap();
    let staged = Staged {
        running,
        _directory: directory,
    };
    said(&staged, &format!("Cpus_allowed_list:\t{cpu}\n"));
}

/// Processes with this mark that run.
fn marked(mark: &str) -> usize {
    let has = |process: procfs::process::Process| {
        let runs = !matches!(process.stat().ok()?.state(), Ok(ProcState::Zombie));
        (runs && *process.environ().ok()?.get(OsStr::new(MARK))? == *mark).then_some(())
    };
    all_processes().unwrap().flatten().filter_map(has).count()
}
