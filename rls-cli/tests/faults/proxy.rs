//! What stands between the tool and the server: passes messages on, counts the tool's statements, and
//! strikes at one of them.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::support::Run;

/// What is done to the tool or its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL.
    Kill,
    /// Both sides of the connection end.
    Cut,
    /// The server is killed; who strikes knows how.
    Crash,
}

/// When it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The server never hears of the statement.
    Before,
    /// The server has it, and nobody waits for what it says.
    Unanswered,
    /// The server has answered.
    Answered,
}

#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Which of the tool's statements, from 1.
    pub at: usize,
    pub moment: Moment,
    pub blow: Blow,
}

/// What went through, and what became of the tool.
pub struct Passed {
    pub struck: bool,
    /// How many statements reached the server.
    pub sent: usize,
    /// How many of these were answered.
    pub answered: usize,
    pub run: Run,
}

/// What somebody is told on the way, while everything waits.
pub enum Event {
    /// So many statements were answered, and no transaction is open.
    Idle(usize),
    /// The server is to be killed.
    Crash,
}

/// No run takes this long, whatever is done to it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command with `DATABASE_URL` leading through here to the database at that URL.
pub async fn through(
    url: &str,
    mut command: Command,
    fault: Option<Fault>,
    told: &mut dyn FnMut(Event),
) -> Passed {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config: Config = url.parse().unwrap();
    let port = listener.local_addr().unwrap().port();
    let database = config.get_dbname().unwrap();
    let here = format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable");
    command.env("DATABASE_URL", here).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = command.spawn().unwrap();
    let Ok(accepted) = tokio::time::timeout(PATIENCE, listener.accept()).await else {
        tool.kill().unwrap();
        panic!("the tool never connects: {:?}", tool.wait_with_output());
    };
    drop(listener);
    let accepted = accepted.unwrap().0;
    accepted.set_nodelay(true).unwrap();
    let mut line = Line {
        tool: accepted,
        server: server(&config).await,
        fault,
        passed: Passed {
            struck: false,
            sent: 0,
            answered: 0,
            run: Run { code: 0, out: String::new(), err: String::new() },
        },
    };
    line.carry(&mut tool, told).await;
    let Line { mut passed, tool: near, server: far, fault: _ } = line;
    drop((near, far));
    let ended = tokio::task::spawn_blocking(|| tool.wait_with_output());
    let Ok(output) = tokio::time::timeout(PATIENCE, ended).await else {
        panic!("the tool hangs after {fault:?}")
    };
    passed.run = output.unwrap().unwrap().into();
    passed
}

/// A native server listens on a socket in the file system.
async fn server(config: &Config) -> UnixStream {
    let [Host::Unix(folder)] = config.get_hosts() else { panic!("{config:?}") };
    let port = config.get_ports()[0];
    UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await.unwrap()
}

struct Line {
    tool: TcpStream,
    server: UnixStream,
    fault: Option<Fault>,
    passed: Passed,
}

impl Line {
    /// Until either side ends, or the fault has struck. What the server answers with one
    /// `ReadyForQuery` is one statement: a simple query, or an extended one up to its Sync.
    async fn carry(&mut self, child: &mut Child, told: &mut dyn FnMut(Event)) {
        let mut from_tool = Messages { bytes: Vec::new(), begun: false };
        let mut from_server = Messages { bytes: Vec::new(), begun: true };
        let mut statement = Vec::new();
        // The first is about the connection itself.
        let mut ready: Option<usize> = None;
        loop {
            tokio::select! {
                read = self.tool.read_buf(&mut from_tool.bytes) => {
                    while let Some((tag, message)) = from_tool.next() {
                        statement.extend(message);
                        let is_one = matches!(tag, b'Q' | b'S');
                        if is_one && self.strikes(self.passed.sent + 1, Moment::Before) {
                            return self.strike(child, told);
                        }
                        if is_one || matches!(tag, b'X' | 0) {
                            if self.server.write_all(&statement).await.is_err() {
                                return;
                            }
                            statement.clear();
                        }
                        self.passed.sent += usize::from(is_one);
                        if is_one && self.strikes(self.passed.sent, Moment::Unanswered) {
                            return self.strike(child, told);
                        }
                    }
                    if !matches!(read, Ok(1..)) {
                        return;
                    }
                }
                read = self.server.read_buf(&mut from_server.bytes) => {
                    while let Some((tag, message)) = from_server.next() {
                        if tag == b'Z' {
                            let answered = ready.map_or(0, |before| before + 1);
                            ready = Some(answered);
                            self.passed.answered = answered;
                            if message.last() == Some(&b'I') {
                                told(Event::Idle(answered));
                            }
                            if self.strikes(answered, Moment::Answered) {
                                return self.strike(child, told);
                            }
                        }
                        if self.tool.write_all(&message).await.is_err() {
                            return;
                        }
                    }
                    if !matches!(read, Ok(1..)) {
                        return;
                    }
                }
            }
        }
    }

    fn strikes(&self, statement: usize, moment: Moment) -> bool {
        self.fault.is_some_and(|fault| fault.at == statement && fault.moment == moment)
    }

    fn strike(&mut self, child: &mut Child, told: &mut dyn FnMut(Event)) {
        self.passed.struck = true;
        match self.fault.map(|fault| fault.blow) {
            Some(Blow::Kill) => child.kill().unwrap(),
            Some(Blow::Crash) => told(Event::Crash),
            Some(Blow::Cut) | None => {}
        }
    }
}

/// Bytes, and the whole messages in them.
struct Messages {
    bytes: Vec<u8>,
    /// The very first message of a client has no tag.
    begun: bool,
}

impl Messages {
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let tagged = usize::from(self.begun);
        let length = self.bytes.get(tagged..tagged + 4)?;
        let whole = tagged + u32::from_be_bytes(length.try_into().unwrap()) as usize;
        if self.bytes.len() < whole {
            return None;
        }
        let tag = if self.begun { self.bytes[0] } else { 0 };
        self.begun = true;
        Some((tag, self.bytes.drain(..whole).collect()))
    }
}
