//! `init`: a first rls.toml.

use std::io::Write;
use std::path::Path;

use rls_core::Provider;
use serde_json::json;

use crate::config::FILE;
use crate::error::{Error, Result};
use crate::output::Output;
use crate::project::below;

pub(crate) fn run(root: &Path, provider: Provider) -> Result<Output> {
    let unwritable = |path: &Path, error: &std::io::Error| {
        Error::user(format!("cannot write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(root).map_err(|error| unwritable(root, &error))?;
    let path = below(root, FILE);
    let created = std::fs::File::create_new(&path);
    let mut file = created.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::hint(
            format!("{} is there already", path.display()),
            "edit it, or remove it first",
        ),
        _ => unwritable(&path, &error),
    })?;
    file.write_all(text(provider).as_bytes()).map_err(|error| unwritable(&path, &error))?;
    let written = path.display();
    Ok(Output {
        text: format!("Wrote {written}.\n\n{NEXT}"),
        json: json!({ "written": [path] }),
        difference: false,
    })
}

const NEXT: &str = r#"Declare a table next to its struct:

    #[derive(rls_schema::Table)]
    #[rls(
        table = "todos",
        crud_policy(role = authenticated, read = auth_uid(user_id), modify = auth_uid(user_id)),
    )]
    pub struct Todo {
        #[rls(primary_key, identity)]
        pub id: i64,
        #[rls(default = auth_uid(), index)]
        pub user_id: String,
        pub task: String,
    }

Then `cargo rls check`, and `cargo rls apply` to see it in a development database.
"#;

fn text(provider: Provider) -> String {
    let (name, roles) = match provider {
        Provider::Neon => ("neon", "# roles = [\"editor\"]"),
        Provider::Supabase => ("supabase", "# roles = [\"editor\"]"),
        Provider::Postgres => ("postgres", "roles = [\"authenticated\", \"anonymous\"]"),
    };
    format!(
        r#"# Who verifies the token: "neon" (pg_session_jwt), "supabase", or "postgres" (a backend that
# puts verified claims into the setting request.jwt.claims).
provider = "{name}"

# Privileges: "policies" grants exactly what policies allow, and what `grant(..)` says; "declared"
# what `grant(..)` says alone; "schema" grants everything on all tables of the schema and leaves the
# rest to row security.
grants = "policies"

# Roles besides the provider's that policies name: by name those that exist, as a table those to be
# made, such as {{ name = "support", login = true, inherit = true, bypass-rls = false, member-of = [] }}.
{roles}

# Schemas whose tables enforce their policies on the owner too.
# force-row-security = ["public"]

# The environment variable that holds the database's URL. Without it: DATABASE_URL, and without
# that a development Postgres of this project's own.
# database-url-env = "DATABASE_URL"

# The folder of the migrations.
migrations = "migrations"

# Where to read declarations, and with which features; by default what Cargo.toml says.
# source = ["src/schema.rs"]
# features = []
"#
    )
}

#[cfg(test)]
mod tests {
    use rls_core::Provider;

    use super::text;
    use crate::config::Config;

    #[test]
    fn what_is_written_can_be_read() {
        for provider in [Provider::Neon, Provider::Supabase, Provider::Postgres] {
            let config: Config = toml::from_str(&text(provider)).unwrap();
            assert_eq!(config.provider, provider);
        }
    }
}
