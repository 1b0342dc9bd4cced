/// What a frame may claim before it is refused.
///
/// Each limit is checked on the claim itself, before anything is read or kept for it. The defaults lie above everything an
/// honest Filebeat sends: a window that is refused is sent again for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of zlib data in one compressed frame. Default 64 MiB.
    pub compressed_bytes_max: u32,
    /// Bytes of one event: a JSON payload, or all pairs of a data frame together. Default 64 MiB.
    ///
    /// Filebeat cuts lines at 10 MiB, and JSON may write one byte as six. A larger JSON payload is not refused but
    /// becomes [`Frame::Oversized`](crate::Frame::Oversized).
    pub event_bytes_max: u32,
    /// Events in one window. Default 100,000; Filebeat's own default is 2,048.
    pub window_events_max: u32,
    /// Key and value pairs in one data frame. Default 1,024.
    pub pairs_max: u32,
    /// Bytes of one key or of one value in a data frame. Default 1 MiB.
    pub pair_bytes_max: u32,
}

const MIB: u32 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            compressed_bytes_max: 64 * MIB,
            event_bytes_max: 64 * MIB,
            window_events_max: 100_000,
            pairs_max: 1024,
            pair_bytes_max: MIB,
        }
    }
}
