//! Schemas of the kind that others make, kept under `tests/corpus`: each is made by psql as an ordinary
//! owner and pulled, and then there is nothing left to do. What `pull` leaves alone is in a snapshot
//! beside the SQL, one for each schema.
//!
//! What was pulled is applied to another database, which then holds the same objects, and of which
//! `pg_dump` says the same. Only what no declaration says is made by psql there too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod databases;
#[path = "../../../rls-core/tests/support/dump.rs"]
#[allow(dead_code, reason = "the order of columns matters here")]
mod dump;
mod inventory;
mod kept;

use std::collections::BTreeSet;
use std::path::Path;

use support::{Project, Run};

use databases::Databases;
use kept::Kept;

macro_rules! corpus {
    ($($name:ident)*) => {
        mod comes_back {
            $(#[test]
            fn $name() {
                super::comes_back(stringify!($name));
            })*
        }

        /// None of the folder is left out.
        #[test]
        fn every_schema_of_the_folder_is_tested() {
            let listed = BTreeSet::from([$(stringify!($name).to_owned()),*]);
            assert_eq!(kept::names(), listed);
        }
    };
}

corpus! {
    audit_partitioned booking column_privileges django_made drizzle_made event_sourcing
    extension_types full_text geo hard_names hasura_like i18n job_queue ledger legacy
    many_schemas neon_organizations neon_todos postgrest_api prisma_made rails_made renamed
    reporting rowsecurity_documents rowsecurity_odd rowsecurity_partitions saas_teams shop
    social_network supabase_chat supabase_mfa supabase_profiles supabase_realtime
    supabase_storage supabase_user_roles tenant_setting two_owners
}

/// A schema, the databases that it is in, and the project that it was pulled into.
struct Pulled {
    kept: Kept,
    databases: Databases,
    project: Project,
    notes: Vec<String>,
}

/// Made by psql and pulled; none, said aloud, where this server is not for it.
#[track_caller]
fn pulled(name: &str) -> Option<Pulled> {
    let kept = Kept::read(name);
    let databases = Databases::of(&kept)?;
    databases.psql(&databases.made, Some(&kept.path));
    let project = Project::empty();
    let run = pull(&project, &kept, &databases.made);
    project.run(&["diff", "--database-url", &databases.made]).exits(0);
    Some(Pulled { notes: notes(&run), kept, databases, project })
}

#[track_caller]
fn comes_back(name: &str) {
    let Some(Pulled { kept, databases, project, notes }) = pulled(name) else { return };
    kept.snapshot(&notes);
    let (made, other) = (databases.made.as_str(), databases.other.as_str());
    databases.psql(other, kept.before.as_deref());
    project
        .run(&["apply", "--database-url", other, "--allow", "widens-access,narrows-access"])
        .exits(0);
    databases.psql(other, kept.after.as_deref());
    project.run(&["diff", "--database-url", other]).exits(0);
    let again = Project::empty();
    pull(&again, &kept, other);
    for file in ["rls.toml", "src/schema.rs"] {
        assert_eq!(
            again.read(file),
            project.read(file),
            "{name}: what was applied is pulled alike"
        );
    }

    let (was, is) = (inventory::of(&databases, made), inventory::of(&databases, other));
    let lost: Vec<_> = was.difference(&is).collect();
    let more: Vec<_> = is.difference(&was).collect();
    assert!(
        lost.is_empty() && more.is_empty(),
        "{name}: lost {lost:#?}, made {more:#?}, {notes:#?}"
    );
    if let Some(pg_dump) = databases.pg_dump() {
        let dump = |url: &str| pg_dump.of(url, &kept.schemas);
        let differences = dump(made).differences(&dump(other));
        assert!(differences.is_empty(), "{name}: pg_dump differs:\n{differences}");
    }
}

/// Pulls into the project, which has nothing yet.
#[track_caller]
fn pull(project: &Project, kept: &Kept, url: &str) -> Run {
    let mut args = vec!["pull", "--json", "--out", ".", "--database-url", url];
    for schema in &kept.schemas {
        args.extend(["--schema", schema]);
    }
    let run = project.run(&args).exits(0);
    assert!(Path::new(&project.root().join("src/schema.rs")).exists(), "{run}");
    run
}

fn notes(pulled: &Run) -> Vec<String> {
    let notes = pulled.json()["notes"].as_array().cloned().unwrap_or_default();
    notes.iter().map(|note| note.as_str().unwrap_or_default().to_owned()).collect()
}
