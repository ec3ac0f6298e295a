//! Keys, constraints and indexes: on a field where that says all, on the struct otherwise. Names are left
//! out where they are those that would be given.

use super::attribute::{Code, Item};
use super::object::{grant, owned, string, switch};
use super::{expression, names, partition, text};
use crate::model::{
    Check, Commented, DeclaredPartition, DeclaredTable, Deferral, Exclusion, Expr, ForeignKey,
    Ident, Index, IndexKey, IndexValue, QualifiedName, ReferentialAction, Unique,
};

/// What is said on each field and on the struct.
pub(super) struct Placed {
    /// By the place of the column.
    pub(super) fields: Vec<Vec<Item>>,
    pub(super) table: Vec<Item>,
}

/// Places everything that a table has.
pub(super) fn place(declared: &DeclaredTable) -> Placed {
    let placed = Placed { fields: vec![Vec::new(); declared.fields.len()], table: Vec::new() };
    let mut writer = Writer { declared, placed };
    writer.primary_key();
    for (name, unique) in &declared.table.uniques {
        writer.unique(name, unique);
    }
    for (name, check) in &declared.table.checks {
        writer.check(name, check);
    }
    for (name, key) in &declared.table.foreign_keys {
        writer.foreign_key(name, key);
    }
    for (name, exclusion) in &declared.table.exclusions {
        writer.exclusion(name, exclusion);
    }
    for (name, index) in &declared.table.indexes {
        writer.index(name, index);
    }
    if let Some(partitioning) = &declared.table.partitioning {
        let spread = partition::items(partitioning, &declared.table.name.schema, &writer);
        writer.placed.table.extend(spread);
    }
    writer.placed
}

/// Writes what a table has.
pub(super) struct Writer<'a> {
    declared: &'a DeclaredTable,
    placed: Placed,
}

