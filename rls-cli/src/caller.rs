//! Whoever a statement runs as: a role, and the claims of a token.

use rls_core::model::Ident;
use rls_core::render;
use serde_json::{Map, Value, json};
use tokio_postgres::Transaction;

use crate::error::{Error, Result};

pub(crate) struct Caller {
    pub(crate) role: Ident,
    /// None without a token: an anonymous visitor.
    claims: Option<String>,
}

impl Caller {
    /// The claims as the provider would hand them over. Without a subject and claims there is no
    /// token at all.
    pub(crate) fn new(role: Ident, sub: Option<&str>, claims: Option<&str>) -> Result<Caller> {
        let mut object = match claims {
            Some(text) => serde_json::from_str::<Map<String, Value>>(text).map_err(|error| {
                Error::hint(
                    format!("`--claims` is not a JSON object: {error}"),
                    r#"write `--claims '{"sub": "user_1"}'`"#,
                )
            })?,
            None if sub.is_none() => return Ok(Caller { role, claims: None }),
            None => Map::from_iter([("role".to_owned(), json!(role.as_str()))]),
        };
        if let Some(sub) = sub
            && let Some(other) = object.insert("sub".to_owned(), json!(sub))
            && other != sub
        {
            return Err(Error::hint(
                format!("`--sub` is \"{sub}\" and the `sub` of `--claims` is {other}"),
                "leave one of them out",
            ));
        }
        let claims = Some(Value::Object(object).to_string());
        Ok(Caller { role, claims })
    }

    /// Makes the rest of a transaction run as this caller.
    pub(crate) async fn enter(&self, transaction: &Transaction<'_>) -> Result<()> {
        let claims = self.claims.as_deref().unwrap_or_default();
        let set = "SELECT set_config('request.jwt.claims', $1, true)";
        transaction.execute(set, &[&claims]).await?;
        transaction.batch_execute(&format!("SET LOCAL ROLE {}", render::ident(&self.role))).await?;
        // Postgres reads `none` as "whoever connected", even in quotes.
        if !self.is_current(transaction).await? {
            return Err(Error::user(format!("`{}` is not the name of a role", self.role)));
        }
        Ok(())
    }

    /// Whether the transaction still runs as this caller's role.
    pub(crate) async fn is_current(&self, transaction: &Transaction<'_>) -> Result<bool> {
        let row = transaction.query_one("SELECT current_user::text", &[]).await?;
        Ok(row.try_get::<_, String>(0)? == self.role.as_str())
    }
}
