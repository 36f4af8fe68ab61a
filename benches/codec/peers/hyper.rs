//! hyper with `fastwebsockets::upgrade`: a service that answers with 101, on an
//! upgradeable connection of HTTP/1 without the Date that the others do not send.
//! It is polled in place: no task is spawned, and no runtime is entered.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use fastwebsockets::WebSocketError;
use fastwebsockets::upgrade::upgrade;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::at_once;
use crate::wire::{Drain, Tape, Wire};

/// Name in tables.
pub const NAME: &str = "hyper";

/// Head in, 101 out, upgraded connection dropped.
pub fn handshake(request: &Tape, drain: &Drain) {
    let wire = Wire { tape: request.clone(), drain: drain.clone() };
    let upgraded = Cell::new(None);
    let service = service_fn(async |mut request: hyper::Request<Incoming>| {
        let (response, websocket) = upgrade(&mut request)?;
        upgraded.set(Some(websocket));
        Ok::<_, WebSocketError>(response)
    });
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(Movable(wire)), service)
        .with_upgrades();
    at_once(connection).expect("the request is correct");
    let websocket = upgraded.take().expect("the request is correct");
    drop(at_once(websocket).expect("the request is correct"));
}

/// A stream as hyper wants one.
struct Movable(Wire);

// SAFETY: neither the stream nor a clone of what it holds leaves this thread.
unsafe impl Send for Movable {}

impl AsyncRead for Movable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, space)
    }
}

impl AsyncWrite for Movable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        runs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, runs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