impl Writer<'_> {
    /// What a partition says of itself.
    pub(super) fn partition(&self, name: &QualifiedName) -> Vec<Item> {
        let Some(said) = self.declared.partitions.get(name) else { return Vec::new() };
        let DeclaredPartition { force, owner, grants } = said;
        let field = |column: &Ident| names::field(self.declared, column);
        let mut items: Vec<_> = force.map(|force| switch("force", force)).into_iter().collect();
        items.extend(owner.as_ref().map(owned));
        items.extend(grants.iter().map(|granted| grant(granted, field)));
        items
    }

    fn primary_key(&mut self) {
        let Some(key) = &self.declared.table.primary_key else { return };
        let places: Vec<_> = key.columns.iter().filter_map(|name| self.place_of(name)).collect();
        let usual = self.usual("", "pkey").as_ref() == Some(&key.name);
        let comment = self.comment(&key.name);
        if usual
            && comment.is_none()
            && places.is_sorted()
            && key.include.is_empty()
            && key.deferral.is_never()
        {
            for at in places {
                self.placed.fields[at].push(Item::Flag("primary_key"));
            }
            return;
        }
        let mut items = vec![Item::Value("columns", self.columns(&key.columns))];
        items.extend((!usual).then(|| name(&key.name)));
        items.extend(self.include(&key.include));
        items.extend(deferral(key.deferral));
        items.extend(comment);
        self.placed.table.push(Item::List("primary_key", items));
    }

    fn unique(&mut self, own: &Ident, unique: &Unique) {
        let Unique { columns, include, nulls_not_distinct, deferral: deferred } = unique;
        let usual = self.usual(&joined(columns), "key").as_ref() == Some(own);
        let mut items: Vec<_> = (!usual).then(|| name(own)).into_iter().collect();
        items.extend(self.include(include));
        items.extend(nulls_not_distinct.then_some(Item::Flag("nulls_not_distinct")));
        items.extend(deferral(*deferred));
        items.extend(self.comment(own));
        let key = self.declared.table.primary_key.as_ref();
        let is_key = key.is_some_and(|key| key.columns == *columns);
        let field = self.free_field(columns, "unique").filter(|_| !is_key);
        self.put(field, "unique", columns, items);
    }

    fn check(&mut self, own: &Ident, check: &Check) {
        let Check { expr, no_inherit, not_valid } = check;
        let read = |field: &String| {
            let reads = |node: &Expr| matches!(node, Expr::Column(it) if it.field == *field);
            expr.nodes().any(reads)
        };
        let read: Vec<_> =
            (0..self.declared.fields.len()).filter(|at| read(&self.declared.fields[*at])).collect();
        let of = match read.as_slice() {
            [at] => self.declared.table.columns[*at].name.as_str().to_owned(),
            _ => String::new(),
        };
        let usual = self.usual(&of, "check").as_ref() == Some(own);
        let code = expression::code(expr);
        let comment = self.comment(own);
        if usual && comment.is_none() && !no_inherit && !not_valid {
            let item = Item::Value("check", code);
            match read.as_slice() {
                [at] => self.placed.fields[*at].push(item),
                _ => self.placed.table.push(item),
            }
            return;
        }
        let mut items: Vec<_> = (!usual).then(|| name(own)).into_iter().collect();
        items.push(Item::Value("expr", code));
        items.extend(no_inherit.then_some(Item::Flag("no_inherit")));
        items.extend(not_valid.then_some(Item::Flag("not_valid")));
        items.extend(comment);
        self.placed.table.push(Item::List("check", items));
    }

    fn foreign_key(&mut self, own: &Ident, key: &ForeignKey) {
        let ForeignKey {
            columns,
            table,
            references,
            on_delete,
            on_update,
            set_columns,
            match_full,
            deferral: deferred,
            not_valid,
        } = key;
        let usual = self.usual(&joined(columns), "fkey").as_ref() == Some(own);
        let target = target(table, references, &self.declared.table.name.schema);
        let mut options: Vec<_> = (!usual).then(|| name(own)).into_iter().collect();
        options.extend(action("on_delete", *on_delete));
        options.extend(action("on_update", *on_update));
        if !set_columns.is_empty() {
            options.push(Item::Value("set_columns", self.columns(set_columns)));
        }
        options.extend(match_full.then_some(Item::Flag("match_full")));
        options.extend(deferral(*deferred));
        options.extend(not_valid.then_some(Item::Flag("not_valid")));
        options.extend(self.comment(own));
        let plain = options.is_empty();
        let short = if plain {
            Item::Value("references", target.clone())
        } else {
            let all = [Item::Bare(target.clone())].into_iter().chain(options.clone());
            Item::List("references", all.collect())
        };
        match self.free_field(columns, "references").filter(|_| !short.is_doubtful()) {
            Some(at) => self.placed.fields[at].push(short),
            None => {
                let mut items = vec![
                    Item::Value("columns", self.columns(columns)),
                    Item::Value("references", target),
                ];
                items.extend(options);
                self.placed.table.push(Item::List("foreign_key", items));
            }
        }
    }

    fn exclusion(&mut self, own: &Ident, exclusion: &Exclusion) {
        let Exclusion { method, elements, include, predicate, deferral: deferred } = exclusion;
        let usual = self.usual(&named_after(elements.iter().map(|it| &it.key)), "excl");
        let pairs = elements.iter().map(|element| {
            let operator = text::literal(element.operator.as_str());
            format!("({}, {operator})", self.key(&element.key))
        });
        let mut items = vec![Item::Value("elements", Code::array(pairs.collect()))];
        items.extend((usual.as_ref() != Some(own)).then(|| name(own)));
        items.extend((method.as_str() != "gist").then(|| self::method(method)));
        items.extend(self.include(include));
        items.extend(predicate.iter().map(|expr| Item::Value("predicate", expression::code(expr))));
        items.extend(deferral(*deferred));
        items.extend(self.comment(own));
        self.placed.table.push(Item::List("exclude", items));
    }

    fn index(&mut self, own: &Ident, index: &Index) {
        let keys = &index.keys;
        let usual = self.usual(&named_after(keys), "idx");
        let called = (usual.as_ref() != Some(own)).then_some(own);
        let schema = self.declared.table.name.schema.clone();
        let on = Commented::Index(QualifiedName::new(schema, own.clone()));
        let mut items = index_items(called, index, |column| self.field(column), expression::code);
        items.extend(self.said(&on));
        let plain: Option<Vec<_>> = keys
            .iter()
            .map(|key| key.plain_column().filter(|_| !key.descending && !key.nulls_first).cloned())
            .collect();
        match plain {
            Some(columns) => {
                let field = self.free_field(&columns, "index");
                self.put(field, "index", &columns, items);
            }
            None => {
                let keys = keys.iter().map(|key| self.key(key)).collect();
                items.insert(0, Item::Value("columns", Code::array(keys)));
                self.placed.table.push(Item::List("index", items));
            }
        }
    }

    /// What is said about a constraint.
    fn comment(&self, own: &Ident) -> Option<Item> {
        self.said(&Commented::Constraint(self.declared.table.name.clone(), own.clone()))
    }

    pub(super) fn said(&self, on: &Commented) -> Option<Item> {
        self.declared.comments.get(on).map(|text| string("comment", text))
    }

    /// On that field, or on the struct with the columns.
    fn put(
        &mut self,
        field: Option<usize>,
        key: &'static str,
        columns: &[Ident],
        items: Vec<Item>,
    ) {
        let short = if items.is_empty() { Item::Flag(key) } else { Item::List(key, items.clone()) };
        match field.filter(|_| !short.is_doubtful()) {
            Some(at) => self.placed.fields[at].push(short),
            None => {
                let columns = Item::Value("columns", self.columns(columns));
                let all = [columns].into_iter().chain(items).collect();
                self.placed.table.push(Item::List(key, all));
            }
        }
    }

    /// The one column's field, if it does not say such a thing already.
    fn free_field(&self, columns: &[Ident], key: &str) -> Option<usize> {
        let [column] = columns else { return None };
        let at = self.place_of(column)?;
        let says = |item: &Item| match item {
            Item::Flag(name) | Item::Value(name, _) | Item::List(name, _) => *name == key,
            Item::Bare(_) => false,
        };
        (!self.placed.fields[at].iter().any(says)).then_some(at)
    }

    fn place_of(&self, column: &Ident) -> Option<usize> {
        self.declared.table.columns.iter().position(|it| &it.name == column)
    }

    fn field(&self, column: &Ident) -> String {
        names::field(self.declared, column)
    }

    fn columns(&self, columns: &[Ident]) -> Code {
        Code::array(columns.iter().map(|column| self.field(column)).collect())
    }

    fn include(&self, columns: &[Ident]) -> Option<Item> {
        (!columns.is_empty()).then(|| Item::Value("include", self.columns(columns)))
    }

    /// A key in the calls that say how it is sorted and compared.
    pub(super) fn key(&self, key: &IndexKey) -> String {
        let code = match &key.value {
            IndexValue::Column(column) => self.field(column),
            IndexValue::Expr(expr) => expression::code(expr).inline(),
        };
        in_calls(code, key)
    }

    /// `table_columns_suffix`.
    fn usual(&self, of: &str, suffix: &str) -> Option<Ident> {
        let table = &self.declared.table.name.name;
        let middle = if of.is_empty() { String::new() } else { format!("_{of}") };
        Ident::shortened(&format!("{table}{middle}_{suffix}")).ok()
    }
}

