//! Policies of a snapshot, with what Drizzle makes of them that their authors may not expect.

use std::collections::BTreeSet;

use super::json::{At, Object};
use super::text;
use crate::model::{Command, Grantee, Ident, Policy, PolicyKind, QualifiedName, Sql};
use crate::render;

/// Reads a policy of a table. None where it is no policy that a declaration can say, which is told.
pub(super) fn read(at: &At<'_>, name: &Ident, table: &QualifiedName) -> Option<Policy<Sql>> {
    let object = at.object()?;
    let kind = word(
        &object,
        "as",
        &[("PERMISSIVE", PolicyKind::Permissive), ("RESTRICTIVE", PolicyKind::Restrictive)],
    );
    let command = word(
        &object,
        "for",
        &[
            ("ALL", Command::All),
            ("SELECT", Command::Select),
            ("INSERT", Command::Insert),
            ("UPDATE", Command::Update),
            ("DELETE", Command::Delete),
        ],
    );
    let using = object.get("using");
    let with_check = object.get("withCheck");
    let to = object.get("to");
    // Whose table it is stands around it.
    object.pass_over(&["name", "on", "schema"]);
    let (kind, command) = (kind.unwrap_or(PolicyKind::Permissive), command.unwrap_or(Command::All));
    let possible = refused_clause(command, using.is_some(), with_check.is_some());
    if let Some((clause, instead)) = possible {
        object.help(
            format!(
                "Postgres refuses `{clause}` on this command, so that the policy was never made"
            ),
            Some(&format!("say it in `{instead}`, and generate again")),
        );
    }
    let this = format!("the policy \"{name}\" on {table}");
    let texts = [&using, &with_check].map(|at| at.as_ref().and_then(|at| at.node.text()));
    if texts.into_iter().flatten().any(|text| text.contains("--")) {
        at.report.note(format!(
            "{this} has `--` in it, where Drizzle's migration cuts it in two: the database has something else \
             for WITH CHECK, if anything; see what `cargo rls diff` says"
        ));
    }
    let using = using.map(|at| text::expression(&at));
    let with_check = with_check.map(|at| text::expression(&at));
    let roles = match to {
        Some(to) => roles(&to, kind, &this),
        None => Some(BTreeSet::from([Grantee::Public])),
    };
    object.done();
    // A clause that is there and cannot be read has been told.
    let (using, with_check) = (clause(using)?, clause(with_check)?);
    let roles = roles.filter(|roles| !roles.is_empty())?;
    let policy = Policy { kind, command, roles, using, with_check };
    tell(&policy, &this, at);
    Some(policy)
}

/// A clause that is not there, or is read; none where it was at fault.
fn clause(read: Option<Option<Sql>>) -> Option<Option<Sql>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn word<T: Copy>(object: &Object<'_>, name: &str, words: &[(&str, T)]) -> Option<T> {
    let at = object.get(name)?;
    let text = at.text()?;
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        at.mistake(format!("is `{text}`, and has to be one of {}", known.join(", ")), None);
    }
    found.map(|(_, value)| *value)
}

/// What a policy for a command cannot have, and what says it instead.
///
/// Source: Postgres manual, `CREATE POLICY`.
fn refused_clause(
    command: Command,
    using: bool,
    with_check: bool,
) -> Option<(&'static str, &'static str)> {
    match command {
        Command::Insert => using.then_some(("using", "withCheck")),
        Command::Select | Command::Delete => with_check.then_some(("withCheck", "using")),
        Command::All | Command::Update => None,
    }
}

fn roles(at: &At<'_>, kind: PolicyKind, this: &str) -> Option<BTreeSet<Grantee>> {
    let mut roles = BTreeSet::new();
    for role in at.list()? {
        match role.text()? {
            "public" => {
                roles.insert(Grantee::Public);
            }
            whoever @ ("current_user" | "current_role" | "session_user") => {
                if kind == PolicyKind::Restrictive {
                    role.mistake(
                        format!("`{whoever}` is whoever ran the migration, whom the snapshot does not name"),
                        Some("write the name of the role that is to be restricted, and generate again"),
                    );
                }
                role.report.note(format!(
                    "{this} is also for `{whoever}`, which is whoever ran Drizzle's migration: that role \
                     is left out, for the snapshot does not name it"
                ));
            }
            name => match Grantee::role(role.named(name)?) {
                Ok(grantee) => {
                    roles.insert(grantee);
                }
                Err(error) => role.mistake(error, None),
            },
        }
    }
    // Postgres ignores the others then.
    if roles.contains(&Grantee::Public) {
        roles.retain(|role| *role == Grantee::Public);
    }
    Some(roles)
}

/// What is as it was written, and perhaps not as it was meant.
fn tell(policy: &Policy<Sql>, this: &str, at: &At<'_>) {
    let Policy { kind, command: _, roles, using, with_check } = policy;
    let report = at.report;
    if *kind == PolicyKind::Restrictive && using.is_none() && with_check.is_none() {
        report.note(format!("{this} is restrictive and says nothing, so that it restricts nobody"));
    }
    if *kind == PolicyKind::Permissive && roles.contains(&Grantee::Public) {
        report.note(format!(
            "{this} is for everyone, which is what Drizzle makes of a policy without `to`: visitors \
             without an account, and every role to come"
        ));
    }
    for role in roles {
        let Grantee::Role(name) = role else { continue };
        if render::ident(name) != name.as_str() {
            report.note(format!(
                "the role `{name}` needs quotes, which Drizzle's ALTER POLICY leaves out: where a \
                 migration changed a policy, see what `cargo rls diff` says of its roles"
            ));
        }
    }
}
