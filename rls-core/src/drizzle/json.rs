//! JSON with its members in their order, read piece by piece: every mistake is told at its path, and so is
//! every member that nobody asked for.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Mistake;
use crate::model::Ident;

/// A value. The order of members is that of columns, which a map by name would lose.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// In its digits.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "true or false",
            Node::Number(_) => "a number",
            Node::Text(_) => "a text",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E: Error>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Number(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Number(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Number(value.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut members: Vec<(String, Node)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Node>()? {
                    if members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom(format!("`{name}` stands twice here")));
                    }
                    members.push((name, value));
                }
                Ok(Node::Object(members))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// What is found out while a snapshot is read.
#[derive(Default)]
pub(super) struct Report {
    mistakes: RefCell<Vec<Mistake>>,
    notes: RefCell<Vec<String>>,
}

impl Report {
    pub(super) fn note(&self, note: impl Into<String>) {
        let note = note.into();
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Mistakes and notes so far.
    pub(super) fn take(&self) -> (Vec<Mistake>, Vec<String>) {
        (self.mistakes.take(), self.notes.take())
    }
}

/// A value and where it is.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) path: String,
    pub(super) node: &'a Node,
    pub(super) report: &'a Report,
}

/// An object whose members are asked for one by one.
pub(super) struct Object<'a> {
    pub(super) path: String,
    pub(super) report: &'a Report,
    members: Vec<(&'a str, &'a Node, Cell<bool>)>,
}

impl<'a> At<'a> {
    pub(super) fn mistake(&self, message: impl Into<String>, help: Option<&str>) {
        self.report.mistakes.borrow_mut().push(Mistake {
            path: self.path.clone(),
            message: message.into(),
            help: help.map(str::to_owned),
        });
    }

    fn instead_of(&self, wanted: &str) {
        self.mistake(format!("is {}, and has to be {wanted}", self.node.kind()), None);
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.node.text();
        if text.is_none() {
            self.instead_of("a text");
        }
        text
    }

    pub(super) fn flag(&self) -> Option<bool> {
        let Node::Bool(value) = self.node else {
            self.instead_of("true or false");
            return None;
        };
        Some(*value)
    }

    pub(super) fn list(&self) -> Option<Vec<At<'a>>> {
        let Node::List(items) = self.node else {
            self.instead_of("a list");
            return None;
        };
        let at =
            |(at, node)| At { path: format!("{}[{at}]", self.path), node, report: self.report };
        Some(items.iter().enumerate().map(at).collect())
    }

    pub(super) fn object(&self) -> Option<Object<'a>> {
        let Node::Object(members) = self.node else {
            self.instead_of("an object");
            return None;
        };
        let members =
            members.iter().map(|(name, node)| (name.as_str(), node, Cell::new(false))).collect();
        Some(Object { path: self.path.clone(), report: self.report, members })
    }

    /// A name, cut to what Postgres keeps of it.
    pub(super) fn name(&self) -> Option<Ident> {
        self.named(self.text()?)
    }

    /// A text as a name, likewise.
    pub(super) fn named(&self, text: &str) -> Option<Ident> {
        let cut = cut(text);
        if cut.len() < text.len() {
            self.report.note(format!(
                "`{text}` has more than 63 bytes: Postgres has cut it to `{cut}`, and so it is called here"
            ));
        }
        match Ident::new(cut) {
            Ok(name) => Some(name),
            Err(error) => {
                self.mistake(error.to_string(), None);
                None
            }
        }
    }

    /// What is made of every item of a list that has some.
    pub(super) fn some<T>(&self, read: impl Fn(&At<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.list()?;
        if items.is_empty() {
            self.mistake("is empty", None);
            return None;
        }
        // Each says what is wrong with it before they are put together.
        let read: Vec<_> = items.iter().map(read).collect();
        read.into_iter().collect()
    }

    /// Every item of a list as a name.
    pub(super) fn names(&self) -> Option<Vec<Ident>> {
        self.some(At::name)
    }
}

/// What Postgres keeps of a name: 63 bytes, and no half of a character.
pub(super) fn cut(name: &str) -> &str {
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

impl<'a> Object<'a> {
    /// A member, where it is there and says something.
    pub(super) fn get(&self, name: &str) -> Option<At<'a>> {
        let (name, node, asked) = self.members.iter().find(|(member, ..)| *member == name)?;
        asked.set(true);
        let there = **node != Node::Null;
        there.then(|| At { path: self.below(name), node, report: self.report })
    }

    /// A member that has to be there.
    pub(super) fn must(&self, name: &str) -> Option<At<'a>> {
        let found = self.get(name);
        if found.is_none() {
            self.mistake(format!("`{name}` is missing here"));
        }
        found
    }

    /// A member that is true, false or not there.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(|at| at.flag()).unwrap_or(false)
    }

    /// The members of a member, which holds things by name.
    pub(super) fn entries(&self, name: &str) -> Vec<(&'a str, At<'a>)> {
        let Some(object) = self.get(name).and_then(|at| at.object()) else { return Vec::new() };
        let entry = |(name, node, _): &(&'a str, &'a Node, Cell<bool>)| {
            let at = At { path: object.below(name), node, report: object.report };
            (*name, at)
        };
        object.members.iter().map(entry).collect()
    }

    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.help(message, None);
    }

    pub(super) fn help(&self, message: impl Into<String>, help: Option<&str>) {
        At { path: self.path.clone(), node: &Node::Null, report: self.report }
            .mistake(message, help);
    }

    /// Members that are of no account.
    pub(super) fn pass_over(&self, names: &[&str]) {
        for name in names {
            self.get(name);
        }
    }

    /// Tells what was not asked for.
    pub(super) fn done(self) {
        for (name, _, asked) in &self.members {
            if !asked.get() {
                self.report
                    .note(format!("`{}` cannot be said here, and is left out", self.below(name)));
            }
        }
    }

    fn below(&self, name: &str) -> String {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let plain = first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match (plain, self.path.is_empty()) {
            (true, true) => name.to_owned(),
            (true, false) => format!("{}.{name}", self.path),
            (false, _) => format!("{}[{name:?}]", self.path),
        }
    }
}
