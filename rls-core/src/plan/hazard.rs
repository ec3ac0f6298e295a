//! What a step may do that somebody has to agree to, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::{Origin, user_type};
use crate::diff::{
    Canonical, Change, ColumnPrivileges, Named, OnTable, Pair, Privileges, Same, Site, names_aside,
    same_function, same_policy,
};
use crate::lex;
use crate::model::{
    BaseType, Command, DefaultObjects, DefaultTarget, Function, Grant, GrantObject, Grantee, Ident,
    Modifier, PgType, Policy, PolicyKind, QualifiedName, Role, Routine, Schema, Sql,
};
use crate::render::{changed_words, column_list, keys_of, privilege_name};

/// One thing to agree to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// Its kind, which is what `--allow` names.
    pub kind: HazardKind,
    /// A sentence that says what happens to whom.
    pub message: String,
}

/// The kinds of hazards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HazardKind {
    /// Rows or values disappear.
    LosesData,
    /// Somebody can do more than before.
    WidensAccess,
    /// Something disappears from a declared table that the declaration does not know.
    DropsUndeclared,
}

impl HazardKind {
    /// All kinds.
    pub const ALL: [HazardKind; 3] =
        [HazardKind::LosesData, HazardKind::WidensAccess, HazardKind::DropsUndeclared];

    /// The name, as `--allow` takes it.
    pub fn name(self) -> &'static str {
        match self {
            HazardKind::LosesData => "loses-data",
            HazardKind::WidensAccess => "widens-access",
            HazardKind::DropsUndeclared => "drops-undeclared",
        }
    }
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HazardKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        HazardKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = HazardKind::ALL.map(HazardKind::name);
            format!("`{name}` is no hazard; there are {}", names.join(", "))
        })
    }
}

/// The hazards of each change, by its position.
pub(super) fn find(
    changes: &[Change],
    schemas: Pair<&Schema>,
    canonical: &Canonical,
    origin: Origin<'_>,
) -> BTreeMap<usize, Vec<Hazard>> {
    let aside = names_aside(changes);
    let finder = Finder { changes, aside, schemas, canonical, origin };
    let hazards = |change| finder.hazards(change);
    changes.iter().map(hazards).enumerate().filter(|(_, found)| !found.is_empty()).collect()
}

struct Finder<'a> {
    changes: &'a [Change],
    /// The types that make way for others, by the names that they have for now.
    aside: BTreeMap<QualifiedName, QualifiedName>,
    schemas: Pair<&'a Schema>,
    canonical: &'a Canonical,
    origin: Origin<'a>,
}

