//! Partitions of declared tables, declared or not, with how they are closed and who holds what on them.
//!
//! What a partition has of its table (columns, constraints, indexes) is the table's. Other tables that
//! inherit are none of this: they are noted with the table.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use tokio_postgres::{Row, Transaction};

use super::Error;
use super::access::{self, Held};
use super::ask::{self, Asked, get, ident, list, with_declared};
use super::indexes::{as_said, keys};
use super::owners::OwnerOf;
use super::relations::{Tables, row_security};
use crate::lex::{self, Token, TokenKind};
use crate::model::{
    Grant, GrantObject, Ident, IndexKey, IndexValue, Literal, Owned, Partition, PartitionBound,
    PartitionStrategy, Partitioning, QualifiedName, RangeEnd, RowSecurity, Schema, Sql, Table,
    TypeFamily,
};

/// Each partitioned table with what it is spread over, at any depth, as `family`.
macro_rules! with_family {
    ($query:literal) => {
        with_declared!($query, "family AS (WITH RECURSIVE below AS (
        SELECT c.oid AS root, c.oid, NULL::oid AS parent, false AS pending FROM declared c WHERE c.relkind = 'p'
        UNION ALL
        SELECT b.root, i.inhrelid, i.inhparent, i.inhdetachpending
        FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)
    SELECT * FROM below)")
    };
}

// What is another's partition, and what is in the way of the model: policies and the like of its own.
const PARTITIONS: &str = with_family!(
    "SELECT f.root, f.parent, f.oid, f.pending, n.nspname::text AS schema, c.relname::text AS name,
    c.relkind::text AS kind, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, r.rolname::text AS owner,
    r.rolname = current_user AND whole.relowner = c.relowner AS unsaid,
    pg_get_expr(c.relpartbound, c.oid) AS bound, p.partstrat::text AS strategy,
    pg_get_expr(p.partexprs, p.partrelid) AS exprs, key.columns, key.collation_schemas, key.collations,
    key.class_schemas, key.classes, key.usual_collations, key.usual_classes, key.parameters, key.descending,
    key.nulls_first, array_remove(ARRAY[
        (SELECT 'the policies ' || string_agg(quote_ident(o.polname), ', ' ORDER BY o.polname)
            FROM pg_policy o WHERE o.polrelid = c.oid),
        (SELECT 'the triggers ' || string_agg(quote_ident(o.tgname), ', ' ORDER BY o.tgname)
            FROM pg_trigger o WHERE o.tgrelid = c.oid AND NOT o.tgisinternal AND o.tgparentid = 0),
        (SELECT 'the rules ' || string_agg(quote_ident(o.rulename), ', ' ORDER BY o.rulename)
            FROM pg_rewrite o WHERE o.ev_class = c.oid),
        (SELECT 'the constraints ' || string_agg(quote_ident(o.conname), ', ' ORDER BY o.conname)
            FROM pg_constraint o WHERE o.conrelid = c.oid AND o.contype IN ('c', 'f', 'p', 'u', 'x')
                AND o.coninhcount = 0 AND o.conparentid = 0),
        (SELECT 'the indexes ' || string_agg(quote_ident(x.relname), ', ' ORDER BY x.relname)
            FROM pg_index o JOIN pg_class x ON x.oid = o.indexrelid
            WHERE o.indrelid = c.oid AND NOT x.relispartition
                AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conindid = o.indexrelid))
        ], NULL) AS own
