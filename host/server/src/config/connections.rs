//! Connections that callers open.

use std::time::Duration;

/// What callers' connections may hold, and for how long.
///
/// One connection takes some 80 KiB of the server's memory at most beside what its request does: `head_bytes` for a head
/// that is being read, as many for an answer that is being written, and its own state; and of the system's twice
/// `send_buffer_bytes`.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// Connections open at once, in all. Whoever comes later is answered 503 and closed.
    pub connections: usize,
    /// Connections open at once from one address: an IPv4 address, or a /64 of IPv6, which is what one customer gets.
    /// By default half of all, so that no single address can shut all others out. Behind a proxy every connection comes
    /// from the proxy's address, and this one is the cap in truth: set it to `connections` there, and let the proxy count.
    pub per_address: usize,
    /// Longest time to send a request's head, from the moment that the connection is open or the last answer sent. It
    /// also ends idle connections.
    pub head_timeout: Duration,
    /// Bytes of a request's head, and of an answer kept in memory while its reader is slow. hyper takes no less than
    /// 8 KiB; its own default, some 400 KiB, is what a caller without a key could otherwise make each connection hold.
    pub head_bytes: usize,
    /// Longest time to send a JSON body, from the end of the head. Uploads have a time of their own.
    pub body_timeout: Duration,
    /// Bytes of an answer that the system keeps for a slow reader, beside `head_bytes` of the server's own. The system
    /// takes up to twice as many. Left to itself it keeps 4 MB for each, and a stream that nobody reads is noticed only
    /// when they are full.
    pub send_buffer_bytes: usize,
    /// Longest time in which nothing of an answer could be written, because its reader does not read. A stream that has
    /// nothing to say is not meant.
    pub write_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            per_address: 512,
            head_timeout: Duration::from_secs(60),
            head_bytes: 32 << 10,
            body_timeout: Duration::from_secs(30),
            send_buffer_bytes: 128 << 10,
            write_timeout: Duration::from_secs(30),
        }
    }
}
