//! What this machine calls itself.

use rustix::system::uname;

/// The name, `localhost` if it has none.
pub(crate) fn host_name() -> String {
    // Asked of the kernel: under systemd `/proc/sys` may be hidden.
    match uname().nodename().to_string_lossy() {
        name if name.is_empty() => "localhost".to_owned(),
        name => name.into_owned(),
    }
}