FROM family f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_roles r ON r.oid = c.relowner JOIN pg_class whole ON whole.oid = f.root
    LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid,
    LATERAL (SELECT array_agg(a.attname::text ORDER BY place) AS columns,
        array_agg(cs.nspname::text ORDER BY place) AS collation_schemas,
        array_agg(co.collname::text ORDER BY place) AS collations,
        array_agg(ns.nspname::text ORDER BY place) AS class_schemas,
        array_agg(oc.opcname::text ORDER BY place) AS classes,
        array_agg(co.oid IS NULL OR co.oid = coalesce(a.attcollation, 100) ORDER BY place) AS usual_collations,
        array_agg(oc.opcdefault ORDER BY place) AS usual_classes,
        array_agg(''::text ORDER BY place) AS parameters, array_agg(false ORDER BY place) AS descending,
        array_agg(false ORDER BY place) AS nulls_first
        FROM unnest(p.partattrs::int2[], p.partcollation::oid[], p.partclass::oid[])
            WITH ORDINALITY AS part (number, collation_id, class_id, place)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.number AND part.number <> 0
        LEFT JOIN pg_collation co ON co.oid = part.collation_id
        LEFT JOIN pg_namespace cs ON cs.oid = co.collnamespace
        LEFT JOIN pg_opclass oc ON oc.oid = part.class_id
        LEFT JOIN pg_namespace ns ON ns.oid = oc.opcnamespace) AS key
ORDER BY f.root, f.oid"
);

const PRIVILEGES: &str = with_family!(
    "SELECT n.nspname::text AS schema, c.relname::text AS name, part.column, r.rolname::text AS grantee,
    part.privilege_type AS privilege, part.grantee = c.relowner AS owner, part.is_grantable AS grantable
FROM family f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT NULL AS column, acl.* FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS acl
        UNION ALL
        SELECT a.attname::text, acl.* FROM pg_attribute a, aclexplode(a.attacl) AS acl
        WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS part
    LEFT JOIN pg_roles r ON r.oid = part.grantee
WHERE f.parent IS NOT NULL AND (part.grantee = 0 OR r.rolname = ANY ($3::name[]))"
);

/// What the queries answered.
pub(super) struct Rows {
    partitions: Vec<Row>,
    privileges: Vec<Row>,
}

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Rows, Error> {
    let tables = [&asked.table_schemas, &asked.table_names];
    let (partitions, privileges) = try_join(
        ask::rows(transaction, PARTITIONS, &tables),
        ask::rows(transaction, PRIVILEGES, &[tables[0], tables[1], &asked.roles]),
    )
    .await?;
    Ok(Rows { partitions, privileges })
}

/// Gives the declared tables their partitions, after their columns. Returns the names of those that the
/// declaration does not know and keeps.
pub(super) fn add(
    rows: &Rows,
    scope: &Schema,
    tables: &mut Tables,
    notes: &mut Vec<String>,
) -> Result<BTreeSet<QualifiedName>, Error> {
    let mut kept = BTreeSet::new();
    let mut below: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
    for row in &rows.partitions {
        if let Some(parent) = get::<Option<u32>>(row, "parent")? {
            below.entry(parent).or_default().push(row);
        }
    }
    for row in &rows.partitions {
        if get::<Option<u32>>(row, "parent")?.is_some() {
            continue;
        }
        let Some(table) = tables.get(row)? else { continue };
        let declared = scope.tables.get(&table.name).and_then(|it| it.partitioning.as_ref());
        let mut family =
            Family { below: &below, table, scope, notes: &mut *notes, kept: &mut kept };
        let partitioning = family.partitioning(row, declared)?;
        table.partitioning = partitioning;
    }
    for name in rows.partitions.iter().map(name) {
        tables.undeclared.remove(&name?);
    }
    Ok(kept)
}

/// What the grantees hold on partitions. On those that are kept, what is granted on all tables of their
/// schema is as it should be.
pub(super) fn privileges(
    rows: &Rows,
    scope: &Schema,
    kept: &BTreeSet<QualifiedName>,
    notes: &mut Vec<String>,
) -> Result<Held, Error> {
    let mut held = Held::default();
    for row in &rows.privileges {
        let table = name(row)?;
        if scope.tables.contains_key(&table) {
            continue;
        }
        let object = match get::<Option<&str>>(row, "column")? {
            Some(column) => {
                GrantObject::Column { table: table.clone(), column: Ident::new(column)? }
            }
            None => GrantObject::Table(table.clone()),
        };
        let Some(grant) = access::grant(row, object, notes)? else { continue };
        let all = GrantObject::AllTables(table.schema.clone());
        let blanket = scope.grants.contains(&Grant { object: all, ..grant.clone() });
        if !(blanket && kept.contains(&table)) {
            held.add(row, grant, scope)?;
        }
    }
    Ok(held)
}

