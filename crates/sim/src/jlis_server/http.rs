//! Bodies and replies: whole, streamed, late, or none.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

/// Ends the connection without an answer, or in the middle of one.
#[derive(Debug, thiserror::Error)]
#[error("hang up")]
pub(crate) struct HangUp;

/// How long nothing is said, before the connection ends.
pub(crate) const SILENCE: Duration = Duration::from_mins(10);

/// A body that is there, or that comes.
pub(crate) enum ReplyBody {
    Whole(Option<Bytes>),
    Coming(mpsc::Receiver<Result<Bytes, HangUp>>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = HangUp;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HangUp>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Coming(receiver) => receiver
                .poll_recv(context)
                .map(|next| next.map(|part| part.map(Frame::data))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(Some(bytes)) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::Whole(None) => SizeHint::with_exact(0),
            Self::Coming(_) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }
}

pub(crate) type Reply = Result<Response<ReplyBody>, HangUp>;

pub(crate) fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Whole(Some(body.into())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(crate) fn json(value: &impl Serialize) -> Response<ReplyBody> {
    match serde_json::to_vec(value) {
        Ok(text) => reply(StatusCode::OK, "application/json", text),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(crate) fn plain(status: StatusCode, text: &str) -> Response<ReplyBody> {
    reply(status, "text/plain; charset=utf-8", text.to_owned())
}

/// A stream whose length, if told, is told whatever comes.
pub(crate) fn stream(
    kind: &'static str,
    length: Option<u64>,
    parts: mpsc::Receiver<Result<Bytes, HangUp>>,
) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Coming(parts));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(length) = length {
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// The answer of many faults: as many bytes as asked.
pub(crate) fn spaces(kind: &'static str, bytes: u64) -> Response<ReplyBody> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        const CHUNK: u64 = 65_536;
        let mut left = bytes;
        while left > 0 {
            let size = left.min(CHUNK);
            left -= size;
            let part = Bytes::from(vec![b' '; usize::try_from(size).unwrap_or(0)]);
            if sender.send(Ok(part)).await.is_err() {
                return;
            }
        }
    });
    stream(kind, Some(bytes), receiver)
}

/// Nothing for a long time, then the end of the connection.
pub(crate) async fn silence() -> Reply {
    tokio::time::sleep(SILENCE).await;
    Err(HangUp)
}

/// The whole body, up to a size.
pub(crate) async fn body(request: Request<Incoming>, most: usize) -> Result<Bytes, Response<ReplyBody>> {
    Limited::new(request.into_body(), most)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|_| plain(StatusCode::PAYLOAD_TOO_LARGE, "too long"))
}

/// A JSON body.
pub(crate) async fn question<T: DeserializeOwned>(
    request: Request<Incoming>,
    most: usize,
) -> Result<T, Response<ReplyBody>> {
    let body = body(request, most).await?;
    serde_json::from_slice(&body).map_err(|error| plain(StatusCode::BAD_REQUEST, &error.to_string()))
}
