//! `#[rls(..)]` laid out. rustfmt knows only attributes whose values are literals: those are written as it
//! wants them, by its default settings and by those of this workspace alike. All others it leaves as they
//! are.

use unicode_width::UnicodeWidthStr;

/// How far a line goes.
const WIDTH: usize = 100;
/// How much stands between brackets on one line: rustfmt's `attr_fn_like_width`.
const BRACKETS: usize = 70;

/// One thing that is said.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// `unique`
    Flag(&'static str),
    /// `default = now()`
    Value(&'static str, Code),
    /// `index(method = gin)`
    List(&'static str, Vec<Item>),
    /// `users(id)`, in a list.
    Bare(Code),
}

/// A piece of Rust.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// On one line, or on the lines that its strings have.
    text: String,
    /// Whether rustfmt would know it.
    literal: bool,
    /// Where it can be broken.
    parts: Parts,
}

#[derive(Clone, Debug)]
enum Parts {
    None,
    /// Between operands.
    Operands(&'static str, Vec<String>),
    /// Between brackets.
    Elements(Vec<String>),
}

impl Code {
    /// A literal.
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Code { text: text.into(), literal: true, parts: Parts::None }
    }

    /// Anything else.
    pub(super) fn other(text: impl Into<String>) -> Self {
        Code { text: text.into(), literal: false, parts: Parts::None }
    }

    /// `[a, b]`
    pub(super) fn array(elements: Vec<String>) -> Self {
        let text = format!("[{}]", elements.join(", "));
        Code { text, literal: false, parts: Parts::Elements(elements) }
    }

    /// `a && b`
    pub(super) fn joined(operator: &'static str, operands: Vec<String>) -> Self {
        let text = operands.join(&format!(" {operator} "));
        Code { text, literal: false, parts: Parts::Operands(operator, operands) }
    }

    /// The same where rustfmt is not to know it.
    pub(super) fn into_other(self) -> Self {
        Code { literal: false, ..self }
    }

    /// On one line.
    pub(super) fn inline(self) -> String {
        self.text
    }

    /// On lines of their own, what follows the first one indented.
    fn lines(&self, indent: usize, used: usize) -> String {
        if fits(&self.text, indent + used + 1) {
            return self.text.clone();
        }
        let margin = " ".repeat(indent + 4);
        match &self.parts {
            Parts::None => self.text.clone(),
            Parts::Operands(operator, operands) => operands.join(&format!("\n{margin}{operator} ")),
            Parts::Elements(elements) => {
                let lines: String =
                    elements.iter().map(|element| format!("{margin}{element},\n")).collect();
                format!("[\n{lines}{}]", " ".repeat(indent))
            }
        }
    }
}

impl Item {
    /// Whether rustfmt lays it out.
    fn is_known(&self) -> bool {
        match self {
            Item::Flag(_) => true,
            Item::Value(_, code) | Item::Bare(code) => code.literal,
            Item::List(_, items) => items.iter().all(Item::is_known),
        }
    }

    /// Whether it is a list that rustfmt lays out, by its settings on one line or on several.
    pub(super) fn is_doubtful(&self) -> bool {
        match self {
            Item::List(_, items) => self.is_known() && width(&inline(items)) > BRACKETS - 10,
            Item::Flag(_) | Item::Value(..) | Item::Bare(_) => false,
        }
    }

    /// The same with its numbers in brackets where rustfmt's settings would decide how it is laid out.
    pub(super) fn in_brackets(self) -> Item {
        let doubtful = self.is_doubtful();
        let bracketed = |item: Item| match item {
            Item::Value(key, Code { text, .. }) if text.parse::<i64>().is_ok() => {
                Item::Value(key, Code::other(format!("({text})")))
            }
            item => item,
        };
        match self {
            Item::List(key, items) if doubtful => {
                Item::List(key, items.into_iter().map(bracketed).collect())
            }
            item => item,
        }
    }

    fn inline(&self) -> String {
        match self {
            Item::Flag(name) => (*name).to_owned(),
            Item::Value(name, code) => format!("{name} = {}", code.text),
            Item::List(name, items) => format!("{name}({})", inline(items)),
            Item::Bare(code) => code.text.clone(),
        }
    }

    /// A line, or the lines of a list.
    fn lines(&self, indent: usize) -> String {
        let margin = " ".repeat(indent);
        let text = self.inline();
        match self {
            Item::Flag(_) => format!("{margin}{text},\n"),
            Item::Bare(code) => format!("{margin}{},\n", code.lines(indent, 0)),
            Item::Value(name, code) => {
                format!("{margin}{name} = {},\n", code.lines(indent, name.len() + 3))
            }
            Item::List(..) if fits(&text, indent + 1) => format!("{margin}{text},\n"),
            Item::List(name, items) => {
                let lines: String = items.iter().map(|item| item.lines(indent + 4)).collect();
                format!("{margin}{name}(\n{lines}{margin}),\n")
            }
        }
    }
}

/// Whether rustfmt lays out an attribute of these items.
pub(super) fn is_known(items: &[Item]) -> bool {
    items.iter().all(Item::is_known)
}

/// The attributes that say all of the items: none, one, or where rustfmt would lay out one in a way that
/// depends on its settings, several.
pub(super) fn write(items: Vec<Item>, indent: usize) -> String {
    let margin = " ".repeat(indent);
    if items.is_empty() {
        return String::new();
    }
    if !items.iter().all(Item::is_known) {
        let text = format!("{margin}#[rls({})]\n", inline(&items));
        if fits(&text, 0) {
            return text;
        }
        let lines: String = items.iter().map(|item| item.lines(indent + 4)).collect();
        return format!("{margin}#[rls(\n{lines}{margin})]\n");
    }
    let mut groups: Vec<Vec<Item>> = Vec::new();
    for item in items {
        match groups.last_mut() {
            Some(group) if on_one_line(group, &item, indent) => group.push(item),
            Some(_) | None => groups.push(vec![item]),
        }
    }
    groups.iter().map(|group| known(group, indent)).collect()
}

fn on_one_line(group: &[Item], item: &Item, indent: usize) -> bool {
    let text = format!("{}, {}", inline(group), item.inline());
    width(&text) <= BRACKETS && indent + width(&text) + "#[rls()]".len() < WIDTH
}

/// An attribute that rustfmt lays out: on one line or, where that is too long, its one item below.
fn known(group: &[Item], indent: usize) -> String {
    let margin = " ".repeat(indent);
    let text = inline(group);
    if indent + width(&text) + "#[rls()]".len() < WIDTH {
        return format!("{margin}#[rls({text})]\n");
    }
    match group {
        [Item::List(name, items)] => {
            let items: Vec<_> =
                items.iter().map(|item| format!("{margin}    {}", item.inline())).collect();
            format!("{margin}#[rls({name}(\n{}\n{margin}))]\n", items.join(",\n"))
        }
        group => format!("{margin}#[rls(\n{margin}    {}\n{margin})]\n", inline(group)),
    }
}

fn inline(items: &[Item]) -> String {
    items.iter().map(Item::inline).collect::<Vec<_>>().join(", ")
}

fn width(text: &str) -> usize {
    text.width()
}

/// Whether a text ends before the line does, `used` characters of which are taken.
pub(super) fn fits(text: &str, used: usize) -> bool {
    used + text.trim_end_matches('\n').chars().count() <= WIDTH && !text.trim_end().contains('\n')
}