/// To whom partitions belong, and for each whether that goes without saying: where it is whoever looks, and
/// the table's owner too.
pub(super) fn owners(rows: &Rows) -> Result<Vec<OwnerOf>, Error> {
    let mut owners = Vec::new();
    for row in &rows.partitions {
        if get::<Option<u32>>(row, "parent")?.is_some() {
            owners.push((Owned::Relation(name(row)?), ident(row, "owner")?, get(row, "unsaid")?));
        }
    }
    Ok(owners)
}

fn name(row: &Row) -> Result<QualifiedName, Error> {
    Ok(QualifiedName::new(ident(row, "schema")?, ident(row, "name")?))
}

/// A table with all that its rows are spread over.
struct Family<'a> {
    below: &'a BTreeMap<u32, Vec<&'a Row>>,
    table: &'a Table<Sql>,
    scope: &'a Schema,
    notes: &'a mut Vec<String>,
    kept: &'a mut BTreeSet<QualifiedName>,
}

impl Family<'_> {
    /// How the rows of a table, or of a partition, are spread, if they are.
    fn partitioning(
        &mut self,
        row: &Row,
        declared: Option<&Partitioning<Sql>>,
    ) -> Result<Option<Partitioning<Sql>>, Error> {
        let what = || format!("the partitioning of {}", self.table.name);
        let strategy = match get::<Option<&str>>(row, "strategy")? {
            None => return Ok(None),
            Some("r") => PartitionStrategy::Range,
            Some("l") => PartitionStrategy::List,
            Some("h") => PartitionStrategy::Hash,
            Some(code) => return Err(Error::Unknown { what: what(), code: code.to_owned() }),
        };
        let text = get::<Option<&str>>(row, "exprs")?.unwrap_or_default();
        let mut exprs = parts(text).into_iter();
        let columns: Vec<Option<&str>> = get(row, "columns")?;
        let expr = |column: &Option<&str>| column.map_or_else(|| exprs.next(), |_| None);
        let exprs: Vec<_> = columns.iter().map(expr).collect();
        let said = declared.map_or(&[][..], |declared| &declared.keys);
        let keys = as_said(row, keys(row, &exprs)?, said)?;
        let mut partitioning = Partitioning {
            strategy,
            keys,
            keep_undeclared: declared.is_some_and(|declared| declared.keep_undeclared),
            partitions: BTreeMap::new(),
        };
        let mut kept = Vec::new();
        for row in self.below.get(&get(row, "oid")?).into_iter().flatten() {
            let name = name(row)?;
            let known = declared.and_then(|declared| declared.partitions.get(&name));
            let Some(partition) = self.partition(row, &name, &partitioning.keys, known)? else {
                continue;
            };
            if known.is_none() && partitioning.keep_undeclared {
                kept.push(name.clone());
                let inner = partition.partitioning.iter().flat_map(Partitioning::all);
                self.kept.extend(inner.map(|inner| inner.name.clone()));
            }
            partitioning.partitions.insert(name, partition);
        }
        if !kept.is_empty() {
            self.notes.push(format!(
                "{} has partitions that are not declared, which are kept, and closed as it is: {}",
                self.table.name,
                list(&kept)
            ));
            self.kept.extend(kept);
        }
        Ok(Some(partitioning))
    }

    fn partition(
        &mut self,
        row: &Row,
        name: &QualifiedName,
        keys: &[IndexKey<Sql>],
        declared: Option<&Partition<Sql>>,
    ) -> Result<Option<Partition<Sql>>, Error> {
        let table = &self.table.name;
        if get(row, "pending")? {
            let how = "finish that with DETACH PARTITION .. FINALIZE";
            self.notes.push(format!("the partition {name} is being taken off {table}: {how}"));
            return Ok(None);
        }
        if self.scope.tables.contains_key(name) {
            self.notes.push(format!(
                "{name} is declared as a table, and is a partition of {table}: it stays one, with the row security and the privileges that it is declared with"
            ));
            return Ok(None);
        }
        let own: Vec<&str> = get(row, "own")?;
        if !own.is_empty() {
            let own = list(&own);
            self.notes.push(format!("the partition {name} of {table} has of its own {own}"));
        }
        let mut row_security = row_security(row)?;
        if get::<&str>(row, "kind")? == "f" {
            self.notes.push(format!(
                "the partition {name} of {table} is a foreign table, which has no row security: only its privileges close it"
            ));
            row_security = RowSecurity::Forced;
        }
        let text = get::<Option<&str>>(row, "bound")?.unwrap_or_default();
        let unknown = || Error::Unknown {
            what: format!("what the partition {name} holds"),
            code: text.to_owned(),
        };
        Ok(Some(Partition {
            name: name.clone(),
            bound: Bound::read(text, self.table, keys).ok_or_else(unknown)?,
            row_security,
            partitioning: self
                .partitioning(row, declared.and_then(|it| it.partitioning.as_ref()))?,
        }))
    }
}

