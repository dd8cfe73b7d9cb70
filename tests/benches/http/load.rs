//! A load generator: as little of it as HTTP/1.1 allows, for it runs on the server's cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections that are kept open; each sends its next request when it has read its last answer.
const CONNECTIONS: usize = 16;

/// Requests to one server, ready to be sent.
pub(crate) struct Load {
    address: String,
    requests: Vec<Vec<u8>>,
}

impl Load {
    /// A `GET` of each of `paths` with an API key, of the server at `url`.
    pub(crate) fn new(url: &str, key: &str, paths: &[String]) -> Arc<Self> {
        let address = url.strip_prefix("http://").unwrap().to_owned();
        let head = |path: &String| {
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {key}\r\n\r\n")
        };
        let requests = paths.iter().map(|path| head(path).into_bytes()).collect();
        Arc::new(Self { address, requests })
    }

    /// Sends `count` requests, in order and again from the first; how many were answered each second.
    ///
    /// # Panics
    /// When an answer is anything but a 200 of known length.
    pub(crate) async fn run(self: &Arc<Self>, count: usize) -> f64 {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(&self.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let sent = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let connections = streams
            .into_iter()
            .map(|stream| self.clone().keep_asking(stream, sent.clone(), count));
        connections.collect::<JoinSet<()>>().join_all().await;
        count as f64 / begun.elapsed().as_secs_f64()
    }

    async fn keep_asking(
        self: Arc<Self>,
        mut stream: TcpStream,
        sent: Arc<AtomicUsize>,
        count: usize,
    ) {
        let mut answer = Vec::with_capacity(16 << 10);
        loop {
            let number = sent.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let request = &self.requests[number % self.requests.len()];
            stream.write_all(request).await.unwrap();
            answer.clear();
            while !is_whole(&answer) {
                let read = stream.read_buf(&mut answer).await.unwrap();
                assert_ne!(read, 0, "the server closed a connection");
            }
        }
    }
}

/// Whether head and body are there.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a length").parse().unwrap();
    answer.len() >= end + 4 + length
}
