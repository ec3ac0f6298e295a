//! Who may see a row: for each way of saying it, what an expert writes by hand and what is usual.

use crate::data::{MANY_TEAMS, TEAM};

/// One way of saying who may see a row, and somebody to whom it applies.
pub struct Case {
    pub name: &'static str,
    /// Whom the policies are for.
    pub role: &'static str,
    pub table: &'static str,
    pub claims: Claims,
    /// The WHERE, without the word. The application knows who is asking, so it puts the value in.
    pub read: Where,
    /// The same for writing.
    pub modify: Where,
    /// Rows that may be inserted: owner, team, project and tenant of row number `{i}`.
    pub new_row: String,
}

/// Writes a condition for somebody.
pub type Where = fn(&Claims) -> String;

/// What the token says.
#[derive(Clone, Copy)]
pub struct Claims {
    pub sub: &'static str,
    pub org: &'static str,
    pub role: &'static str,
}

/// Somebody to whom nothing applies.
pub const STRANGER: Claims = Claims { sub: "nobody", org: "none", role: "none" };

impl Claims {
    pub fn json(&self) -> String {
        let Claims { sub, org, role } = self;
        format!(r#"{{"sub":"{sub}","org":"{org}","role":"{role}","iss":"https://issuer.example"}}"#)
    }
}

/// Every case at a size.
pub fn cases(rows: u64) -> Vec<Case> {
    let somebody = Claims { sub: "user_7", org: "org_7", role: "admin" };
    let plain = |name, role, read: Where, modify: Where| Case {
        name,
        role,
        table: "docs",
        claims: somebody,
        read,
        modify,
        new_row: "'user_7', 1, 1, 'org_7'".to_owned(),
    };
    let mut all = vec![
        plain("owner", "by_owner", owned, owned),
        plain("tenant", "by_tenant", of_tenant, of_tenant),
        plain("public or owner", "by_public", public_or_owned, owned),
        plain("role claim", "by_admin", is_admin, is_admin),
    ];
    let teams = rows / TEAM;
    let members = [
        ("one", "1 team", "1".to_owned()),
        ("hundred", "100 teams", format!("(1 + {{i}} % 100) * {teams} / 100")),
        ("many", "10,000 teams", format!("2 * (1 + {{i}} % {MANY_TEAMS})")),
    ];
    for (role, table, suffix) in
        [("by_team", "docs", ""), ("by_team", "drafts", ", no index"), ("by_project", "docs", "")]
    {
        for (sub, teams, team) in &members {
            let (what, condition): (_, Where) = match role {
                "by_team" => ("member of", in_team),
                _ => ("two levels,", in_project),
            };
            all.push(Case {
                name: format!("{what} {teams}{suffix}").leak(),
                role,
                table,
                claims: Claims { sub, ..STRANGER },
                read: condition,
                modify: condition,
                new_row: format!("'user_7', {team}, 2 * ({team}), 'org_7'"),
            });
        }
    }
    all
}

fn owned(claims: &Claims) -> String {
    format!("owner = '{}'", claims.sub)
}

fn of_tenant(claims: &Claims) -> String {
    format!("org_id = '{}'", claims.org)
}

fn public_or_owned(claims: &Claims) -> String {
    format!("(is_public OR {})", owned(claims))
}

/// The row has no part in it, so the application decides before it asks.
fn is_admin(claims: &Claims) -> String {
    (claims.role == "admin").to_string()
}

fn in_team(claims: &Claims) -> String {
    format!("team_id IN (SELECT team_id FROM hand.members WHERE user_id = '{}')", claims.sub)
}

fn in_project(claims: &Claims) -> String {
    format!(
        "project_id IN (SELECT p.id FROM hand.projects p
             JOIN hand.members m ON m.team_id = p.team_id WHERE m.user_id = '{}')",
        claims.sub
    )
}

/// Policies as they are usually written: table, role, command, predicate.
pub const USUAL: &[(&str, &str, &str, &str)] = &[
    ("members", "by_team", "SELECT", "(SELECT auth.user_id() = user_id)"),
    ("members", "by_project", "SELECT", "(SELECT auth.user_id() = user_id)"),
    ("docs", "by_owner", "ALL", "(SELECT auth.user_id() = owner)"),
    ("docs", "by_tenant", "ALL", "(SELECT auth.session() ->> 'org' = org_id)"),
    ("docs", "by_public", "SELECT", "is_public OR (SELECT auth.user_id() = owner)"),
    ("docs", "by_public", "INSERT", "(SELECT auth.user_id() = owner)"),
    ("docs", "by_public", "UPDATE", "(SELECT auth.user_id() = owner)"),
    ("docs", "by_public", "DELETE", "(SELECT auth.user_id() = owner)"),
    ("docs", "by_admin", "ALL", "auth.session() ->> 'role' = 'admin'"),
    (
        "docs",
        "by_team",
        "ALL",
        "EXISTS (SELECT 1 FROM usual.members m
             WHERE m.team_id = docs.team_id AND m.user_id = auth.user_id())",
    ),
    (
        "drafts",
        "by_team",
        "ALL",
        "EXISTS (SELECT 1 FROM usual.members m
             WHERE m.team_id = drafts.team_id AND m.user_id = auth.user_id())",
    ),
    (
        "docs",
        "by_project",
        "ALL",
        "EXISTS (SELECT 1 FROM usual.projects p JOIN usual.members m ON m.team_id = p.team_id
             WHERE p.id = docs.project_id AND m.user_id = auth.user_id())",
    ),
];