/// Reads the text that the server writes for what a partition holds.
struct Bound<'a> {
    text: &'a str,
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    table: &'a Table<Sql>,
    keys: &'a [IndexKey<Sql>],
}

impl<'a> Bound<'a> {
    fn read(
        text: &'a str,
        table: &'a Table<Sql>,
        keys: &'a [IndexKey<Sql>],
    ) -> Option<PartitionBound> {
        let tokens = lex::tokens(text).ok()?.into_iter().peekable();
        let mut bound = Bound { text, tokens, table, keys };
        let found = bound.bound()?;
        bound.tokens.next().is_none().then_some(found)
    }

    fn bound(&mut self) -> Option<PartitionBound> {
        if self.word("default").is_some() {
            return Some(PartitionBound::Default);
        }
        self.word("for")?;
        self.word("values")?;
        if self.word("in").is_some() {
            let values = self.values()?.into_iter().map(|value| match value {
                Value::Null => Some(None),
                Value::End(RangeEnd::Value(literal)) => Some(Some(literal)),
                Value::End(RangeEnd::MinValue | RangeEnd::MaxValue) => None,
            });
            return Some(PartitionBound::List(values.collect::<Option<_>>()?));
        }
        if self.word("from").is_some() {
            let from = self.ends()?;
            self.word("to")?;
            return Some(PartitionBound::Range { from, to: self.ends()? });
        }
        self.word("with")?;
        self.mark('(')?;
        self.word("modulus")?;
        let modulus = self.number()?;
        self.mark(',')?;
        self.word("remainder")?;
        let remainder = self.number()?;
        self.mark(')')?;
        Some(PartitionBound::Hash { modulus, remainder })
    }

    fn ends(&mut self) -> Option<Vec<RangeEnd>> {
        let ends = self.values()?.into_iter().map(|value| match value {
            Value::End(end) => Some(end),
            Value::Null => None,
        });
        ends.collect()
    }

    /// Values in brackets.
    fn values(&mut self) -> Option<Vec<Value>> {
        self.mark('(')?;
        let mut values = Vec::new();
        loop {
            values.push(self.value(values.len())?);
            if self.mark(',').is_none() {
                self.mark(')')?;
                return Some(values);
            }
        }
    }

    fn value(&mut self, at: usize) -> Option<Value> {
        let Token { kind, range } = self.tokens.next()?;
        let text = self.text.get(range)?;
        let end = match kind {
            TokenKind::Word(word) => match word.as_str() {
                "null" => return Some(Value::Null),
                "minvalue" => RangeEnd::MinValue,
                "maxvalue" => RangeEnd::MaxValue,
                "true" => RangeEnd::Value(Literal::Bool(true)),
                "false" => RangeEnd::Value(Literal::Bool(false)),
                _ => return None,
            },
            TokenKind::Number => RangeEnd::Value(Literal::Number(text.to_owned())),
            TokenKind::String => {
                let inside = text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
                RangeEnd::Value(if self.is_number(at, &inside) {
                    Literal::Number(inside)
                } else {
                    Literal::Text(inside)
                })
            }
            _ => return None,
        };
        Some(Value::End(end))
    }

