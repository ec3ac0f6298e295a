//! Cutting what a client sends where the server can answer.
//!
//! The embedded server works through what it is given and then returns, so it must be given whole
//! messages, up to one that calls for an answer.

/// What to do with the bytes that have come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for more.
    Wait,
    /// Give the server this many.
    Serve(usize),
    /// Give the server this many, then end: the client takes its leave.
    Leave(usize),
}

/// The length of the startup message, the only one without a type, once it is whole.
pub(super) fn startup(bytes: &[u8]) -> Option<usize> {
    let length = length(bytes)?;
    (bytes.len() >= length).then_some(length)
}

pub(super) fn next(bytes: &[u8]) -> Next {
    let mut answerable = 0;
    let mut at = 0;
    while let Some((kind, rest)) = bytes[at..].split_first()
        && let Some(length) = length(rest)
        && rest.len() >= length
    {
        if *kind == b'X' {
            return Next::Leave(at);
        }
        at += 1 + length;
        // Query, Sync, Flush, FunctionCall, CopyDone, CopyFail.
        if b"QSHFcf".contains(kind) {
            answerable = at;
        }
    }
    match answerable {
        0 => Next::Wait,
        count => Next::Serve(count),
    }
}

/// Every message gives its length, counting these four bytes themselves.
fn length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?);
    usize::try_from(length).ok().map(|length| length.max(4))
}

/// The message of a server that gives up.
pub(super) fn fatal(reason: &str) -> Vec<u8> {
    let reason = reason.replace('\0', " ");
    let body = format!("SFATAL\0VFATAL\0CXX000\0M{reason}\0\0");
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [b"E", &length.to_be_bytes()[..], body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    #[test]
    fn whole_answerable_messages_are_served() {
        let parse = message(b'P', b"abc");
        let sync = message(b'S', b"");
        let both = [parse.clone(), sync.clone()].concat();
        assert_eq!(next(b""), Next::Wait);
        assert_eq!(next(&parse), Next::Wait);
        assert_eq!(next(&both), Next::Serve(both.len()));
        assert_eq!(next(&[&both[..], &parse].concat()), Next::Serve(both.len()));
        for cut in 0..both.len() {
            assert_eq!(next(&both[..cut]), Next::Wait);
        }
    }

    #[test]
    fn a_client_takes_its_leave() {
        let query = message(b'Q', b"select 1\0");
        let leave = message(b'X', b"");
        assert_eq!(next(&leave), Next::Leave(0));
        assert_eq!(next(&[query.clone(), leave].concat()), Next::Leave(query.len()));
    }
}
