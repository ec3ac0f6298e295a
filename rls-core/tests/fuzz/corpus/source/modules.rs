#![allow(dead_code)]
mod inner {
    #[cfg(feature = "x")]
    #[derive(rls_schema::Table)]
    pub struct Here { pub id: i64 }
    #[cfg_attr(all(), derive(rls_schema::Table), rls(table = "there"))]
    pub struct There { #[rls(primary_key)] pub r#type: i64 }
    macro_rules! m { () => { #[derive(Table)] struct X; } }
}
#[derive(rls_schema::PgType)]
#[rls(domain = "text", check = value != "")]
pub struct Name(String);
