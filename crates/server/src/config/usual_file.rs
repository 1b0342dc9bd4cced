//! Which file is read when nobody names one.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Place};
use crate::user;

/// Read if it is there.
const FILE: &str = "pipeline.toml";

/// Where Logstash's image has its pipelines, and so where a compose file that was written for it mounts ours.
const LOGSTASH_FOLDER: &str = "/usr/share/logstash/pipeline";

/// The file here, else the one that was mounted for Logstash; with neither, what is built in will do.
pub(super) fn usual_file() -> Result<Option<PathBuf>, ConfigError> {
    let here = Path::new(FILE);
    if here.exists() {
        return Ok(Some(here.to_owned()));
    }
    mounted(Path::new(LOGSTASH_FOLDER))
}

/// Whoever mounts a pipeline wants it to be obeyed: what is there and cannot be is an error, not a file to pass over.
fn mounted(folder: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let names = match names(folder) {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let ours = names.iter().any(|name| name == FILE);
    let ending = |ending: &str| {
        { names.iter() }.find(|name| name.as_encoded_bytes().ends_with(ending.as_bytes()))
    };
    let wrong = |name: &OsString, problem: &str, advice: String| ConfigError {
        place: place(&folder.join(name)),
        problem: problem.to_owned(),
        advice,
    };
    match (ours, ending(".conf"), ending(".toml")) {
        (true, None, _) => Ok(Some(folder.join(FILE))),
        (true, Some(conf), _) => Err(wrong(
            conf,
            "there is a pipeline.toml beside it, and only one can hold",
            "take out one of the two mounts; of the two, this version reads pipeline.toml only"
                .to_owned(),
        )),
        (false, Some(conf), _) => Err(wrong(
            conf,
            "Logstash's language is not read by this version",
            format!(
                "mount a pipeline.toml in its place, or nothing for the built-in pipeline: docs/replacing-logstash.md; \
                 `sawmill run --config FILE` does not look into {}",
                folder.display()
            ),
        )),
        (false, None, Some(toml)) => Err(wrong(
            toml,
            "it is not read under this name",
            format!("mount it as {}", folder.join(FILE).display()),
        )),
        (false, None, None) => Ok(None),
    }
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder)?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// What is wrong with a file that should be read, and what to do about it.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    let advice = match error.kind() {
        ErrorKind::IsADirectory => {
            "name a file; where a file to mount is missing, Docker makes a folder in its place: check the path before \
             the colon"
                .to_owned()
        }
        ErrorKind::NotADirectory => "mount a folder here, or pipeline.toml inside it".to_owned(),
        ErrorKind::PermissionDenied => format!(
            "let {} read it: chmod o+r, and o+x on the folders above it",
            user::this()
        ),
        _ => "name a readable text file with --config FILE or SAWMILL_CONFIG".to_owned(),
    };
    ConfigError {
        place: place(path),
        problem: format!("cannot be read: {error}"),
        advice,
    }
}

fn place(path: &Path) -> Place {
    Place::File {
        name: path.display().to_string(),
        line: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `mounted` says of a folder with these files in it, the folder's own path left out.
    fn found(files: &[&str]) -> Result<Option<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let relative = |text: &str| text.replace(&format!("{}/", dir.path().display()), "");
        match mounted(dir.path()) {
            Ok(path) => Ok(path.map(|path| relative(&path.display().to_string()))),
            Err(error) => Err(relative(&error.to_string())),
        }
    }

    #[test]
    fn what_is_mounted_for_logstash_is_read_or_refused_by_name() {
        assert_eq!(found(&[]), Ok(None));
        assert_eq!(found(&[".gitkeep", "README.md"]), Ok(None));
        assert_eq!(found(&["pipeline.toml"]), Ok(Some(FILE.to_owned())));
        assert_eq!(
            found(&["a.toml", "pipeline.toml"]),
            Ok(Some(FILE.to_owned()))
        );
        for (files, want) in [
            (
                &["logstash.conf", "pipeline.toml"][..],
                "logstash.conf: there is a pipeline.toml beside it",
            ),
            (
                &["b.conf", "a.conf"],
                "a.conf: Logstash's language is not read by this version\nmount a pipeline.toml in its place",
            ),
            (
                &["sawmill.toml"],
                "sawmill.toml: it is not read under this name\nmount it as pipeline.toml",
            ),
        ] {
            let error = found(files).unwrap_err();
            assert!(error.starts_with(want), "{error}");
        }
    }

    #[test]
    fn a_place_that_is_not_there_is_passed_over_and_a_file_in_its_place_is_not() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(mounted(&dir.path().join("gone")), Ok(None));
        let file = dir.path().join("pipeline");
        fs::write(&file, "").unwrap();
        let error = mounted(&file).unwrap_err().to_string();
        assert!(
            error.ends_with("mount a folder here, or pipeline.toml inside it"),
            "{error}"
        );
    }
}
