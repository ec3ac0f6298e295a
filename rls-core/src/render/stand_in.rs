//! A stand-in for what a provider supplies, so that a development database without the provider
//! behaves like one with it: the same roles, functions, signatures and volatility, reading
//! `request.jwt.claims`, which any session may set. Never for production: it verifies nothing.

use super::{literal, role};
use crate::model::Ident;
use crate::provider::{Provider, Settings};

/// How the comment on the schema `auth` begins by which a stand-in is known.
pub const STAND_IN_MARK: &str = "rls: a stand-in, for development only, of ";

/// The whole comment: what it stands for follows.
pub fn stand_in_mark(provider: Provider) -> String {
    format!("{STAND_IN_MARK}{provider:?}")
}

/// The statements that install the stand-in where its schema is not there yet.
pub fn stand_in(settings: &Settings) -> String {
    let mut sql = stand_in_roles(settings);
    sql += match settings.provider {
        Provider::Neon => NEON,
        Provider::Supabase => SUPABASE,
        Provider::Postgres => return sql,
    };
    sql += &format!("COMMENT ON SCHEMA auth IS {};\n", literal(&stand_in_mark(settings.provider)));
    sql
}

/// The statements that create whichever of the roles are not there yet.
pub fn stand_in_roles(settings: &Settings) -> String {
    let mut sql = String::new();
    let supplied = settings.provider.roles().iter().copied();
    let service = match settings.provider {
        Provider::Supabase => Some("service_role"),
        Provider::Neon | Provider::Postgres => None,
    };
    for role in supplied.chain(service).chain(settings.roles.iter().map(Ident::as_str)) {
        let attributes = if service == Some(role) { "BYPASSRLS NOLOGIN" } else { "NOLOGIN" };
        if let Ok(name) = Ident::new(role) {
            sql += &role::create_missing(&name, attributes);
            sql += ";\n";
        }
    }
    sql
}

const NEON: &str = r#"CREATE SCHEMA auth;
CREATE FUNCTION auth.session() RETURNS jsonb LANGUAGE sql STABLE AS $fn$
    SELECT NULLIF(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb
$fn$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $fn$ SELECT auth.session() $fn$;
CREATE FUNCTION auth.user_id() RETURNS text LANGUAGE sql STABLE AS $fn$
    SELECT NULLIF(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
$fn$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $fn$
    SELECT CASE WHEN auth.user_id() ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        THEN auth.user_id()::uuid END
$fn$;
CREATE FUNCTION auth.organization() RETURNS jsonb LANGUAGE sql STABLE AS $fn$
    SELECT auth.session() -> 'o'
$fn$;
CREATE FUNCTION auth.organization_id() RETURNS uuid LANGUAGE sql STABLE AS $fn$
    SELECT CASE WHEN id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN id::uuid END
    FROM (SELECT auth.session() #>> '{o,id}' AS id) AS organization
$fn$;
CREATE FUNCTION auth.init() RETURNS void LANGUAGE sql VOLATILE AS $fn$ SELECT $fn$;
CREATE FUNCTION auth.jwt_session_init(jwt text) RETURNS void LANGUAGE sql VOLATILE AS $fn$
    SELECT pg_catalog.set_config('request.jwt.claims', pg_catalog.convert_from(pg_catalog.decode(
        pg_catalog.rpad(part, (pg_catalog.length(part) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), false)
    FROM (SELECT pg_catalog.translate(pg_catalog.split_part(jwt, '.', 2), '-_', '+/') AS part) AS payload
$fn$;
"#;

const SUPABASE: &str = r#"CREATE SCHEMA auth;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $fn$
    SELECT NULLIF(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb
$fn$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $fn$
    SELECT (auth.jwt() ->> 'sub')::uuid
$fn$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $fn$
    SELECT auth.jwt() ->> 'role'
$fn$;
CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS $fn$
    SELECT auth.jwt() ->> 'email'
$fn$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
"#;
