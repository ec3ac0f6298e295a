//! One schema with everything in it that the model can hold: every field of every struct and every
//! variant of every enum, with nothing left to a default. A field or a variant that is new does not
//! compile here until it has its place.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::*;

use super::draft::id;

/// All variants of an enum, which the compiler counts.
macro_rules! every {
    ($ty:ident: $($variant:ident)*) => {{
        let counted = |it: &$ty| match it {
            $($ty::$variant => (),)*
        };
        let all = [$($ty::$variant),*];
        all.iter().for_each(counted);
        all
    }};
}

fn named(name: &str) -> QualifiedName {
    QualifiedName { schema: id("s"), name: id(name) }
}

fn sql() -> Sql {
    Sql::new("true")
}

fn ty() -> PgType {
    PgType { base: BaseType::Text, modifiers: Vec::new(), array: false }
}

fn strings() -> BTreeMap<String, String> {
    BTreeMap::from([("a".to_owned(), "b".to_owned())])
}

/// Things by names that are numbers.
fn numbered<T>(items: impl IntoIterator<Item = T>) -> BTreeMap<Ident, T> {
    items.into_iter().enumerate().map(|(at, item)| (id(&at.to_string()), item)).collect()
}

fn by_name<T>(
    items: impl IntoIterator<Item = T>,
    name: fn(&T) -> &QualifiedName,
) -> BTreeMap<QualifiedName, T> {
    items.into_iter().map(|item| (name(&item).clone(), item)).collect()
}

pub fn schema() -> Schema {
    let target = DefaultTarget {
        creator: Some(id("r")),
        schema: Some(id("s")),
        objects: DefaultObjects::Sequences,
    };
    let mut defaults = BTreeSet::new();
    for objects in every!(DefaultObjects: Tables Sequences Functions Types Schemas) {
        for privilege in Privilege::ALL {
            let grantees = [Grantee::Public, Grantee::Role(id("r"))];
            defaults.extend(grantees.map(|grantee| DefaultPrivilege {
                target: DefaultTarget { objects, ..target.clone() },
                grantee,
                privilege,
                grantable: true,
            }));
        }
    }
    let settled = every!(DefaultObjects: Tables Sequences Functions Types Schemas);
    let settled = settled.map(|objects| DefaultHolder {
        target: DefaultTarget { objects, ..target.clone() },
        // The others have it too, and PUBLIC goes by a word.
        grantee: if objects == DefaultObjects::Tables {
            Grantee::Public
        } else {
            Grantee::Role(id("r"))
        },
    });
    Schema {
        extensions: BTreeSet::from([id("e")]),
        extension_schemas: BTreeMap::from([(id("e"), id("s"))]),
        namespaces: BTreeSet::from([id("s")]),
        grantees: BTreeSet::from([Grantee::Public, Grantee::Role(id("r"))]),
        roles: BTreeMap::from([(id("r"), role())]),
        memberships: BTreeMap::from([(id("x"), BTreeSet::from([id("r")]))]),
        exempt_roles: BTreeSet::from([id("x")]),
        sequences: by_name([sequence()], |it| &it.name),
        types: by_name(types(), |it| &it.name),
        tables: by_name(tables(), |it| &it.name),
        views: by_name(views(), |it| &it.name),
        functions: functions().into_iter().map(|it| (it.routine(), it)).collect(),
        // Live databases only: no snapshot has them.
        readers: BTreeMap::new(),
        undeclared_owners: BTreeMap::new(),
        strays: Vec::new(),
        undeclared_comments: BTreeMap::new(),
        comments: comments().into_iter().map(|on| (on, "text".to_owned())).collect(),
        owners: owned().into_iter().map(|owned| (owned, id("r"))).collect(),
        grants: grants(),
        grant_options: grants(),
        grants_by_name: grants(),
        default_privileges: defaults,
        settled_defaults: BTreeSet::from_iter(settled),
        renames: Renames::default(),
    }
}

fn role() -> Role {
    let powers = every!(Power: Superuser CreateDb CreateRole Replication);
    Role {
        login: true,
        inherit: true,
        bypass_rls: true,
        member_of: BTreeSet::from([id("m")]),
        powers: BTreeSet::from(powers),
    }
}

fn numbering() -> SequenceOptions {
    SequenceOptions {
        start: Some(3),
        increment: Some(2),
        min: Some(2),
        max: Some(99),
        cache: Some(5),
        cycle: true,
    }
}

