//! Answers that come in pieces, and clients that leave.

use std::{io, sync::Arc};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::{Mutex, mpsc, oneshot},
};

use super::{CHAT, Gateway, Upstream, aliased, chat, soon};

/// What makes a hand-fed provider break off in the middle of its answer.
const BREAK: &str = "";

/// A provider whose answer is what the test sends, and the sender.
async fn hand_fed() -> (Upstream, mpsc::Sender<&'static str>) {
    let (sender, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let upstream = Upstream::start_slow(move || {
        let receiver = Arc::clone(&receiver);
        async move {
            let receiver = receiver.lock().await.take().expect("one request");
            let events = stream::unfold(receiver, |mut receiver| async move {
                let event = receiver.recv().await?;
                let event = if event == BREAK {
                    Err(io::Error::other("gone"))
                } else {
                    Ok(Bytes::from(event))
                };
                Some((event, receiver))
            });
            let answer = Response::builder().header("content-type", "text/event-stream");
            answer.body(Body::from_stream(events)).expect("a response")
        }
    })
    .await;
    (upstream, sender)
}

#[tokio::test]
async fn an_event_arrives_before_the_next_one_is_sent() {
    let (upstream, provider) = hand_fed().await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let response = gateway.send(gateway.request(CHAT, chat("m"))).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    for event in ["data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"] {
        provider.send(event).await.expect("the stream is open");
        let frame = soon(body.frame()).await.expect("a chunk").expect("no error");
        assert_eq!(frame.into_data().expect("data"), event);
    }
    drop(provider);
    assert!(soon(body.frame()).await.is_none());
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_ends_the_request_to_the_provider() {
    let (upstream, provider) = hand_fed().await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let mut response = gateway.send(gateway.request(CHAT, chat("m"))).await;
    provider.send("data: 1\n\n").await.expect("the stream is open");
    soon(response.body_mut().frame())
        .await
        .expect("a chunk")
        .expect("no error");
    drop(response);
    soon(provider.closed()).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_ends_the_request_to_the_provider() {
    let (dropped, noticed) = oneshot::channel::<()>();
    let dropped = Arc::new(Mutex::new(Some(dropped)));
    let mut upstream = Upstream::start_slow(move || {
        let dropped = Arc::clone(&dropped);
        async move {
            let _held = dropped.lock().await.take();
            std::future::pending().await
        }
    })
    .await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let mut client = TcpStream::connect(gateway.address).await.expect("a connection");
    let body = chat("m");
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .expect("written");
    upstream.next().await;
    drop(client);
    assert!(soon(noticed).await.is_err(), "the provider's handler was dropped");
}

#[tokio::test]
async fn the_end_waits_for_requests_in_flight() {
    let (mut upstream, provider) = hand_fed().await;
    let mut gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let mut response = gateway.send(gateway.request(CHAT, chat("m"))).await;
    upstream.next().await;
    drop(gateway.stop.take());
    soon(async { while TcpStream::connect(gateway.address).await.is_ok() {} }).await;
    assert!(!gateway.ended.is_finished());
    provider.send("data: 1\n\n").await.expect("the stream is open");
    soon(response.body_mut().frame())
        .await
        .expect("a chunk")
        .expect("no error");
    drop(provider);
    assert!(soon(response.body_mut().frame()).await.is_none());
    soon(gateway.ended).await.expect("no panic");
}

#[tokio::test]
async fn a_provider_that_breaks_off_breaks_the_answer_off() {
    let (upstream, provider) = hand_fed().await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let mut response = gateway.send(gateway.request(CHAT, chat("m"))).await;
    provider.send("data: 1\n\n").await.expect("the stream is open");
    soon(response.body_mut().frame())
        .await
        .expect("a chunk")
        .expect("no error");
    provider.send(BREAK).await.expect("the stream is open");
    let end = soon(response.body_mut().frame()).await;
    assert!(end.expect("no end").is_err(), "not taken for a whole answer");
}
