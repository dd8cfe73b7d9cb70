//! A body that holds something, such as a place, for as long as it is under way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};

/// Lets body and `held` go when the body has ended, failed, or was dropped, whichever comes first. The body goes first:
/// with it goes its connection.
pub(crate) struct Held<B, H>(Option<(B, H)>);

impl<B, H> Held<B, H> {
    pub(crate) fn new(body: B, held: H) -> Self {
        Self(Some((body, held)))
    }
}

impl<B: Body + Unpin, H: Unpin> Body for Held<B, H> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        let Some((body, _)) = &mut this.0 else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            this.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.0.as_ref().map(|(body, _)| body.size_hint());
        left.unwrap_or(SizeHint::with_exact(0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    #[tokio::test]
    async fn it_is_held_until_the_end_was_read() {
        let held = Arc::new(());
        let mut body = Held::new(Full::new(Bytes::from_static(b"abc")), Arc::clone(&held));
        assert!(body.frame().await.unwrap().is_ok());
        assert_eq!(Arc::strong_count(&held), 2);
        assert!(body.frame().await.is_none());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
