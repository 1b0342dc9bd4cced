//! Whether a contender is installed, and how it is started.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::placeholders::Values;
use super::plan::{Contender, Program};
use super::process::{Launch, MARK};

/// Says why a contender cannot be started here, if it cannot.
pub(super) fn missing(contender: &Contender, values: &Values) -> Option<String> {
    let reason = match &contender.program {
        Program::Command(command) => {
            let program = values.fill(command.first().map_or("", String::as_str));
            match find(&program) {
                Some(_) => return None,
                None if program.contains('/') => format!("there is no program {program}"),
                None => format!("there is no program `{program}` in PATH"),
            }
        }
        Program::Image(image, _) => match find("docker") {
            None => "there is no docker to run its image".to_owned(),
            Some(_) if has_image(&values.fill(image)) => return None,
            Some(_) => format!("docker does not have the image {image}"),
        },
    };
    Some(match contender.install.as_str() {
        "" => reason,
        install => format!("{reason}; {install}"),
    })
}

/// The version that a contender says it has, in its first line.
pub(super) fn version(contender: &Contender, values: &Values) -> Option<String> {
    let words: Vec<_> = contender
        .version
        .iter()
        .map(|word| values.fill(word))
        .collect();
    let (program, arguments) = words.split_first()?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    Some(line.trim().to_owned())
}

/// How to start it on these processors, with its folder for what it writes.
pub(super) fn launch(
    contender: &Contender,
    values: &Values,
    cpus: &[u32],
    folders: Folders<'_>,
) -> Launch {
    let environment: BTreeMap<_, _> = contender
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), values.fill(value)))
        .collect();
    let fill =
        |words: &[String]| -> Vec<String> { words.iter().map(|it| values.fill(it)).collect() };
    let (command, container) = match &contender.program {
        Program::Command(command) => (fill(command), None),
        Program::Image(image, arguments) => {
            let name = format!("sawmill-compare-{}-{}", contender.name, std::process::id());
            let mut command = docker(&name, &environment, cpus, folders);
            command.push(values.fill(image));
            command.extend(fill(arguments));
            (command, Some(name))
        }
    };
    let directory = contender
        .directory
        .as_ref()
        .map(|it| PathBuf::from(values.fill(it)));
    Launch {
        command,
        environment,
        directory: directory.unwrap_or_else(|| folders.own.to_owned()),
        cpus: cpus.to_vec(),
        log: folders.own.join("contender.log"),
        container,
    }
}

/// Folders that a contender may look into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folders<'a> {
    /// A fresh one of its own.
    pub(super) own: &'a Path,
    /// That of the file, to read its pipeline.
    pub(super) files: &'a Path,
}

/// Docker's command line up to the image. With the host's network, a server costs what it costs without a container; paths
/// are the same inside and outside.
fn docker(
    name: &str,
    environment: &BTreeMap<String, String>,
    cpus: &[u32],
    folders: Folders<'_>,
) -> Vec<String> {
    let mut words = vec![
        "docker".to_owned(),
        "run".to_owned(),
        "--rm".to_owned(),
        format!("--name={name}"),
        "--network=host".to_owned(),
        format!("--volume={0}:{0}:ro", folders.files.display()),
        format!("--volume={0}:{0}", folders.own.display()),
        format!("--env={MARK}"),
    ];
    words.extend(
        environment
            .keys()
            .map(|variable| format!("--env={variable}")),
    );
    if !cpus.is_empty() {
        let cpus: Vec<_> = cpus.iter().map(ToString::to_string).collect();
        words.push(format!("--cpuset-cpus={}", cpus.join(",")));
    }
    words
}

fn has_image(image: &str) -> bool {
    Command::new("docker")
        .args(["image", "inspect", image])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where a program is, as a shell looks for it.
fn find(program: &str) -> Option<PathBuf> {
    let runs = |path: &Path| {
        fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| runs(path));
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| runs(path))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::file::Output;
    use super::*;

    fn contender(program: Program) -> Contender {
        Contender {
            name: "a".to_owned(),
            program,
            environment: [("SINK".to_owned(), "http://{sink}".to_owned())].into(),
            directory: None,
            pipeline: PathBuf::new(),
            version: ["sh", "-c", "echo; echo server {port}"]
                .map(str::to_owned)
                .to_vec(),
            install: "apt-get install it".to_owned(),
            output: Output::Sink,
            port: None,
            start_timeout: Duration::ZERO,
            stop_timeout: Duration::ZERO,
            warmup: None,
        }
    }

    fn command(words: &[&str]) -> Program {
        Program::Command(words.iter().map(|&word| word.to_owned()).collect())
    }

    fn values() -> Values {
        Values::new(
            5044,
            "127.0.0.1:9200".to_owned(),
            1,
            ["/own", "/files", "/files/pipeline", "/self"].map(Path::new),
        )
    }

    fn folders() -> Folders<'static> {
        Folders {
            own: Path::new("/own"),
            files: Path::new("/files"),
        }
    }

    #[test]
    fn what_is_not_installed_is_told_with_how_to_get_it() {
        for (program, want) in [
            ("sh", None),
            ("/bin/sh", None),
            (
                "no-such-server",
                Some("there is no program `no-such-server` in PATH; apt-get install it"),
            ),
            (
                "/bin/no-such-server",
                Some("there is no program /bin/no-such-server; apt-get install it"),
            ),
            (
                "/etc/passwd",
                Some("there is no program /etc/passwd; apt-get install it"),
            ),
        ] {
            assert_eq!(
                missing(&contender(command(&[program])), &values()).as_deref(),
                want
            );
        }
    }

    #[test]
    fn a_command_is_filled_in() {
        let launch = launch(
            &contender(command(&["server", "{listen}"])),
            &values(),
            &[1],
            folders(),
        );
        assert_eq!(launch.command, ["server", "127.0.0.1:5044"]);
        assert_eq!(launch.environment["SINK"], "http://127.0.0.1:9200");
        assert_eq!(
            (launch.directory.as_path(), launch.cpus.as_slice()),
            (Path::new("/own"), &[1][..])
        );
    }

    #[test]
    fn an_image_becomes_a_command_of_docker() {
        let image = Program::Image(
            "example/server:1".to_owned(),
            vec!["--port={port}".to_owned()],
        );
        let launch = launch(&contender(image), &values(), &[0, 2], folders());
        let name = launch.container.unwrap();
        assert_eq!(
            launch.command.join(" "),
            format!(
                "docker run --rm --name={name} --network=host --volume=/files:/files:ro --volume=/own:/own \
                 --env=BENCH_COMPARE_CONTENDER --env=SINK --cpuset-cpus=0,2 example/server:1 --port=5044"
            )
        );
    }

    #[test]
    fn a_version_is_the_first_line_that_says_something() {
        assert_eq!(
            version(&contender(command(&["sh"])), &values()).unwrap(),
            "server 5044"
        );
    }
}
