//! The bodies that pass through: in up to a limit, on to the provider in parts, and back as they come.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    StatusCode,
    body::{Body, Frame, Incoming, SizeHint},
};
use thiserror::Error;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

use super::{answer::Refusal, metrics::Slot};

/// Longest silence of a provider in the middle of an answer. Reasoning models think for minutes between two events.
const STREAM_IDLE: Duration = Duration::from_secs(15 * 60);
/// Longest time that a client may take to send a body that has to be read whole.
const BODY_TIME: Duration = Duration::from_secs(2 * 60);
/// Bodies up to this size are sent as one piece; copying them costs less than another write.
const ONE_PIECE: usize = 16 * 1024; // bytes
/// What one permit of the budget stands for.
const PERMIT: usize = 1024; // bytes

/// The memory that all request bodies being held may take together.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(
            (bytes / PERMIT).min(Semaphore::MAX_PERMITS),
        )))
    }

    /// Room for `bytes` in whole permits; `None` when there is none.
    fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(permits).ok()
    }
}

/// A request body that was read whole, and its share of the budget.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Reads `body` whole, in bounded size, time and memory.
pub(crate) async fn read(body: Incoming, limit: usize, budget: &Budget) -> Result<Held, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::too_large(limit));
    }
    match tokio::time::timeout(BODY_TIME, collect(body, limit, budget)).await {
        Ok(held) => held,
        Err(_) => {
            let message = format!(
                "the request body did not arrive within {} seconds",
                BODY_TIME.as_secs()
            );
            Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                message,
            ))
        }
    }
}

async fn collect(mut body: Incoming, limit: usize, budget: &Budget) -> Result<Held, Refusal> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let (mut whole, mut buffer) = (Bytes::new(), BytesMut::new());
    let mut share: Option<OwnedSemaphorePermit> = None;
    let mut held = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "request_aborted",
                "the request body ended too early",
            )
        })?;
        let Ok(data) = frame.into_data() else { continue }; // trailers mean nothing here
        let length = whole.len() + buffer.len() + data.len();
        if length > limit {
            return Err(Refusal::too_large(limit));
        }
        if length > held {
            let Some(more) = budget.take(length - held) else {
                return Err(Refusal::overloaded("buffered request bodies"));
            };
            held += more.num_permits() * PERMIT;
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
        }
        if length == data.len() {
            whole = data; // a body that comes in one piece is never copied
            continue;
        }
        if buffer.is_empty() {
            buffer.reserve(announced.max(length)); // at most the limit, and not touched before it is filled
            buffer.extend_from_slice(&std::mem::take(&mut whole));
        }
        buffer.extend_from_slice(&data);
    }
    let bytes = if buffer.is_empty() { whole } else { buffer.freeze() };
    Ok(Held { bytes, _share: share })
}

/// What is sent to a provider.
pub(crate) enum Outgoing {
    /// Parts of a body that was read whole.
    Parts(VecDeque<Bytes>),
    /// A body that passes unread.
    Unread(Incoming),
}

impl Outgoing {
    /// The parts one after the other, in as few pieces as is cheap.
    pub(crate) fn parts(parts: impl IntoIterator<Item = Bytes>) -> Self {
        let parts: VecDeque<Bytes> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let length: usize = parts.iter().map(Bytes::len).sum();
        if parts.len() < 2 || length > ONE_PIECE {
            return Self::Parts(parts);
        }
        let mut whole = BytesMut::with_capacity(length);
        parts.iter().for_each(|part| whole.extend_from_slice(part));
        Self::Parts(VecDeque::from([whole.freeze()]))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Parts(parts) => Poll::Ready(parts.pop_front().map(|part| Ok(Frame::data(part)))),
            Self::Unread(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Parts(parts) => parts.is_empty(),
            Self::Unread(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Parts(parts) => SizeHint::with_exact(parts.iter().map(|part| part.len() as u64).sum()),
            Self::Unread(body) => body.size_hint(),
        }
    }
}

/// What is sent to the client.
pub(crate) struct Reply {
    content: Content,
    /// Held until the last byte is out or the client has gone.
    _slot: Option<Slot>,
}

enum Content {
    Own(Option<Bytes>),
    Provider {
        body: Incoming,
        heard: Instant,
        silence: Option<Pin<Box<Sleep>>>,
    },
}

impl From<Bytes> for Reply {
    fn from(bytes: Bytes) -> Self {
        Self {
            content: Content::Own((!bytes.is_empty()).then_some(bytes)),
            _slot: None,
        }
    }
}

impl Reply {
    /// A provider's answer, passed on as it comes. Dropping it ends the connection to the provider.
    pub(crate) fn provider(body: Incoming) -> Self {
        Self {
            content: Content::Provider {
                body,
                heard: Instant::now(),
                silence: None,
            },
            _slot: None,
        }
    }

    /// The same, and `slot` is held as long.
    pub(crate) fn holding(mut self, slot: Slot) -> Self {
        self._slot = Some(slot);
        self
    }
}

/// Why an answer breaks off.
#[derive(Debug, Error)]
pub(crate) enum Broken {
    /// The connection to the provider failed.
    #[error("cannot read on from the provider")]
    Provider(#[from] hyper::Error),
    /// Nothing came for too long.
    #[error("the provider was silent for {} seconds", STREAM_IDLE.as_secs())]
    Silent,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut self.get_mut().content {
            Content::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Provider { body, heard, silence } => match Pin::new(body).poll_frame(cx) {
                Poll::Ready(frame) => {
                    *heard = Instant::now();
                    Poll::Ready(frame.map(|frame| frame.map_err(Broken::from)))
                }
                Poll::Pending => silent(*heard, silence, cx),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Own(bytes) => bytes.is_none(),
            Content::Provider { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Provider { body, .. } => body.size_hint(),
        }
    }
}

/// Ends the stream once nothing was heard for [`STREAM_IDLE`]. The timer is set anew only when it fires, so a chunk
/// costs no timer.
fn silent(
    heard: Instant,
    silence: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
    let end = heard + STREAM_IDLE;
    let timer = silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
    while timer.as_mut().poll(cx).is_ready() {
        if Instant::now() >= end {
            return Poll::Ready(Some(Err(Broken::Silent)));
        }
        timer.as_mut().reset(end);
    }
    Poll::Pending
}
