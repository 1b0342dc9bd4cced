//! PROXY protocol headers: never a byte asked for that is not the header's, never a client that is not in it.
//!
//! Oracle: a header of version 1 is a line of at most 107 bytes, and the client is its third and fifth word.

#![no_main]

use std::net::{IpAddr, SocketAddr};

use libfuzzer_sys::fuzz_target;
use sawmill_lumberjack::{ProxyStep, proxied};

fuzz_target!(|bytes: &[u8]| {
    let mut taken = 0;
    loop {
        match proxied(&bytes[..taken]) {
            Err(_) => return,
            Ok(ProxyStep::Header { client }) => return check(&bytes[..taken], client),
            Ok(ProxyStep::Need(missing)) => {
                assert!(missing > 0, "nothing is asked for");
                taken += missing;
                assert!(taken <= 4096, "more is asked for than a header may have");
                if taken > bytes.len() {
                    return;
                }
            }
        }
    }
});

fn check(header: &[u8], client: Option<SocketAddr>) {
    if !header.starts_with(b"PROXY ") {
        let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
        assert_eq!(
            header.len(),
            16 + length,
            "no more and no less than it says"
        );
        return;
    }
    assert!(header.len() <= 107 && header.ends_with(b"\r\n"));
    if header.starts_with(b"PROXY UNKNOWN") {
        // Whatever else the line has is to be ignored.
        return assert_eq!(client, None);
    }
    let line = std::str::from_utf8(header).expect("a line that names a client is ASCII");
    assert_eq!(line.matches("\r\n").count(), 1, "nothing behind the line");
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    let address: IpAddr = words[2].parse().expect("an address");
    let port = words[4].parse().expect("a port");
    assert_eq!(client, Some(SocketAddr::new(address, port)));
}