impl Finder<'_> {
    fn hazards(&self, change: &Change) -> Vec<Hazard> {
        if self.goes_with_its_table(change) {
            return Vec::new();
        }
        match change {
            Change::DropTable(table) if self.schemas.next.tables.contains_key(table) => {
                vec![loses_data(self.spread_anew(table))]
            }
            Change::DropPartition(partition) => {
                self.drop_partition(&partition.table, &partition.item)
            }
            Change::DropTable(table) => {
                vec![loses_data(format!("the table {table} and all of its rows are dropped"))]
            }
            Change::DropColumn(column) if self.is_computed_again(&column.table, &column.item) => {
                Vec::new()
            }
            Change::DropColumn(column) => vec![loses_data(format!(
                "the column {}.{} and its values are dropped",
                column.table, column.item
            ))],
            Change::AlterColumn(column)
                if !fits(&self.lasting(&column.item.previous.ty), &column.item.next.ty) =>
            {
                let Pair { previous, next } = &*column.item;
                vec![loses_data(format!(
                    "the column {}.{} becomes {} from {}: values that do not fit are refused or cut",
                    column.table,
                    next.name,
                    next.ty,
                    self.lasting(&previous.ty)
                ))]
            }
            Change::RenameType { name, to: _ } => user_type::remade(name, self.schemas),
            Change::AlterType { name, alteration } => {
                user_type::altered(self.aside.get(name).unwrap_or(name), alteration, self.origin)
            }
            Change::DropType(name) if !self.aside.contains_key(name) => {
                self.undeclared_object("type", name)
            }
            Change::CreatePolicy(policy) => {
                self.create_policy(&policy.table, &policy.item.name, &policy.item.item)
            }
            Change::DropPolicy(policy) => {
                self.drop_policy(&policy.table, &policy.item.name, &policy.item.item)
            }
            Change::DropTrigger(trigger) => {
                self.undeclared("trigger", &trigger.table, &trigger.item.name)
            }
            Change::DropIndex(index) => self.undeclared("index", &index.table, &index.item.name),
            Change::DropUnique(unique) => {
                self.undeclared("unique constraint", &unique.table, &unique.item.name)
            }
            Change::DropCheck(check) => self.undeclared("check", &check.table, &check.item.name),
            Change::DropExclusion(exclusion) => {
                self.undeclared("exclusion constraint", &exclusion.table, &exclusion.item.name)
            }
            Change::DropForeignKey(key) => {
                self.undeclared("foreign key", &key.table, &key.item.name)
            }
            Change::DropPrimaryKey(key) => {
                self.undeclared("primary key", &key.table, &key.item.name)
            }
            Change::Grant(grant) => self.grant(grant),
            Change::GrantColumns(grant) => self.grant_columns(grant),
            Change::CreateRole(role) if role.item.bypass_rls && self.holds_tables() => {
                vec![widens(format!("no policy will apply to the new role {}", role.name))]
            }
            Change::AlterRole(role) => alter_role(role),
            Change::GrantMembership(membership)
                if self.schemas.previous.roles.contains_key(&membership.member)
                    || self.holds_tables() =>
            {
                vec![widens(format!(
                    "{} becomes a member of {} and may do what it may",
                    membership.member, membership.role
                ))]
            }
            Change::DropFunction(routine) => self.drop_function(routine),
            Change::CreateFunction { function, .. } => self.replace_function(function),
            Change::ReplaceFunction(functions) => self.replace_function(&functions.next),
            Change::ChangeOwner { relation, from: Some(from), to } => vec![widens(format!(
                "{relation} belongs to {to}, and no longer to {from}: its owner may do everything with it"
            ))],
            Change::GrantDefault(default) => self.grant_default(default),
            Change::DropSequence(name) => self.undeclared_object("sequence", name),
            Change::CreateRole(_)
            | Change::GrantMembership(_)
            | Change::CreateSequence { .. }
            | Change::AlterSequence(_)
            | Change::OwnSequence { .. }
            | Change::Comment { .. }
            | Change::ChangeOwner { from: None, .. }
            | Change::CreateTrigger(_)
            | Change::EnableTrigger(_)
            | Change::CreateExtension(_)
            | Change::CreateNamespace(_)
            | Change::Revoke(_)
            | Change::RevokeColumns(_)
            | Change::RevokeMembership(_)
            | Change::RevokeDefault(_)
            | Change::EnableRowSecurity(_)
            | Change::ForceRowSecurity(_)
            | Change::CreateTable { .. }
            | Change::CreatePartition { .. }
            | Change::DetachPartition(_)
            | Change::AttachPartition(_)
            | Change::CreateType(_)
            | Change::DropType(_)
            | Change::AddColumn(_)
            | Change::AlterColumn(_)
            | Change::AddPrimaryKey(_)
            | Change::AddUnique(_)
            | Change::AddCheck(_)
            | Change::AddExclusion(_)
            | Change::DeferForeignKey(_)
            | Change::ValidateConstraint(_)
            | Change::CreateIndex(_)
            | Change::AddForeignKey(_) => Vec::new(),
        }
    }

    /// Postgres cannot change how rows are spread.
    fn spread_anew(&self, table: &QualifiedName) -> String {
        let spread = |schema: &Schema| {
            let partitioning = schema.tables.get(table).and_then(|it| it.partitioning.as_ref());
            let by = |it| format!("partitioned by {}", keys_of(it));
            partitioning.map_or("not partitioned".to_owned(), by)
        };
        let Pair { previous, next } = self.schemas;
        format!(
            "{table} is {} and declared {}, which cannot be altered: the table and all of its rows are dropped, and it is made anew",
            spread(previous),
            spread(next)
        )
    }

    fn drop_partition(&self, table: &QualifiedName, name: &QualifiedName) -> Vec<Hazard> {
        let made = |change: &Change| matches!(change, Change::CreatePartition { partition, .. } if &partition.item.name == name);
        let lost = format!("the partition {name} of {table} and all of its rows are dropped");
        if self.changes.iter().any(made) {
            let message =
                format!("{lost}, and it is made anew: its own rows are spread in another way");
            return vec![loses_data(message)];
        }
        let mut hazards = vec![loses_data(lost)];
        if let Origin::Live { .. } = self.origin {
            hazards.push(Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!(
                    "the partition {name} of {table} is not declared and is dropped; `keep_undeclared` in `partition_by(..)` leaves such ones alone"
                ),
            });
        }
        hazards
    }

    /// A type by the name that it had before it made way.
    fn lasting(&self, ty: &PgType) -> PgType {
        let mut ty = ty.clone();
        if let BaseType::Named(name) = &mut ty.base
            && let Some(lasting) = self.aside.get(name)
        {
            *name = lasting.clone();
        }
        ty
    }

    /// What is dropped ahead of its table, or dropped and made again around something else.
    fn goes_with_its_table(&self, change: &Change) -> bool {
        let gone = |table: &QualifiedName| !self.schemas.next.tables.contains_key(table);
        if let Change::DropPolicy(policy) = change {
            gone(&policy.table)
        } else if let Change::DropForeignKey(key) = change {
            let again = Change::AddForeignKey(key.clone());
            gone(&key.table) || self.changes.contains(&again)
        } else if let Change::DropTrigger(trigger) = change {
            let again = |change: &Change| matches!(change, Change::CreateTrigger(made) if made.table == trigger.table && made.item.name == trigger.item.name);
            gone(&trigger.table) || self.changes.iter().any(again)
        } else if let Change::DropUnique(unique) = change {
            self.changes.contains(&Change::AddUnique(unique.clone()))
        } else if let Change::DropPrimaryKey(key) = change {
            self.changes.contains(&Change::AddPrimaryKey(key.clone()))
        } else if let Change::DropCheck(check) = change {
            let same = self.same_on(&check.table);
            self.changes.iter().any(|change| {
                matches!(change, Change::AddCheck(made)
                    if same_place(made, check) && same.check(&check.item.item, &made.item.item))
            })
        } else if let Change::DropExclusion(exclusion) = change {
            let same = self.same_on(&exclusion.table);
            self.changes.iter().any(|change| {
                matches!(change, Change::AddExclusion(made)
                    if same_place(made, exclusion) && same.exclusion(&exclusion.item.item, &made.item.item))
            })
        } else if let Change::DropIndex(index) = change {
            let same = self.same_on(&index.table);
            self.changes.iter().any(|change| {
                matches!(change, Change::CreateIndex(made)
                    if same_place(made, index) && same.index(&index.item.item, &made.item.item))
            })
        } else {
            false
        }
    }

    fn same_on(&self, table: &QualifiedName) -> Same<'_> {
        let site = Site { table: table.clone(), default_of: None };
        Same { canonical: self.canonical, site }
    }

    /// A permissive policy on a table that exists lets somebody at rows that exist. Where it takes
    /// another's place and only narrows, that cannot be told from the text, so it counts.
    fn create_policy(
        &self,
        table: &QualifiedName,
        name: &Ident,
        policy: &Policy<Sql>,
    ) -> Vec<Hazard> {
        let Some(previous) = self.schemas.previous.tables.get(table) else { return Vec::new() };
        let replaced = previous.policies.get(name);
        // The same one again, because a column it leans on is rebuilt.
        let site = Site { table: table.clone(), default_of: None };
        if replaced.is_some_and(|previous| same_policy(&site, previous, policy, self.canonical)) {
            return Vec::new();
        }
        let who = names(&policy.roles);
        let what = verb(policy.command);
        let message = match (policy.kind, replaced) {
            (PolicyKind::Permissive, None) => {
                format!("the new policy \"{name}\" lets {who} {what} rows of {table}")
            }
            (PolicyKind::Permissive, Some(_)) => format!(
                "the policy \"{name}\" changes which rows of {table} {who} can {what}: it may be more than before"
            ),
            (PolicyKind::Restrictive, Some(_)) => format!(
                "the restrictive policy \"{name}\" on {table} changes: {who} may {what} more than before"
            ),
            (PolicyKind::Restrictive, None) => return Vec::new(),
        };
        vec![widens(message)]
    }

    fn drop_policy(
        &self,
        table: &QualifiedName,
        name: &Ident,
        policy: &Policy<Sql>,
    ) -> Vec<Hazard> {
        let recreated = self.changes.iter().any(|change| {
            matches!(change, Change::CreatePolicy(created) if &created.table == table && &created.item.name == name)
        });
        if recreated {
            return Vec::new();
        }
        let mut hazards = self.undeclared("policy", table, name);
        if policy.kind == PolicyKind::Restrictive {
            hazards.push(widens(format!(
                "the restrictive policy \"{name}\" goes: {} can {} all rows of {table} that other policies allow",
                names(&policy.roles),
                verb(policy.command)
            )));
        }
        hazards
    }

    /// In a live database, what is not declared may be somebody else's.
    fn undeclared(&self, what: &str, table: &QualifiedName, name: &Ident) -> Vec<Hazard> {
        match self.origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { .. } => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the {what} \"{name}\" on {table} is not declared and is dropped"),
            }],
        }
    }

    fn undeclared_object(&self, what: &str, name: &QualifiedName) -> Vec<Hazard> {
        match self.origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { .. } => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the {what} {name} is not declared and is dropped"),
            }],
        }
    }

    /// Whether a generated column makes way for itself.
    fn is_computed_again(&self, table: &QualifiedName, column: &Ident) -> bool {
        let generated = |schema: &Schema| {
            let column = schema.tables.get(table).and_then(|table| table.column(column));
            column.is_some_and(|column| column.generated.is_some())
        };
        generated(self.schemas.previous) && generated(self.schemas.next)
    }

    fn grant(&self, grant: &Privileges<GrantObject>) -> Vec<Hazard> {
        if grant.option && self.held(grant) {
            return vec![passes_on(&grant.grantee, &privilege_names(grant), &grant.object)];
        }
        let message = match &grant.object {
            GrantObject::Table(table) if self.schemas.previous.tables.contains_key(table) => {
                format!(
                    "{} gets {} on {table}, where policies allow it",
                    grant.grantee,
                    privilege_names(grant)
                )
            }
            GrantObject::AllTables(schema) => return self.blanket(schema, grant, "gets"),
            GrantObject::Schema(schema) => {
                let undeclared = self.undeclared_tables(schema);
                if undeclared.is_empty() {
                    return Vec::new();
                }
                format!(
                    "{} reaches the schema {schema}, and with it what it may do with {}",
                    grant.grantee,
                    undeclared.join(", ")
                )
            }
            GrantObject::Function(name) if self.holds_tables() && !self.held(grant) => format!(
                "{} may call {name}, which reads with the rights of its owner",
                grant.grantee
            ),
            GrantObject::Routine(routine)
                if self.schemas.previous.functions.contains_key(routine) && !self.held(grant) =>
            {
                format!("{} may call {routine}", grant.grantee)
            }
            GrantObject::Sequence(name) if self.is_new(name) => return Vec::new(),
            GrantObject::Sequence(name) => {
                format!("{} gets {} on the sequence {name}", grant.grantee, privilege_names(grant))
            }
            GrantObject::Table(_)
            | GrantObject::Column { .. }
            | GrantObject::Function(_)
            | GrantObject::Routine(_) => return Vec::new(),
        };
        vec![widens(message)]
    }

    /// Columns of a table that exists, without those that could be reached before: by name, or with
    /// the whole table.
    fn grant_columns(&self, grant: &ColumnPrivileges) -> Vec<Hazard> {
        let ColumnPrivileges { table, grantee, columns, option } = grant;
        if !self.schemas.previous.tables.contains_key(table) {
            return Vec::new();
        }
        let mut columns = columns.clone();
        columns.retain(|privilege, columns| {
            columns.retain(|column| {
                let object = GrantObject::Column { table: table.clone(), column: column.clone() };
                let objects = [object, GrantObject::Table(table.clone())];
                !objects.into_iter().any(|object| {
                    let grant = Grant { object, grantee: grantee.clone(), privilege: *privilege };
                    self.schemas.previous.grants.contains(&grant)
                })
            });
            !columns.is_empty()
        });
        if columns.is_empty() {
            let what = column_list(&grant.columns);
            let option = option.then(|| passes_on(grantee, &what, table));
            return option.into_iter().collect();
        }
        let what = column_list(&columns);
        vec![widens(format!("{grantee} gets {what} on {table}, where policies allow it"))]
    }

    /// Whether all of it was held before, on something that is made anew.
    fn held(&self, grant: &Privileges<GrantObject>) -> bool {
        grant.privileges.iter().all(|privilege| {
            self.schemas.previous.grants.contains(&Grant {
                object: grant.object.clone(),
                grantee: grant.grantee.clone(),
                privilege: *privilege,
            })
        })
    }

    /// What is in the way of a function of ours goes as it does; anything else may be somebody's.
    fn drop_function(&self, routine: &Routine) -> Vec<Hazard> {
        let Pair { previous, next } = self.schemas;
        let called_so = next.functions.keys().any(|declared| declared.name == routine.name);
        let ours = routine.is_private() || previous.functions.contains_key(routine);
        match self.origin {
            Origin::Live { .. } if !ours || !called_so => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the function {routine} is not declared and is dropped"),
            }],
            Origin::Live { .. } | Origin::Snapshot => Vec::new(),
        }
    }

    /// Whether a sequence is declared and not there yet.
    fn is_new(&self, name: &QualifiedName) -> bool {
        let Pair { previous, next } = self.schemas;
        next.sequences.contains_key(name) && !previous.sequences.contains_key(name)
    }

    fn replace_function(&self, function: &Function) -> Vec<Hazard> {
        let previous = self.schemas.previous;
        let routine = function.routine();
        let was = previous.functions.get(&routine);
        let stray = previous.strays.iter().any(|stray| stray.name == routine.name);
        // The same one again, because something that it leans on is rebuilt.
        let same = was.is_some_and(|was| {
            same_function(Pair { previous: was, next: function }, self.canonical)
        });
        let fresh = was.is_none() || same;
        if (fresh && !stray) || !self.decides_access(function, was) {
            return Vec::new();
        }
        vec![widens(format!(
            "the function {} changes: it may tell its callers more than before",
            function.name
        ))]
    }

    /// Whether a function reads with the rights of its owner, or a policy asks it.
    fn decides_access(&self, function: &Function, was: Option<&Function>) -> bool {
        let definer = |function: &Function| function.attributes.security_definer;
        let policies = self.schemas.next.tables.values().flat_map(|table| table.policies.values());
        definer(function)
            || was.is_some_and(definer)
            || policies
                .flat_map(Policy::exprs)
                .any(|sql| lex::has_name(sql.as_str(), |name| name == function.name.name.as_str()))
    }

    /// Whether there are rows of ours to be got at.
    fn holds_tables(&self) -> bool {
        !self.schemas.previous.tables.is_empty()
    }

    /// Privileges on all tables of a schema, now or later: in a new database nobody's rows.
    fn blanket<O>(&self, schema: &Ident, grant: &Privileges<O>, verb: &str) -> Vec<Hazard> {
        let declared = self.schemas.previous.tables.keys().filter(|table| &table.schema == schema);
        let mut tables: Vec<_> = declared.map(ToString::to_string).collect();
        tables.extend(self.undeclared_tables(schema));
        if tables.is_empty() {
            return Vec::new();
        }
        vec![widens(format!(
            "{} {verb} {} on every table of the schema {schema}, which holds {}",
            grant.grantee,
            privilege_names(grant),
            tables.join(", ")
        ))]
    }

    /// Objects to come are nobody's yet; in a schema that is in use they are told with what is there.
    fn grant_default(&self, default: &Privileges<DefaultTarget>) -> Vec<Hazard> {
        match &default.object {
            DefaultTarget { schema: Some(schema), objects: DefaultObjects::Tables, .. } => {
                self.blanket(schema, default, "will get")
            }
            target if self.holds_tables() => vec![widens(format!(
                "{} will get {} on {target}",
                default.grantee,
                privilege_names(default)
            ))],
            _ => Vec::new(),
        }
    }

    fn undeclared_tables(&self, schema: &Ident) -> Vec<String> {
        match self.origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { undeclared } => {
                let tables = undeclared.iter().filter(|table| &table.schema == schema);
                tables.map(ToString::to_string).collect()
            }
        }
    }
}