/// What is said of an index beside its keys: its name, where it is not the usual one, and all the rest.
pub(super) fn index_items<E>(
    called: Option<&Ident>,
    index: &Index<E>,
    field: impl Fn(&Ident) -> String,
    code: impl Fn(&E) -> Code,
) -> Vec<Item> {
    let Index {
        method,
        unique,
        nulls_not_distinct,
        keys: _,
        include,
        predicate,
        with,
        not_valid: _,
    } = index;
    let mut items: Vec<_> = called.map(name).into_iter().collect();
    items.extend((method.as_str() != "btree").then(|| self::method(method)));
    items.extend(unique.then_some(Item::Flag("unique")));
    items.extend(nulls_not_distinct.then_some(Item::Flag("nulls_not_distinct")));
    let columns = || Code::array(include.iter().map(&field).collect());
    items.extend((!include.is_empty()).then(|| Item::Value("include", columns())));
    items.extend(predicate.iter().map(|expr| Item::Value("predicate", code(expr))));
    if !with.is_empty() {
        items.push(Item::List("with", with.iter().map(parameter).collect()));
    }
    items
}

/// What the keys of an index are called in its usual name.
pub(super) fn named_after<'k, E: 'k>(keys: impl IntoIterator<Item = &'k IndexKey<E>>) -> String {
    let names = keys.into_iter().map(|key| match &key.value {
        IndexValue::Column(column) => column.as_str(),
        IndexValue::Expr(_) => "expr",
    });
    names.collect::<Vec<_>>().join("_")
}

