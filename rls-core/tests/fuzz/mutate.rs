//! Inputs: texts of a corpus, changed piece by piece in the words of that corpus, or bytes of any kind.

use std::fs;
use std::path::Path;

use proptest::prelude::{Strategy, any};
use proptest::sample::Index;
use proptest::{collection, prop_oneof};

/// Texts that are known to be worth a look, and the pieces that they are made of.
#[derive(Clone, Debug)]
pub struct Corpus {
    pub texts: Vec<String>,
    pieces: Vec<String>,
    lines: Vec<String>,
}

/// What means something somewhere, and is seldom in a corpus.
const ODD: &[&str] = &[
    "\0",
    "\u{feff}",
    "\u{202e}",
    "é",
    "🦀",
    "\r",
    "\r\n",
    "\\",
    "'",
    "\"",
    "`",
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "//",
    "///",
    "#!",
    "r#\"",
    "\"#",
    "b'\\xff'",
    ";",
    "{{",
    "}}",
    "%",
    "#[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "9223372036854775808",
    "-9223372036854775808",
    "340282366920938463463374607431768211456",
    "1e999",
    "0x",
    "1_000",
    "r#type",
    "self",
    "Self",
    "crate",
    "super",
    "_",
    "..",
    "..=",
    "?",
    "&",
    "*",
    "!",
    "|| ",
    "E'\\'",
    "U&\"",
    "::",
    "pg_temp",
    "public",
    "\u{0}\u{1}",
];

impl Corpus {
    /// The files of a folder of `corpus`, where there is one, and further texts.
    pub fn new(folder: &str, further: impl IntoIterator<Item = String>) -> Corpus {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(folder);
        let mut paths: Vec<_> =
            fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let files = paths.into_iter().map(|path| fs::read(path).unwrap());
        let mut texts: Vec<_> =
            files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
        texts.extend(further);
        assert!(!texts.is_empty(), "a corpus of nothing");
        let mut pieces: Vec<_> =
            texts.iter().flat_map(|text| pieces(text)).map(str::to_owned).collect();
        pieces.sort();
        pieces.dedup();
        pieces.extend(ODD.iter().map(|odd| (*odd).to_owned()));
        let mut lines: Vec<_> =
            texts.iter().flat_map(|text| text.split_inclusive('\n')).map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        Corpus { texts, pieces, lines }
    }

    /// A text with some changes; seldom something else altogether.
    pub fn inputs(&self) -> impl Strategy<Value = String> + use<> {
        let (changed, corpus) = (self.clone(), self.clone());
        prop_oneof![
            20 => (any::<Index>(), prop_oneof![
                    3 => collection::vec(any::<Edit>(), 1..2),
                    2 => collection::vec(any::<Edit>(), 2..6),
                ])
                .prop_map(move |(text, edits)| changed.edited(text, &edits)),
            1 => collection::vec(any::<Index>(), 0..40)
                .prop_map(move |of| of.iter().map(|at| at.get(&corpus.pieces).as_str()).collect()),
            1 => collection::vec(any::<u8>(), 0..200)
                .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        ]
    }

    fn edited(&self, text: Index, edits: &[Edit]) -> String {
        let mut text = text.get(&self.texts).clone();
        for edit in edits {
            text = match edit.0 % 16 {
                0..4 => self.by_line(&text, edit),
                kind => self.by_piece(&text, edit, kind),
            };
        }
        text
    }

    /// What is on one line is often whole in itself.
    fn by_line(&self, text: &str, (kind, from, _, other): &Edit) -> String {
        let mut lines: Vec<_> = text.split_inclusive('\n').map(str::to_owned).collect();
        let from = from.index(lines.len() + 1);
        if from == lines.len() {
            lines.push(other.get(&self.lines).clone());
            return lines.concat();
        }
        match kind % 4 {
            0 => drop(lines.remove(from)),
            1 => lines.insert(from, other.get(&self.lines).clone()),
            2 => lines.insert(from, lines[from].clone()),
            _ => {
                let place = other.index(lines.len());
                lines.swap(from, place);
            }
        }
        lines.concat()
    }

    fn by_piece(&self, text: &str, (amount, from, length, other): &Edit, kind: u8) -> String {
        let mut text: Vec<String> = pieces(text).map(str::to_owned).collect();
        let from = from.index(text.len() + 1);
        if from == text.len() {
            text.push(other.get(&self.pieces).clone());
            return text.concat();
        }
        let to = (from + 1 + usize::from(length % 16)).min(text.len());
        match kind {
            // One word, number or sign for another.
            4..10 => {
                let from = next_word(&text, from);
                let like: Vec<_> =
                    self.pieces.iter().filter(|piece| sort(piece) == sort(&text[from])).collect();
                if !like.is_empty() {
                    text[from] = (*other.get(&like)).clone();
                }
            }
            10 => drop(text.drain(from..to)),
            11 => text.insert(from, other.get(&self.pieces).clone()),
            12 => text[from] = other.get(&self.pieces).clone(),
            13 => {
                let again = text[from..to].to_vec();
                text.splice(to..to, again);
            }
            // A stretch of another text.
            14 => {
                let another = other.get(&self.texts);
                let stretch: Vec<_> = pieces(another).map(str::to_owned).collect();
                let start = (usize::from(*length) * 7) % (stretch.len() + 1);
                let end = (start + usize::from(*amount)).min(stretch.len());
                text.splice(from..from + 1, stretch[start..end].to_vec());
            }
            // Deeper than anybody writes.
            _ => {
                let (open, close) = [("(", ")"), ("!", ""), ("[", "]"), ("not(", ")"), ("-", "")]
                    [usize::from(*length) % 5];
                let depth = usize::from(*length);
                text.insert(to, close.repeat(depth));
                text.insert(from, open.repeat(depth));
            }
        }
        text.concat()
    }
}

/// One change: what, from where, how far, and with which other piece or text.
type Edit = (u8, Index, u8, Index);

/// The word or number there or behind.
fn next_word(text: &[String], from: usize) -> usize {
    (from..text.len()).find(|at| sort(&text[*at]) > 1).unwrap_or(from)
}

/// Signs, space, numbers, words, and words that begin in upper case.
fn sort(piece: &str) -> u8 {
    match piece.chars().next() {
        Some(c) if c.is_numeric() => 2,
        Some(c) if c.is_uppercase() => 4,
        Some(c) if c.is_alphanumeric() || c == '_' => 3,
        Some(c) if c.is_whitespace() => 1,
        Some(_) | None => 0,
    }
}

/// Words, stretches of space, and every other character by itself.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let same = |(_, c): &(usize, char)| kind(*c) != first || first == 0;
        let end = rest.char_indices().skip(1).find(same).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}
