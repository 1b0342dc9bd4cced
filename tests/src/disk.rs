use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small disk of its own, so that it can be full. Made by mounting, which only root can.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Makes a disk of this size at `path`.
    pub fn mount(path: &Path, mebibytes: u32) -> Self {
        fs::create_dir_all(path).expect("the folder can be made");
        run(Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mebibytes}m"),
                "sawmill-test",
            ])
            .arg(path));
        Self {
            path: path.to_owned(),
        }
    }

    /// Gives it more room, with all that is on it.
    pub fn grow(&self, mebibytes: u32) {
        run(Command::new("mount")
            .args(["-o", &format!("remount,size={mebibytes}m")])
            .arg(&self.path));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open there ends right after.
        run(Command::new("umount").arg("--lazy").arg(&self.path));
    }
}

fn run(command: &mut Command) {
    let status = command.status().expect("mount and umount are there");
    assert!(
        status.success(),
        "{command:?} failed; this test has to run as root"
    );
}