/// A value in the calls that say how a key is sorted and compared.
pub(super) fn in_calls<E>(mut code: String, key: &IndexKey<E>) -> String {
    let IndexKey { value: _, collation, operator_class, descending, nulls_first } = key;
    if let Some(collation) = collation {
        code = format!("collate({code}, {})", names::of_catalog(collation));
    }
    if let Some(class) = operator_class {
        let parameters = class.parameters.iter();
        let parameters: String = parameters
            .map(|(name, value)| format!(", {name} = {}", text::literal(value)))
            .collect();
        code = format!("class({code}, {}{parameters})", names::of_catalog(&class.name));
    }
    match (descending, nulls_first) {
        (false, false) => code,
        (false, true) => format!("nulls_first({code})"),
        (true, true) => format!("desc({code})"),
        (true, false) => format!("nulls_last(desc({code}))"),
    }
}

fn joined(columns: &[Ident]) -> String {
    columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_")
}

fn name(own: &Ident) -> Item {
    Item::Value("name", Code::literal(text::literal(own.as_str())))
}

fn method(method: &Ident) -> Item {
    Item::Value("method", Code::other(names::path_or_string(method.as_str())))
}

/// `fillfactor = 70`; what is no number stands in quotes.
fn parameter((name, value): (&String, &String)) -> Item {
    let number = !value.is_empty()
        && value.len() < 18
        && value.chars().all(|c| c.is_ascii_digit())
        && (value == "0" || !value.starts_with('0'));
    let value = if number { value.clone() } else { text::literal(value) };
    Item::Bare(Code::literal(format!("{name} = {value}")))
}

fn deferral(deferral: Deferral) -> Option<Item> {
    match deferral {
        Deferral::Never => None,
        Deferral::InitiallyImmediate => Some(Item::Flag("deferrable")),
        Deferral::InitiallyDeferred => Some(Item::Flag("initially_deferred")),
    }
}

fn action(key: &'static str, action: ReferentialAction) -> Option<Item> {
    let action = match action {
        ReferentialAction::NoAction => return None,
        ReferentialAction::Restrict => "restrict",
        ReferentialAction::Cascade => "cascade",
        ReferentialAction::SetNull => "set_null",
        ReferentialAction::SetDefault => "set_default",
    };
    Some(Item::Value(key, Code::other(action)))
}

/// `users(id)`, `auth.users(id)`, `"app.my users"(id)`.
pub(super) fn target(table: &QualifiedName, columns: &[Ident], schema: &Ident) -> Code {
    let name = names::qualified(table, schema);
    let columns: Vec<_> =
        columns.iter().map(|column| names::path_or_string(column.as_str())).collect();
    let text = format!("{name}({})", columns.join(", "));
    // A call of a path with paths in it is a list to rustfmt.
    if text.contains(['"', '.']) { Code::other(text) } else { Code::literal(text) }
}
