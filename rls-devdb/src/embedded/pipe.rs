//! The client's end of a connection: what the driver writes goes to the owner's thread, and back.
//!
//! Neither side ever blocks the other, so it does not matter which runtime drives the driver, or
//! whether that has a thread to spare.

use std::io;
use std::pin::Pin;
use std::sync::mpsc::Sender;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Sent;

pub(super) struct Pipe {
    to_server: Sender<Sent>,
    from_server: UnboundedReceiver<Vec<u8>>,
    /// What has come and was not read yet, from `read` on.
    chunk: Vec<u8>,
    read: usize,
}

impl Pipe {
    pub(super) fn new(to_server: Sender<Sent>, from_server: UnboundedReceiver<Vec<u8>>) -> Pipe {
        Pipe { to_server, from_server, chunk: Vec::new(), read: 0 }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.read == self.chunk.len() {
            match ready!(self.from_server.poll_recv(context)) {
                Some(chunk) => (self.chunk, self.read) = (chunk, 0),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = buffer.remaining().min(self.chunk.len() - self.read);
        buffer.put_slice(&self.chunk[self.read..self.read + count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(match self.to_server.send(Some(bytes.to_vec())) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.to_server.send(None);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.to_server.send(None);
    }
}
