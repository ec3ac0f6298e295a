//! A schema of the folder, and what its first lines say about it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rls_core::model::Ident;
use rls_core::{Provider, Settings};

/// A schema as it is kept.
pub struct Kept {
    pub name: String,
    pub path: PathBuf,
    /// What no declaration says and the rest needs first, where there is such a thing.
    pub before: Option<PathBuf>,
    /// What no declaration says and stands on the rest.
    pub after: Option<PathBuf>,
    /// Its provider and the roles that it names besides.
    pub settings: Settings,
    /// The roles that whoever makes it is a member of.
    pub member_of: Vec<Ident>,
    /// What the provider supplies beside the stand-in.
    pub prelude: String,
    /// The schemas (namespaces) that it lives in.
    pub schemas: Vec<String>,
    /// The least major version of Postgres that takes it.
    pub least: u32,
}

impl Kept {
    #[track_caller]
    pub fn read(name: &str) -> Kept {
        let path = folder().join(format!("{name}.sql"));
        let text = fs::read_to_string(&path).unwrap();
        let said = |key: &str| {
            let start = format!("-- {key}: ");
            text.lines().take(7).find_map(|line| line.strip_prefix(&start))
        };
        let list = |key: &str| said(key).map(names_in).unwrap_or_default();
        let provider = said("provider").unwrap();
        let mut settings = Settings::new(match provider {
            "neon" => Provider::Neon,
            "supabase" => Provider::Supabase,
            "postgres" => Provider::Postgres,
            other => panic!("{name}: no provider is called {other}"),
        });
        let roles = |key: &str| list(key).into_iter().map(|role| Ident::new(role).unwrap());
        settings.roles = roles("roles").collect();
        let schemas = list("schemas");
        let prelude = folder().join(format!("prelude/{provider}.sql"));
        let beside = |when: &str| {
            let path = folder().join(format!("{when}/{name}.sql"));
            path.exists().then_some(path)
        };
        Kept {
            name: name.to_owned(),
            member_of: roles("member of").collect(),
            before: beside("before"),
            after: beside("after"),
            settings,
            prelude: fs::read_to_string(prelude).unwrap_or_default(),
            schemas: if schemas.is_empty() { vec!["public".to_owned()] } else { schemas },
            least: said("at least").map_or(14, |version| version.parse().unwrap()),
            path,
        }
    }

    /// Compares what is left alone with what was reviewed.
    #[track_caller]
    pub fn snapshot(&self, notes: &[String]) {
        // Only Postgres 18 keeps what NOT NULL is called.
        let of_all = |note: &&String| !note.contains("left alone: NOT NULL of");
        let notes = notes.iter().filter(of_all).map(|note| format!("- {note}\n"));
        let notes: BTreeSet<_> = notes.collect();
        let text = notes.into_iter().collect::<String>();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder().join("notes"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(self.name.as_str(), text));
    }
}

/// The schemas in the folder.
pub fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let sql = entries.filter(|path| path.extension().is_some_and(|extension| extension == "sql"));
    sql.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// Names between commas, as SQL writes them.
fn names_in(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .map(|name| match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => name.to_owned(),
        })
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus")
}
