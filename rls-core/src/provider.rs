//! What Neon, Supabase and plain Postgres bring along: roles, extensions, the schema of their
//! functions. The calls themselves are written by [`render`](crate::render).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{DeclaredGrant, DefaultTarget, ExistingRole, GrantObject, Ident, Role};

/// Who verifies the token and says who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Provider {
    /// Neon, with the extension `pg_session_jwt`: `auth.user_id()`.
    Neon,
    /// Supabase: `auth.uid()`, `auth.jwt()`.
    Supabase,
    /// Any Postgres; the backend puts verified claims into `request.jwt.claims`.
    Postgres,
}

/// Which privileges a declaration asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Grants {
    /// Exactly the operations that policies allow, table by table.
    #[default]
    Policies,
    /// All four operations on all tables of the schemas, now and later, for the provider's roles:
    /// row security alone decides.
    Schema,
    /// What is declared by name, and nothing else.
    Declared,
}

/// What is said of a schema (namespace), which is created where it is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredSchema {
    /// To whom it belongs; none leaves that alone.
    pub owner: Option<Ident>,
    /// The comment on it.
    pub comment: Option<String>,
}

/// What a declaration is compiled for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose functions and roles.
    pub provider: Provider,
    /// Which privileges.
    pub grants: Grants,
    /// Roles besides the provider's that exist and may be named.
    pub roles: Vec<Ident>,
    /// Roles that are created and kept as they are declared here.
    pub managed_roles: BTreeMap<Ident, Role>,
    /// What managed roles were called before, by the names that they have now.
    pub renamed_roles: BTreeMap<Ident, Ident>,
    /// What is said of roles that exist: the provider's, or others that are listed.
    pub existing_roles: BTreeMap<Ident, ExistingRole>,
    /// Schemas whose tables enforce their policies on the owner too.
    pub force: BTreeSet<Ident>,
    /// Whether what the declaration says about things becomes comments in the database.
    pub comments: bool,
    /// The role that everything but schemas belongs to where no struct says otherwise; none leaves
    /// owners alone.
    pub owner: Option<Ident>,
    /// Schemas that are declared by name.
    pub schemas: BTreeMap<Ident, DeclaredSchema>,
    /// Privileges on schemas, and on sequences and functions that nobody declares.
    pub grants_beside: Vec<(GrantObject, DeclaredGrant)>,
    /// What roles will hold on objects to come: exactly that, and nothing where no privilege is named.
    pub default_privileges: Vec<(DefaultTarget, DeclaredGrant)>,
    /// Extensions besides the provider's that are created where they are missing, and never dropped.
    pub extensions: BTreeSet<Ident>,
    /// The schemas that they are in, where it matters; a new one is made where the server does.
    pub extension_schemas: BTreeMap<Ident, Ident>,
}

impl Settings {
    /// Privileges from policies, and no roles but the provider's.
    pub fn new(provider: Provider) -> Self {
        Settings {
            provider,
            grants: Grants::default(),
            roles: Vec::new(),
            managed_roles: BTreeMap::new(),
            renamed_roles: BTreeMap::new(),
            existing_roles: BTreeMap::new(),
            force: BTreeSet::new(),
            comments: true,
            owner: None,
            schemas: BTreeMap::new(),
            grants_beside: Vec::new(),
            default_privileges: Vec::new(),
            extensions: BTreeSet::new(),
            extension_schemas: BTreeMap::new(),
        }
    }

    /// Every role that a declaration may name.
    pub fn known_roles(&self) -> impl Iterator<Item = &str> {
        let listed = self.roles.iter().chain(self.managed_roles.keys());
        self.provider.roles().iter().copied().chain(listed.map(Ident::as_str))
    }

    /// Every role whose memberships are declared.
    pub fn members(&self) -> impl Iterator<Item = &Ident> {
        let existing = self.existing_roles.iter().filter(|(_, role)| role.member_of.is_some());
        self.managed_roles.keys().chain(existing.map(|(name, _)| name))
    }

    /// A role with those whose privileges it holds, and whose policies bind it, by membership.
    pub fn with_inherited(&self, role: &Ident) -> BTreeSet<Ident> {
        let mut all = BTreeSet::new();
        let mut open = vec![role];
        while let Some(role) = open.pop() {
            if !all.insert(role.clone()) {
                continue;
            }
            let managed = self.managed_roles.get(role).filter(|role| role.inherit);
            open.extend(managed.into_iter().flat_map(|role| &role.member_of));
            // One that exists is taken to inherit, as Postgres has it by itself.
            let existing = self.existing_roles.get(role).and_then(|role| role.member_of.as_ref());
            open.extend(existing.into_iter().flatten());
        }
        all
    }
}

impl Provider {
    /// Every one there is.
    pub const ALL: [Provider; 3] = [Provider::Neon, Provider::Supabase, Provider::Postgres];

    /// The roles that the provider supplies and that requests run as. They are never created nor
    /// dropped.
    pub fn roles(self) -> &'static [&'static str] {
        match self {
            Provider::Neon => &["authenticated", "anonymous"],
            Provider::Supabase => &["authenticated", "anon"],
            Provider::Postgres => &[],
        }
    }

    /// The extension that makes the token readable.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Provider::Neon => Some("pg_session_jwt"),
            Provider::Supabase | Provider::Postgres => None,
        }
    }

    /// The schema of the functions that policies call.
    pub fn auth_schema(self) -> Option<&'static str> {
        match self {
            Provider::Neon | Provider::Supabase => Some("auth"),
            Provider::Postgres => None,
        }
    }

    /// Whether the roles need USAGE on [`auth_schema`](Self::auth_schema) from us.
    pub fn grants_auth_schema(self) -> bool {
        match self {
            Provider::Neon => true,
            Provider::Supabase | Provider::Postgres => false,
        }
    }
}
