//! Schemas of the kind that others make, kept under `tests/corpus`: each is made by psql as an ordinary
//! owner, pulled, and found to be without a difference; what was pulled is applied to another database,
//! which then holds the same objects, and of which `pg_dump` says the same.
//!
//! What `pull` leaves alone is in a snapshot beside the SQL, one for each schema, with whatever
//! therefore does not come back. For all schemas but those of [`PARTLY`] that is nothing.

#[path = "../support/mod.rs"]
mod support;

mod databases;
mod dump;
mod inventory;
mod kept;

use std::collections::BTreeSet;
use std::path::Path;

use support::{Project, Run};

use databases::Databases;
use kept::Kept;

/// Schemas that hold things which no declaration can say. Each of them is named in a note.
const PARTLY: [&str; 1] = ["legacy"];

macro_rules! corpus {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            comes_back(stringify!($name));
        })*

        /// None of the folder is left out.
        #[test]
        fn every_schema_of_the_folder_is_tested() {
            let listed = BTreeSet::from([$(stringify!($name).to_owned()),*]);
            assert_eq!(kept::names(), listed);
        }
    };
}

corpus! {
    audit_partitioned booking column_privileges django_made drizzle_made event_sourcing extension_types
    full_text geo hard_names hasura_like i18n job_queue legacy neon_organizations neon_todos postgrest_api
    prisma_made rails_made rowsecurity_documents rowsecurity_odd rowsecurity_partitions saas_teams shop
    social_network supabase_chat supabase_mfa supabase_profiles supabase_storage supabase_user_roles
    tenant_setting
}

#[track_caller]
fn comes_back(name: &str) {
    let kept = Kept::read(name);
    let Some(databases) = Databases::of(&kept) else { return };
    databases.psql(&kept.path);

    let project = Project::empty();
    let url = databases.made.as_str();
    let pulled = pull(&project, &kept, url);
    project.run(&["diff", "--database-url", url]).exits(0);

    let other = databases.other.as_str();
    let apply = ["apply", "--database-url", other, "--allow", "widens-access"];
    project.run(&apply).exits(0);
    project.run(&["diff", "--database-url", other]).exits(0);

    let (made, applied) = (inventory::of(&databases, url), inventory::of(&databases, other));
    let more: Vec<_> = applied.difference(&made).collect();
    let fewer: Vec<_> = made.difference(&applied).map(String::as_str).collect();
    let dumps = dump::differences(&databases, &kept.schemas);
    let notes = notes(&pulled);
    assert!(more.is_empty(), "{name}: only what was pulled makes {more:#?}");
    if !PARTLY.contains(&name) {
        assert!(fewer.is_empty(), "{name}: lost {fewer:#?}, notes {notes:#?}");
        if let Some(dumps) = &dumps {
            assert!(dumps.is_empty(), "{name}: pg_dump differs:\n{dumps}");
        }
    }
    kept.snapshot(&notes, &fewer);
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
