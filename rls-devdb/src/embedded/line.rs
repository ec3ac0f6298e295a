//! The server's end of a connection.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oliphaunt_wasix::session::ProtocolStream;
use tokio::sync::mpsc::UnboundedSender;

use super::Sent;

/// What the client says and hears. The owner's loop reads it, and so does the server in a COPY: the
/// two share what has come.
#[derive(Clone)]
pub(super) struct Line {
    incoming: Arc<Mutex<Incoming>>,
    outbox: UnboundedSender<Vec<u8>>,
}

struct Incoming {
    inbox: Receiver<Sent>,
    /// What has come and was not taken yet.
    heard: Vec<u8>,
    ended: bool,
}

impl Line {
    pub(super) fn new(inbox: Receiver<Sent>, outbox: UnboundedSender<Vec<u8>>) -> Line {
        let incoming = Incoming { inbox, heard: Vec::new(), ended: false };
        Line { incoming: Arc::new(Mutex::new(incoming)), outbox }
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what has come, with `look`.
    pub(super) fn heard<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.incoming().heard)
    }

    /// Waits for more, and tells whether there is any.
    pub(super) fn listen(&self) -> bool {
        self.incoming().listen()
    }

    pub(super) fn take(&self, count: usize) -> Vec<u8> {
        self.incoming().heard.drain(..count).collect()
    }

    /// A client that is gone hears nothing; that it is gone shows when listening.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        let _ = self.outbox.send(bytes);
    }
}

impl Incoming {
    fn listen(&mut self) -> bool {
        match self.inbox.recv() {
            Ok(Some(bytes)) if !self.ended => self.heard.extend(bytes),
            _ => self.ended = true,
        }
        !self.ended
    }

    /// Whether a read would not wait, be it for bytes or for the end.
    fn ready(&mut self) -> bool {
        if self.heard.is_empty() && !self.ended {
            match self.inbox.try_recv() {
                Ok(Some(bytes)) => self.heard.extend(bytes),
                Ok(None) | Err(TryRecvError::Disconnected) => self.ended = true,
                Err(TryRecvError::Empty) => {}
            }
        }
        !self.heard.is_empty() || self.ended
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut incoming = self.incoming();
        while incoming.heard.is_empty() {
            if incoming.ended || !incoming.listen() {
                return Ok(0);
            }
        }
        let count = buffer.len().min(incoming.heard.len());
        for (to, from) in buffer.iter_mut().zip(incoming.heard.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ProtocolStream for Line {
    fn read_ready(&mut self) -> io::Result<bool> {
        Ok(self.incoming().ready())
    }
}
