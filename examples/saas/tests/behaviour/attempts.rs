//! What is tried, and what the declaration says must come of it.

use tokio_postgres::Client;

use crate::people::{Person, become_role};
use crate::world::Error;

pub struct Attempt {
    pub what: &'static str,
    pub sql: &'static str,
    /// For owner, admin, author, reader, editor, outsider, guest, former, anonymous and nobody: the number
    /// of rows, `x` where a policy refuses the new row, `-` where there is no privilege.
    pub declared: &'static str,
}

/// One attempt, undone at once.
pub async fn make(client: &mut Client, person: &Person, sql: &str) -> Result<String, Error> {
    let transaction = client.transaction().await?;
    become_role(&transaction, person).await?;
    let outcome = match transaction.execute(sql, &[]).await {
        Ok(rows) => rows.to_string(),
        Err(error) => match error.as_db_error().map(|error| error.message()) {
            Some(message) if message.contains("violates row-level security policy") => "x".into(),
            Some(message) if message.contains("permission denied for table") => "-".into(),
            _ => format!("{error:?}"),
        },
    };
    transaction.rollback().await?;
    Ok(outcome)
}

const fn attempt(what: &'static str, sql: &'static str, declared: &'static str) -> Attempt {
    Attempt { what, sql, declared }
}

