//! Which parts of the model random schemas reach. What they do not is listed with its reason, and the
//! list is neither longer nor shorter than it has to be.

use std::collections::BTreeSet;

use rls_core::model::Schema;
use serde_json::Value;

use super::dice::{self, Dice};
use super::{everything, maker};

/// How many schemas have to reach everything.
const SCHEMAS: u64 = 2000;

/// What stands at a key of these is one of a few words.
const WORDS: [&str; 20] = [
    "bound",
    "check_option",
    "command",
    "constraint",
    "deferral",
    "events",
    "from",
    "grantee",
    "identity",
    "kind",
    "mode",
    "on_delete",
    "on_update",
    "parallel",
    "powers",
    "row_security",
    "state",
    "strategy",
    "timing",
    "to",
];
const MORE_WORDS: [&str; 4] = ["volatility", "privilege", "objects", "grantees"];

/// What stands at a key of these goes by names.
const MAPS: [&str; 13] = [
    "checks",
    "exclusions",
    "extension_schemas",
    "foreign_keys",
    "indexes",
    "memberships",
    "parameters",
    "policies",
    "roles",
    "settings",
    "triggers",
    "uniques",
    "with",
];

const NOT_REACHED: &[(&str, &str)] = &[
    (".roles", "roles outlive a database, and making them takes more than owning one"),
    (".functions[].attributes.leakproof", "only superusers may say that"),
    (".grant_options[].grantee=public", "PUBLIC passes nothing on"),
    (".grant_options[].object.all_tables", "what may be passed on is known of each table"),
    (".grants_by_name[].object.all_tables", "on tables everything is held by name"),
    (".grants_by_name[].object.column", "on tables everything is held by name"),
    (".grants_by_name[].object.table", "on tables everything is held by name"),
    (".grants_by_name[].privilege=delete", "it is on tables"),
    (".grants_by_name[].privilege=insert", "it is on tables"),
    (".grants_by_name[].privilege=maintain", "it is on tables"),
    (".grants_by_name[].privilege=references", "it is on tables"),
    (".grants_by_name[].privilege=trigger", "it is on tables"),
    (".grants_by_name[].privilege=truncate", "it is on tables"),
    (
        ".tables[].exclusions.*.elements[].key.operator_class.parameters",
        "no class that Postgres brings has both parameters and an operator that excludes",
    ),
    (".tables[].partitioning.keys[].descending", "keys of partitions have no order"),
    (".tables[].partitioning.keys[].nulls_first", "keys of partitions have no order"),
    (".tables[].partitioning.keys[].operator_class.parameters", "no such class has any"),
    (".tables[].triggers.*.timing=instead_of", "tables have none such"),
    (".views[].triggers.*.constraint", "views have none such"),
    (".views[].triggers.*.events[]=truncate", "views have none such"),
    (".views[].triggers.*.new_table", "views have none such"),
    (".views[].triggers.*.old_table", "views have none such"),
    (".views[].triggers.*.state", "they cannot be turned off"),
];

/// Every place in the JSON of a schema, with the words that stand there.
fn paths(schema: &Schema) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    visit(&serde_json::to_value(schema).unwrap(), "", "", &mut paths);
    paths
}

fn visit(value: &Value, key: &str, path: &str, paths: &mut BTreeSet<String>) {
    // Partitions may have partitions.
    let path = &path.replace("partitioning.partitions[].partitioning", "partitioning");
    let word = WORDS.contains(&key) || MORE_WORDS.contains(&key);
    let word = word && !path.starts_with(".comments");
    match value {
        // A procedure returns nothing, and that is all that is said of it.
        Value::Null if key == "returns" => drop(paths.insert(format!("{path}=procedure"))),
        Value::Null | Value::Bool(false) => {}
        Value::String(text) if word => drop(paths.insert(format!("{path}={text}"))),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => drop(paths.insert(path.clone())),
        Value::Array(items) => {
            for item in items {
                visit(item, key, &format!("{path}[]"), paths);
            }
        }
        Value::Object(fields) => {
            let names = MAPS.contains(&key);
            for (name, value) in fields {
                let own = if names { "*" } else { name.as_str() };
                // What a name stands for is no word of its own.
                let key = if names { "" } else { name.as_str() };
                visit(value, key, &format!("{path}.{own}"), paths);
            }
        }
    }
}

#[test]
fn random_schemas_reach_all_of_the_model_but_what_is_said() {
    let all = paths(&everything::schema());
    let mut reached = BTreeSet::new();
    for seed in 0..SCHEMAS {
        let version = 14 + u32::try_from(seed % 5).unwrap();
        let draft = maker::schema(Dice::new(dice::seeded(seed)), version);
        reached.extend(paths(&draft.schema));
    }
    let unknown: Vec<_> = reached.difference(&all).collect();
    assert!(unknown.is_empty(), "everything.rs lacks {unknown:#?}");
    let listed = |path: &str| NOT_REACHED.iter().any(|(start, _)| path.starts_with(start));
    let missing: Vec<_> = all.difference(&reached).filter(|path| !listed(path)).collect();
    assert!(missing.is_empty(), "not reached, and not said why: {missing:#?}");
    for (start, why) in NOT_REACHED {
        let places: Vec<_> = all.iter().filter(|path| path.starts_with(start)).collect();
        assert!(!places.is_empty(), "{start} is no part of the model ({why})");
        let found: Vec<_> = places.into_iter().filter(|path| reached.contains(*path)).collect();
        assert!(found.is_empty(), "{found:?} is reached, though {why}");
    }
}