fn same_place<T>(one: &OnTable<Named<T>>, other: &OnTable<Named<T>>) -> bool {
    one.table == other.table && one.item.name == other.item.name
}

fn privilege_names<O>(grant: &Privileges<O>) -> String {
    let names: Vec<_> =
        grant.privileges.iter().map(|privilege| privilege_name(*privilege)).collect();
    names.join(", ")
}

/// Whether every value of a type is one of the other, as it is.
pub(super) fn fits(previous: &PgType, next: &PgType) -> bool {
    use BaseType::{BigInt, DoublePrecision, Integer, Real, SmallInt, Text, Varchar};
    let wider = match (&previous.base, &next.base) {
        (SmallInt, Integer | BigInt) | (Integer, BigInt) => true,
        (Real, DoublePrecision) | (Varchar, Text) => next.modifiers.is_empty(),
        (Varchar, Varchar) => match (previous.modifiers.first(), next.modifiers.first()) {
            (_, None) => true,
            (Some(Modifier::Number(previous)), Some(Modifier::Number(next))) => previous <= next,
            (Some(_) | None, Some(_)) => false,
        },
        (previous, next) => previous == next,
    };
    let same_modifiers = previous.modifiers == next.modifiers || previous.base == Varchar;
    wider && same_modifiers && previous.array == next.array
}

/// A role gains or loses, never both in one change.
fn alter_role(role: &Named<Pair<Role>>) -> Vec<Hazard> {
    if !role.item.next.exceeds(&role.item.previous) {
        return Vec::new();
    }
    let words = changed_words(&role.item).join(", ");
    vec![widens(format!("the role {} becomes {words}", role.name))]
}

fn passes_on(grantee: &Grantee, what: &str, object: &impl fmt::Display) -> Hazard {
    widens(format!("{grantee} may pass on {what} on {object} to others"))
}

fn widens(message: String) -> Hazard {
    Hazard { kind: HazardKind::WidensAccess, message }
}

pub(super) fn loses_data(message: String) -> Hazard {
    Hazard { kind: HazardKind::LosesData, message }
}

fn names(roles: &BTreeSet<Grantee>) -> String {
    roles.iter().map(Grantee::as_str).collect::<Vec<_>>().join(", ")
}

fn verb(command: Command) -> &'static str {
    match command {
        Command::All => "read and change",
        Command::Select => "read",
        Command::Insert => "insert",
        Command::Update => "update",
        Command::Delete => "delete",
    }
}