pub const ALL: &[Attempt] = &[
    // organizations: its members see an organisation, its admins write its name, and that is all
    // that is granted.
    attempt("see organisations", "SELECT * FROM organizations", "1 1 1 1 1 1 1 0 - 0"),
    attempt("see org_a", "SELECT * FROM organizations WHERE id = 'org_a'", "1 1 1 1 1 0 0 0 - 0"),
    attempt(
        "rename org_a",
        "UPDATE organizations SET name = 'new' WHERE id = 'org_a'",
        "1 1 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "change when it was made",
        "UPDATE organizations SET created_at = now()",
        "- - - - - - - - - -",
    ),
    attempt(
        "become another organisation",
        "UPDATE organizations SET id = 'org_c' WHERE id = 'org_a'",
        "- - - - - - - - - -",
    ),
    attempt(
        "found an organisation",
        "INSERT INTO organizations VALUES ('org_c', 'C')",
        "- - - - - - - - - -",
    ),
    attempt("delete an organisation", "DELETE FROM organizations", "- - - - - - - - - -"),
    // members: everybody in an organisation sees its members, admins manage those who are not its
    // owner, always in the organisation of their token: the outsider is an admin too, of org_b.
    attempt("see members", "SELECT * FROM members", "6 6 6 6 6 2 2 0 - 0"),
    attempt(
        "see those of org_a",
        "SELECT * FROM members WHERE org_id = 'org_a'",
        "6 6 6 6 6 0 0 0 - 0",
    ),
    attempt(
        "let somebody in",
        "INSERT INTO members (user_id) VALUES ('user_new')",
        "1 1 x x x 1 x x - x",
    ),
    attempt(
        "let somebody into org_a, by name",
        "INSERT INTO members (org_id, user_id) VALUES ('org_a', 'user_new')",
        "- - - - - - - - - -",
    ),
    attempt(
        "let an owner in",
        "INSERT INTO members (user_id, role) VALUES ('user_new', 'owner')",
        "x x x x x x x x - x",
    ),
    attempt(
        "make the author an admin",
        "UPDATE members SET role = 'admin' WHERE user_id = 'user_author'",
        "1 1 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "make oneself an admin",
        "UPDATE members SET role = 'admin' WHERE user_id = auth.user_id()",
        "0 1 0 0 0 1 0 0 - 0",
    ),
    attempt(
        "make oneself the owner",
        "UPDATE members SET role = 'owner' WHERE user_id = auth.user_id()",
        "0 x 0 0 0 x 0 0 - 0",
    ),
    attempt(
        "make up a role",
        "UPDATE members SET role = 'king' WHERE user_id = 'user_author'",
        "x x 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "demote the owner",
        "UPDATE members SET role = 'member' WHERE user_id = 'user_owner'",
        "0 0 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "put somebody in the author's place",
        "UPDATE members SET user_id = 'user_new' WHERE user_id = 'user_author'",
        "- - - - - - - - - -",
    ),
    attempt(
        "move the author to org_b",
        "UPDATE members SET org_id = 'org_b' WHERE user_id = 'user_author'",
        "- - - - - - - - - -",
    ),
    attempt(
        "take the author out",
        "DELETE FROM members WHERE user_id = 'user_author'",
        "1 1 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "take the owner out",
        "DELETE FROM members WHERE user_id = 'user_owner'",
        "0 0 0 0 0 0 0 0 - 0",
    ),
    // projects: admins see and manage all projects of their organisation, others see those that
    // they work on; who left the organisation works on none.
    attempt("see projects", "SELECT * FROM projects", "2 2 1 0 0 1 0 0 - 0"),
    attempt("begin a project", "INSERT INTO projects (name) VALUES ('new')", "1 1 x x x 1 x x - x"),
    attempt(
        "begin one in the owner's name",
        "INSERT INTO projects (name, created_by) VALUES ('new', 'user_owner')",
        "- - - - - - - - - -",
    ),
    attempt(
        "begin one in org_a, by name",
        "INSERT INTO projects (name, org_id) VALUES ('new', 'org_a')",
        "- - - - - - - - - -",
    ),
    attempt(
        "archive org_a's project",
        "UPDATE projects SET is_archived = true WHERE id = 'a0000000-0000-0000-0000-000000000001'",
        "1 1 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "move it to org_b",
        "UPDATE projects SET org_id = 'org_b' WHERE id = 'a0000000-0000-0000-0000-000000000001'",
        "- - - - - - - - - -",
    ),
    attempt(
        "delete one that is under way",
        "DELETE FROM projects WHERE id = 'a0000000-0000-0000-0000-000000000001'",
        "0 0 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "delete one that is over",
        "DELETE FROM projects WHERE id = 'a0000000-0000-0000-0000-000000000002'",
        "1 1 0 0 0 0 0 0 - 0",
    ),
    // project_members: admins put members of their organisation on its projects, nobody else and
    // on no others.
    attempt("see who works on what", "SELECT * FROM project_members", "3 3 3 0 0 1 0 0 - 0"),
    attempt(
        "put the reader on the project",
        "INSERT INTO project_members (project_id, user_id) VALUES ('a0000000-0000-0000-0000-000000000001', 'user_reader')",
        "1 1 x x x x x x - x",
    ),
    attempt(
        "put oneself on it",
        "INSERT INTO project_members (project_id, user_id) VALUES ('a0000000-0000-0000-0000-000000000001', auth.user_id())",
        "1 1 x x x x x x - x",
    ),
    attempt(
        "put a stranger on it",
        "INSERT INTO project_members (project_id, user_id) VALUES ('a0000000-0000-0000-0000-000000000001', 'user_outsider')",
        "x x x x x x x x - x",
    ),
    attempt(
        "put the author on org_b's project",
        "INSERT INTO project_members (project_id, user_id) VALUES ('b0000000-0000-0000-0000-000000000001', 'user_author')",
        "x x x x x x x x - x",
    ),
    attempt(
        "put somebody in the author's place",
        "UPDATE project_members SET user_id = 'user_reader' WHERE user_id = 'user_author'",
        "- - - - - - - - - -",
    ),
    attempt(
        "take the author off",
        "DELETE FROM project_members WHERE user_id = 'user_author'",
        "1 1 0 0 0 0 0 0 - 0",
    ),
    // documents: the author's are one private, one of the project, one public. The fourth is
    // org_b's; the fifth the guest's, public in org_a. Running an organisation is no right to what
    // is private in it, and neither a share nor being its owner reaches into another organisation.
    attempt("read titles", "SELECT title FROM documents", "2 2 4 3 3 3 2 2 2 2"),
    attempt(
        "read the private one",
        "SELECT title FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 1 1 1 0 0 0 0 0",
    ),
    attempt(
        "read the project's",
        "SELECT title FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000002'",
        "0 0 1 0 0 0 0 0 0 0",
    ),
    attempt(
        "read the public one",
        "SELECT title FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000003'",
        "1 1 1 1 1 1 1 1 1 1",
    ),
    attempt(
        "read org_b's",
        "SELECT title FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000004'",
        "0 0 0 0 0 1 0 0 0 0",
    ),
    attempt(
        "read whose the public one is",
        "SELECT owner_id FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000003'",
        "1 1 1 1 1 1 1 1 - 1",
    ),
    attempt(
        "read all columns of it",
        "SELECT * FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000003'",
        "1 1 1 1 1 1 1 1 - 1",
    ),
    attempt(
        "look for what is private",
        "SELECT title FROM documents WHERE visibility = 'private'",
        "0 0 1 1 1 1 0 0 - 0",
    ),
    attempt(
        "write one for the project",
        "INSERT INTO documents (project_id, title) VALUES ('a0000000-0000-0000-0000-000000000001', 'new')",
        "x x 1 x x x x x - x",
    ),
    attempt(
        "write one for org_b's project",
        "INSERT INTO documents (project_id, title) VALUES ('b0000000-0000-0000-0000-000000000001', 'new')",
        "x x x x x 1 x x - x",
    ),
    attempt(
        "write one in the author's name",
        "INSERT INTO documents (project_id, title, owner_id) VALUES ('a0000000-0000-0000-0000-000000000001', 'new', 'user_author')",
        "- - - - - - - - - -",
    ),
    attempt(
        "write one in org_a, by name",
        "INSERT INTO documents (project_id, title, org_id) VALUES ('a0000000-0000-0000-0000-000000000001', 'new', 'org_a')",
        "- - - - - - - - - -",
    ),
    attempt(
        "write one that is odd to see",
        "INSERT INTO documents (project_id, title, visibility) VALUES ('a0000000-0000-0000-0000-000000000001', 'new', 'odd')",
        "x x x x x x x x - x",
    ),
    attempt(
        "change the private one's text",
        "UPDATE documents SET title = 'new', updated_at = now() WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 1 0 1 0 0 0 - 0",
    ),
    attempt(
        "change it without a date",
        "UPDATE documents SET title = 'new' WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 x 0 x 0 0 0 - 0",
    ),
    attempt(
        "change it last year",
        "UPDATE documents SET title = 'new', updated_at = now() - interval '1 year' WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 x 0 x 0 0 0 - 0",
    ),
    attempt(
        "change the public one's text",
        "UPDATE documents SET title = 'new', updated_at = now() WHERE id = 'd0000000-0000-0000-0000-000000000003'",
        "0 0 1 0 0 0 0 0 - 0",
    ),
    attempt(
        "publish the private one",
        "UPDATE documents SET visibility = 'public', updated_at = now() WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 1 0 x 0 0 0 - 0",
    ),
    attempt(
        "make it odd to see",
        "UPDATE documents SET visibility = 'odd', updated_at = now() WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 x 0 x 0 0 0 - 0",
    ),
    attempt(
        "change one's own",
        "UPDATE documents SET title = 'new', updated_at = now() WHERE owner_id = auth.user_id()",
        "0 0 3 0 0 1 0 0 - 0",
    ),
    attempt(
        "delete one's own",
        "DELETE FROM documents WHERE owner_id = auth.user_id()",
        "0 0 3 0 0 1 0 0 - 0",
    ),
    attempt(
        "hand it over",
        "UPDATE documents SET owner_id = 'user_reader' WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "- - - - - - - - - -",
    ),
    attempt(
        "move it to org_b",
        "UPDATE documents SET org_id = 'org_b' WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "- - - - - - - - - -",
    ),
    attempt(
        "delete the private one",
        "DELETE FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000001'",
        "0 0 1 0 0 0 0 0 - 0",
    ),
    attempt(
        "delete the public one",
        "DELETE FROM documents WHERE id = 'd0000000-0000-0000-0000-000000000003'",
        "0 0 1 0 0 0 0 0 - 0",
    ),
    // shares: the private document is shared with the reader, the editor and the outsider. Its
    // owner manages that, and those in the organisation see what is shared with them.
    attempt("see shares", "SELECT * FROM shares", "0 0 4 1 1 0 0 0 - 0"),
    attempt(
        "share the private document",
        "INSERT INTO shares (document_id, user_id) VALUES ('d0000000-0000-0000-0000-000000000001', 'user_admin')",
        "x x 1 x x x x x - x",
    ),
    attempt(
        "share org_b's",
        "INSERT INTO shares (document_id, user_id) VALUES ('d0000000-0000-0000-0000-000000000004', 'user_author')",
        "x x x x x 1 x x - x",
    ),
    attempt(
        "let the reader edit",
        "UPDATE shares SET can_edit = true WHERE user_id = 'user_reader'",
        "0 0 1 0 0 0 0 0 - 0",
    ),
    attempt(
        "let oneself edit",
        "UPDATE shares SET can_edit = true WHERE user_id = auth.user_id()",
        "0 0 0 0 0 0 0 0 - 0",
    ),
    attempt(
        "make it one of org_b's document",
        "UPDATE shares SET document_id = 'd0000000-0000-0000-0000-000000000004' WHERE user_id = 'user_reader'",
        "0 0 x 0 0 0 0 0 - 0",
    ),
    attempt("move it to org_b", "UPDATE shares SET org_id = 'org_b'", "- - - - - - - - - -"),
    attempt(
        "take the reader's back",
        "DELETE FROM shares WHERE user_id = 'user_reader'",
        "0 0 1 0 0 0 0 0 - 0",
    ),
    // audit_log: members append, and the token and the clock say who and when; admins read; nobody
    // changes anything.
    attempt("read the log", "SELECT * FROM audit_log", "1 1 0 0 0 1 0 0 - 0"),
    attempt("append", "INSERT INTO audit_log (action) VALUES ('did')", "1 1 1 1 1 1 1 x - x"),
    attempt(
        "append in the owner's name",
        "INSERT INTO audit_log (action, actor_id) VALUES ('did', 'user_owner')",
        "- - - - - - - - - -",
    ),
    attempt(
        "append to org_a's, by name",
        "INSERT INTO audit_log (action, org_id) VALUES ('did', 'org_a')",
        "- - - - - - - - - -",
    ),
    attempt(
        "append for last year",
        "INSERT INTO audit_log (action, at) VALUES ('did', now() - interval '1 year')",
        "- - - - - - - - - -",
    ),
    attempt(
        "number an entry",
        "INSERT INTO audit_log (id, action) OVERRIDING SYSTEM VALUE VALUES (1, 'did')",
        "- - - - - - - - - -",
    ),
    attempt(
        "change what was done",
        "UPDATE audit_log SET action = 'did not'",
        "- - - - - - - - - -",
    ),
    attempt("delete what was done", "DELETE FROM audit_log", "- - - - - - - - - -"),
    attempt("empty the log", "TRUNCATE audit_log", "- - - - - - - - - -"),
];
