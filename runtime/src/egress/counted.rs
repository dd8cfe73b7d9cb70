//! A request's body that says how much of it was taken, while it is taken: an exchange that fails
//! half-way has sent something all the same.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Is told of bytes that left.
pub type ByteCounter = Arc<dyn Fn(u64) + Send + Sync>;

/// The largest piece that is taken at once, in bytes: how exact the count is when the exchange fails.
const PIECE: usize = 16 << 10;

/// `body` as the client sends it, counted if there is a counter.
pub(super) fn counted(body: &Bytes, counter: Option<ByteCounter>) -> reqwest::Body {
    match counter {
        Some(counter) if !body.is_empty() => reqwest::Body::wrap(Counted {
            rest: body.clone(),
            counter,
        }),
        _ => body.clone().into(),
    }
}

struct Counted {
    rest: Bytes,
    counter: ByteCounter,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let most = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(most);
        (self.counter)(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_taken_is_counted_and_the_length_is_known() {
        let seen = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&seen);
        let body = Bytes::from(vec![7; 2 * PIECE + 1]);
        let mut sent = counted(
            &body,
            Some(Arc::new(move |bytes| {
                counting.fetch_add(bytes, Ordering::Relaxed);
            })),
        );
        assert_eq!(sent.size_hint().exact(), Some(body.len() as u64));
        sent.frame().await.unwrap().unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), PIECE as u64);
        assert_eq!(sent.collect().await.unwrap().to_bytes().len(), PIECE + 1);
        assert_eq!(seen.load(Ordering::Relaxed), body.len() as u64);
    }
}
