//! A connection that counts what it asks for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::Error;

/// Requests so far: each is answered by ReadyForQuery, and may be waited for.
#[derive(Clone, Default)]
pub struct Requests(Arc<AtomicU64>);

impl Requests {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Connects through the server's socket.
///
/// # Errors
/// The address is no socket, or nobody answers there.
pub async fn connect(url: &str) -> Result<(Client, Requests), Error> {
    let config: Config = url.parse()?;
    let (Some(Host::Unix(dir)), Some(port)) =
        (config.get_hosts().first(), config.get_ports().first())
    else {
        return Err("the server has no socket".into());
    };
    let stream = UnixStream::connect(dir.join(format!(".s.PGSQL.{port}"))).await?;
    let requests = Requests::default();
    let counted = Counted { stream, requests: requests.clone(), frames: Frames::default() };
    let (client, connection) = config.connect_raw(counted, NoTls).await?;
    tokio::spawn(connection);
    Ok((client, requests))
}

struct Counted {
    stream: UnixStream,
    requests: Requests,
    frames: Frames,
}

/// Where in a message the stream is. Source: Postgres manual, "Message Formats".
#[derive(Default)]
struct Frames {
    /// The message's head as far as it is there: a letter and four bytes of length.
    head: Vec<u8>,
    /// What is left of its body.
    left: usize,
    /// Whether the first message, which has no letter, is over.
    started: bool,
}

impl Frames {
    /// How many requests end in these bytes: Query and Sync.
    fn requests(&mut self, bytes: &[u8]) -> u64 {
        let mut requests = 0;
        for byte in bytes {
            if self.left > 0 {
                self.left -= 1;
                continue;
            }
            if !self.started && self.head.is_empty() {
                self.head.push(0);
            }
            self.head.push(*byte);
            let &[letter, a, b, c, d] = self.head.as_slice() else { continue };
            self.left = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
            requests += u64::from(matches!(letter, b'Q' | b'S'));
            self.started = true;
            self.head.clear();
        }
        requests
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        if let Poll::Ready(Ok(count)) = written {
            let requests = self.frames.requests(&buffer[..count]);
            self.requests.0.fetch_add(requests, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
