//! To whom everything around a plan belongs, and what of it the plan leaves alone.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::catalog::{Standing, StandingKind};
use serde_json::{Value, json};

use crate::output::{BOLD, count, styled};

/// More names than this are counted: the JSON has all of them.
const NAMED: usize = 8;

/// For people: who owns what is declared, and what is not declared by name.
pub(crate) fn text(standing: &BTreeSet<Standing>) -> String {
    let owned =
        grouped(standing, true).fold(BTreeMap::new(), |mut owners, (kind, owner, names)| {
            let all: &mut Vec<_> = owners.entry(owner).or_default();
            all.push(count(names.len(), &kind.to_string()));
            owners
        });
    let mut text = String::new();
    for (owner, things) in owned {
        let owner = owner.unwrap_or_default();
        text +=
            &format!("{} to {owner}: {}\n", styled(BOLD, "Declared, belongs"), things.join(", "));
    }
    for (kind, owner, names) in grouped(standing, false) {
        let number = count(names.len(), &kind.to_string());
        let owner = owner.map(|owner| format!(" of {owner}")).unwrap_or_default();
        let left = names.len().saturating_sub(NAMED);
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        let names = names[..names.len() - left].join(", ");
        let alone = styled(BOLD, "Not declared, left alone:");
        text += &format!("{alone} {number}{owner}: {names}{more}\n");
    }
    text
}

type Group<'a> = (StandingKind, Option<&'a str>, Vec<&'a str>);

/// Those of one kind and one owner together.
fn grouped(standing: &BTreeSet<Standing>, declared: bool) -> impl Iterator<Item = Group<'_>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for it in standing.iter().filter(|it| it.declared == declared) {
        let owner = it.owner.as_ref().map(|owner| owner.as_str());
        groups.entry((it.kind, owner)).or_default().push(it.name.as_str());
    }
    groups.into_iter().map(|((kind, owner), names)| (kind, owner, names))
}

/// For programs: everything, each with its owner.
pub(crate) fn json(standing: &BTreeSet<Standing>) -> Value {
    let each = standing.iter().map(|Standing { declared, kind, owner, name }| {
        json!({
            "kind": kind.to_string(),
            "name": name,
            "owner": owner.as_ref().map(|owner| owner.as_str()),
            "declared": declared,
        })
    });
    each.collect()
}