fn sequence() -> Sequence {
    let owner = Some(SequenceOwner { table: named("t"), column: id("c") });
    Sequence { name: named("q"), ty: ty(), options: numbering(), owner }
}

fn types() -> Vec<UserType<Sql>> {
    let check = DomainCheck { expr: sql(), not_valid: true };
    let forms = vec![
        TypeForm::Enum(EnumType { values: vec!["a".to_owned()] }),
        TypeForm::Domain(Domain {
            base: ty(),
            collation: Some(named("C")),
            not_null: true,
            default: Some(sql()),
            checks: numbered([check]),
        }),
        TypeForm::Composite(Composite {
            attributes: vec![Attribute { name: id("a"), ty: ty(), collation: Some(named("C")) }],
        }),
    ];
    let counted = |form: &TypeForm<Sql>| match form {
        TypeForm::Enum(_) | TypeForm::Domain(_) | TypeForm::Composite(_) => (),
    };
    forms.iter().for_each(counted);
    let forms = forms.into_iter().enumerate();
    forms.map(|(at, form)| UserType { name: named(&at.to_string()), form }).collect()
}

fn keys() -> Vec<IndexKey<Sql>> {
    let class = OperatorClass { name: named("o"), parameters: strings() };
    let key = |value| IndexKey {
        value,
        collation: Some(named("C")),
        operator_class: Some(class.clone()),
        descending: true,
        nulls_first: true,
    };
    let values = [IndexValue::Column(id("c")), IndexValue::Expr(sql())];
    let counted = |value: &IndexValue<Sql>| match value {
        IndexValue::Column(_) | IndexValue::Expr(_) => (),
    };
    values.iter().for_each(counted);
    values.into_iter().map(key).collect()
}

fn index(keys: Vec<IndexKey<Sql>>) -> Index<Sql> {
    Index {
        method: id("gin"),
        unique: true,
        nulls_not_distinct: true,
        keys,
        include: vec![id("c")],
        predicate: Some(sql()),
        with: strings(),
        not_valid: false,
    }
}

fn indexes() -> BTreeMap<Ident, Index<Sql>> {
    // One of plain columns is written in another way.
    numbered([index(keys()), index(vec![IndexKey::column(id("c"))])])
}

fn deferrals() -> [Deferral; 3] {
    every!(Deferral: Never InitiallyImmediate InitiallyDeferred)
}

fn columns() -> Vec<Column<Sql>> {
    let identities = every!(Identity: ByDefault Always);
    let column = |identity| Column {
        name: id("c"),
        ty: ty(),
        collation: Some(named("C")),
        nullable: true,
        default: Some(sql()),
        identity: Some(identity),
        numbering: numbering(),
        sequence: Some(id("q")),
        generated: Some(Generated { expr: sql(), stored: true }),
    };
    identities.into_iter().map(column).collect()
}

fn foreign_keys() -> Vec<ForeignKey> {
    let actions = every!(ReferentialAction: NoAction Restrict Cascade SetNull SetDefault);
    let key = |(action, deferral): (ReferentialAction, Deferral)| ForeignKey {
        columns: vec![id("c")],
        table: named("t"),
        references: vec![id("c")],
        on_delete: action,
        on_update: action,
        set_columns: vec![id("c")],
        match_full: true,
        deferral,
        not_valid: true,
    };
    actions.into_iter().zip(deferrals().into_iter().cycle()).map(key).collect()
}

fn triggers() -> BTreeMap<Ident, Trigger> {
    let mut triggers = Vec::new();
    let timings = every!(TriggerTiming: Before After InsteadOf);
    let events = every!(TriggerEvent: Insert Update Delete Truncate);
    for timing in timings {
        for state in every!(TriggerState: Origin Disabled Replica Always) {
            let constraints = deferrals().map(|deferral| Trigger {
                timing,
                events: BTreeSet::from(events),
                columns: BTreeSet::from([id("c")]),
                for_each_row: true,
                when: Some(sql()),
                function: named("f"),
                arguments: vec!["a".to_owned()],
                old_table: Some(id("o")),
                new_table: Some(id("n")),
                constraint: Some(deferral),
                state,
            });
            triggers.extend(constraints);
        }
    }
    numbered(triggers)
}

fn policies() -> Vec<Policy<Sql>> {
    let commands = every!(Command: All Select Insert Update Delete);
    let kinds = every!(PolicyKind: Permissive Restrictive);
    let policy = |(command, kind): (Command, PolicyKind)| Policy {
        kind,
        command,
        roles: BTreeSet::from([Grantee::Public, Grantee::Role(id("r"))]),
        using: Some(sql()),
        with_check: Some(sql()),
    };
    commands.into_iter().zip(kinds.into_iter().cycle()).map(policy).collect()
}

