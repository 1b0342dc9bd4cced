use std::path::{Path, PathBuf};

/// The checkout's own root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is a folder of the repository")
}

/// Where `tests/run` has installed a part.
pub(crate) fn installed(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .unwrap_or_else(|| {
            panic!(
                "{variable} does not name an installed part: run `tests/run e2e`, which installs all of them, \
                 or `eval \"$(tests/run parts)\"` before cargo test"
            )
        })
}

/// The release build of the program: `SAWMILL_BIN`, or the one in the target folder.
pub(crate) fn sawmill() -> PathBuf {
    let binary = std::env::var_os("SAWMILL_BIN").map_or_else(
        || {
            std::env::var_os("CARGO_TARGET_DIR")
                .map_or_else(|| repository().join("target"), PathBuf::from)
                .join("release/sawmill")
        },
        PathBuf::from,
    );
    assert!(
        binary.exists(),
        "there is no {}: run `tests/run e2e`, or `cargo build --release -p sawmill-server`",
        binary.display()
    );
    binary
}