    /// The server puts quotes around most numbers; a declaration does not.
    fn is_number(&self, at: usize, text: &str) -> bool {
        let at = if self.keys.len() == 1 { 0 } else { at };
        let column = match self.keys.get(at).map(|key| &key.value) {
            Some(IndexValue::Column(name)) => self.table.column(name),
            Some(IndexValue::Expr(_)) | None => None,
        };
        let numeric = column.is_some_and(|column| column.ty.family() == TypeFamily::Number);
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        numeric && plain && digits.starts_with(|c: char| c.is_ascii_digit())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.tokens.next_if(|token| token.kind.word() == Some(word)).map(|_| ())
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.tokens.next_if(|token| token.kind == TokenKind::Punctuation(mark)).map(|_| ())
    }

    fn number(&mut self) -> Option<u32> {
        let token = self.tokens.next_if(|token| token.kind == TokenKind::Number)?;
        self.text.get(token.range)?.parse().ok()
    }
}

enum Value {
    Null,
    End(RangeEnd),
}

/// The parts of a list that the server wrote: what stands between commas that are in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let tokens = lex::tokens(text).unwrap_or_default();
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for token in &tokens {
        match token.kind {
            TokenKind::Punctuation('(' | '[') => depth += 1,
            TokenKind::Punctuation(')' | ']') => depth = depth.saturating_sub(1),
            TokenKind::Punctuation(',') if depth == 0 => {
                parts.push(text[start..token.range.start].trim());
                start = token.range.end;
            }
            _ => {}
        }
    }
    if !tokens.is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{Bound, parts};
    use crate::model::{
        Column, Ident, IndexKey, Literal, PartitionBound, PgType, QualifiedName, RangeEnd,
        RowSecurity, Sql, Table,
    };

    fn read(text: &str) -> Option<PartitionBound> {
        let name = QualifiedName::new(Ident::literal("public"), Ident::literal("t"));
        let mut table: Table<Sql> = Table::new(name, RowSecurity::Enabled);
        for (name, ty) in [("n", "bigint"), ("t", "text")] {
            table.columns.push(Column::new(Ident::literal(name), PgType::parse(ty).ok()?));
        }
        let keys = table.columns.iter().map(|column| IndexKey::column(column.name.clone()));
        Bound::read(text, &table, &keys.collect::<Vec<_>>())
    }

    #[test]
    fn bounds_as_the_server_writes_them() {
        let text = |text: &str| Literal::Text(text.to_owned());
        let number = |digits: &str| RangeEnd::Value(Literal::Number(digits.to_owned()));
        assert_eq!(read("DEFAULT"), Some(PartitionBound::Default));
        assert_eq!(
            read("FOR VALUES WITH (modulus 4, remainder 3)"),
            Some(PartitionBound::Hash { modulus: 4, remainder: 3 })
        );
        assert_eq!(
            read("FOR VALUES FROM ('-5', 'a, ''b''') TO (7, MAXVALUE)"),
            Some(PartitionBound::Range {
                from: vec![number("-5"), RangeEnd::Value(text("a, 'b'"))],
                to: vec![number("7"), RangeEnd::MaxValue],
            })
        );
        let list = vec![None, Some(Literal::Bool(true)), Some(text("x"))];
        assert_eq!(read("FOR VALUES IN (NULL, true, 'x')"), Some(PartitionBound::List(list)));
        assert_eq!(read("FOR VALUES IN (now())"), None);
        assert_eq!(read("DEFAULT, 1"), None);
    }

    #[test]
    fn lists_are_split_outside_of_brackets() {
        assert_eq!(
            parts("lower(a), (b + 1), f(x, ARRAY[1, 2])"),
            ["lower(a)", "(b + 1)", "f(x, ARRAY[1, 2])"]
        );
        assert!(parts("").is_empty());
    }
}