fn tables() -> Vec<Table<Sql>> {
    let securities = every!(RowSecurity: Disabled Enabled Forced);
    securities.into_iter().zip(deferrals()).map(|(one, other)| table(one, other)).collect()
}

fn table(row_security: RowSecurity, deferral: Deferral) -> Table<Sql> {
    let element = |key| ExclusionElement { key, operator: Sql::new("=") };
    let exclusion = |deferral| Exclusion {
        method: id("gist"),
        elements: keys().into_iter().map(element).collect(),
        include: vec![id("c")],
        predicate: Some(sql()),
        deferral,
    };
    let unique = |deferral| Unique {
        columns: vec![id("c")],
        include: vec![id("c")],
        nulls_not_distinct: true,
        deferral,
    };
    let check = Check { expr: sql(), no_inherit: true, not_valid: true };
    Table {
        name: named(&format!("{row_security:?}")),
        columns: columns(),
        primary_key: Some(PrimaryKey {
            name: id("p"),
            columns: vec![id("c")],
            include: vec![id("c")],
            deferral,
        }),
        uniques: numbered(deferrals().map(unique)),
        checks: numbered([check]),
        foreign_keys: numbered(foreign_keys()),
        exclusions: numbered(deferrals().map(exclusion)),
        indexes: indexes(),
        triggers: triggers(),
        partitioning: Some(partitioning(true)),
        row_security,
        policies: numbered(policies()),
    }
}

fn partitioning(deeper: bool) -> Partitioning<Sql> {
    let literals =
        [Literal::Bool(true), Literal::Number("1".to_owned()), Literal::Text("a".to_owned())];
    let counted = |literal: &Literal| match literal {
        Literal::Bool(_) | Literal::Number(_) | Literal::Text(_) => (),
    };
    literals.iter().for_each(counted);
    let mut ends: Vec<_> = literals.iter().cloned().map(RangeEnd::Value).collect();
    ends.extend([RangeEnd::MinValue, RangeEnd::MaxValue]);
    let counted = |end: &RangeEnd| match end {
        RangeEnd::MinValue | RangeEnd::Value(_) | RangeEnd::MaxValue => (),
    };
    ends.iter().for_each(counted);
    let bounds = vec![
        PartitionBound::Range { from: ends.clone(), to: ends },
        PartitionBound::List(literals.into_iter().map(Some).collect()),
        PartitionBound::Hash { modulus: 2, remainder: 1 },
        PartitionBound::Default,
    ];
    let counted = |bound: &PartitionBound| match bound {
        PartitionBound::Range { from: _, to: _ }
        | PartitionBound::List(_)
        | PartitionBound::Hash { modulus: _, remainder: _ }
        | PartitionBound::Default => (),
    };
    bounds.iter().for_each(counted);
    let strategies = every!(PartitionStrategy: Range List Hash);
    let securities = every!(RowSecurity: Disabled Enabled Forced);
    let mut partitions = Vec::new();
    for (at, bound) in bounds.into_iter().enumerate() {
        let inner = || Partitioning { strategy: strategies[at % 3], ..partitioning(false) };
        partitions.push(Partition {
            name: named(&at.to_string()),
            bound,
            row_security: securities[at % 3],
            partitioning: deeper.then(inner),
        });
    }
    Partitioning {
        strategy: PartitionStrategy::Range,
        keys: keys(),
        keep_undeclared: true,
        partitions: by_name(partitions, |it| &it.name),
    }
}

fn views() -> Vec<View> {
    let options = every!(CheckOption: None Local Cascaded).into_iter();
    let kinds = every!(ViewKind: Plain Materialized).into_iter().cycle();
    options.zip(kinds).map(|(option, kind)| view(option, kind)).collect()
}

fn view(check_option: CheckOption, kind: ViewKind) -> View {
    View {
        name: named(&format!("{check_option:?}")),
        query: sql(),
        kind,
        columns: vec![id("c")],
        security_invoker: true,
        security_barrier: true,
        check_option,
        indexes: indexes(),
        triggers: triggers(),
    }
}

fn functions() -> Vec<Function> {
    let returned = vec![ReturnedColumn { name: id("c"), ty: ty() }];
    let returns = vec![
        Returns::Value(ty()),
        Returns::SetOf { set_of: ty() },
        Returns::Table { table: returned },
        Returns::Procedure,
    ];
    let counted = |returns: &Returns| match returns {
        Returns::Value(_)
        | Returns::SetOf { set_of: _ }
        | Returns::Table { table: _ }
        | Returns::Procedure => (),
    };
    returns.iter().for_each(counted);
    let bodies = [Body::Text("a".to_owned()), Body::Standard { standard: sql() }];
    let counted = |body: &Body| match body {
        Body::Text(_) | Body::Standard { standard: _ } => (),
    };
    bodies.iter().for_each(counted);
    let modes = every!(ArgumentMode: In Out InOut Variadic);
    let arguments =
        modes.map(|mode| Argument { name: Some(id("a")), ty: ty(), mode, default: Some(sql()) });
    let volatilities = every!(Volatility: Immutable Stable Volatile);
    let parallels = every!(Parallel: Safe Restricted Unsafe);
    let function = |(at, returns): (usize, Returns)| Function {
        name: named(&at.to_string()),
        arguments: arguments.to_vec(),
        returns,
        attributes: Attributes {
            language: id("l"),
            volatility: volatilities[at % 3],
            parallel: parallels[at % 3],
            strict: true,
            security_definer: true,
            leakproof: true,
            cost: Some(2),
            rows: Some(2),
            settings: BTreeMap::from([("a".to_owned(), vec!["b".to_owned()])]),
        },
        body: bodies[at % 2].clone(),
    };
    returns.into_iter().enumerate().map(function).collect()
}

fn comments() -> Vec<Commented> {
    let routine = Routine { name: named("f"), arguments: vec![ty()] };
    let all = vec![
        Commented::Schema(id("s")),
        Commented::Type(named("t")),
        Commented::Sequence(named("q")),
        Commented::Table(named("t")),
        Commented::View(named("v")),
        Commented::MaterializedView(named("v")),
        Commented::Column(named("t"), id("c")),
        Commented::Constraint(named("t"), id("c")),
        Commented::Index(named("i")),
        Commented::Policy(named("t"), id("p")),
        Commented::Trigger(named("t"), id("g")),
        Commented::Function(routine),
    ];
    let counted = |on: &Commented| match on {
        Commented::Schema(_)
        | Commented::Type(_)
        | Commented::Sequence(_)
        | Commented::Table(_)
        | Commented::View(_)
        | Commented::MaterializedView(_)
        | Commented::Column(..)
        | Commented::Constraint(..)
        | Commented::Index(_)
        | Commented::Policy(..)
        | Commented::Trigger(..)
        | Commented::Function(_) => (),
    };
    all.iter().for_each(counted);
    all
}

fn owned() -> Vec<Owned> {
    let routine = Routine { name: named("f"), arguments: vec![ty()] };
    let all = vec![
        Owned::Schema(id("s")),
        Owned::Type(named("t")),
        Owned::Relation(named("t")),
        Owned::Function(routine),
    ];
    let counted = |owned: &Owned| match owned {
        Owned::Schema(_) | Owned::Type(_) | Owned::Relation(_) | Owned::Function(_) => (),
    };
    all.iter().for_each(counted);
    all
}

fn grants() -> BTreeSet<Grant> {
    let routine = Routine { name: named("f"), arguments: vec![ty()] };
    let objects = [
        GrantObject::Schema(id("s")),
        GrantObject::Sequence(named("q")),
        GrantObject::Function(named("f")),
        GrantObject::Routine(routine),
        GrantObject::Table(named("t")),
        GrantObject::Column { table: named("t"), column: id("c") },
        GrantObject::AllTables(id("s")),
    ];
    let counted = |object: &GrantObject| match object {
        GrantObject::Schema(_)
        | GrantObject::Sequence(_)
        | GrantObject::Function(_)
        | GrantObject::Routine(_)
        | GrantObject::Table(_)
        | GrantObject::Column { table: _, column: _ }
        | GrantObject::AllTables(_) => (),
    };
    objects.iter().for_each(counted);
    let mut grants = BTreeSet::new();
    for privilege in Privilege::ALL {
        let grantees = [Grantee::Public, Grantee::Role(id("r"))];
        let grant = |(object, grantee): (&GrantObject, &Grantee)| Grant {
            object: object.clone(),
            grantee: grantee.clone(),
            privilege,
        };
        grants.extend(objects.iter().zip(grantees.iter().cycle()).map(grant));
    }
    grants
}
