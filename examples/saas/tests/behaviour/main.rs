//! The declaration against a real Postgres: who can do what, and how Postgres goes about it.

mod attempts;
mod people;
mod world;

use tokio_postgres::error::SqlState;

use people::{AUTHOR, PEOPLE, become_role};
use world::{Error, world};

/// Every attempt by everybody. An error that is neither of the two refusals, such as 42P17 for
/// policies that ask each other, is a failure too.
#[tokio::test]
async fn everybody_can_do_what_is_declared_and_nothing_else() -> Result<(), Error> {
    let mut world = world().await?;
    let mut wrong = Vec::new();
    for attempt in attempts::ALL {
        let declared: Vec<_> = attempt.declared.split_whitespace().collect();
        assert_eq!(declared.len(), PEOPLE.len(), "{}", attempt.what);
        for (person, declared) in PEOPLE.iter().zip(declared) {
            let outcome = attempts::make(&mut world, person, attempt.sql).await?;
            if outcome != declared {
                let what = attempt.what;
                wrong.push(format!("{} / {what}: {outcome}, not {declared}", person.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// `force`: the log cannot be tampered with by the role that owns it either.
#[tokio::test]
async fn the_owner_of_the_audit_log_cannot_change_it() -> Result<(), Error> {
    let mut world = world().await?;
    let transaction = world.transaction().await?;
    transaction
        .batch_execute(
            "CREATE ROLE saas_owner; GRANT USAGE ON SCHEMA auth, public TO saas_owner;
             ALTER TABLE audit_log OWNER TO saas_owner; SET LOCAL ROLE saas_owner",
        )
        .await?;
    for statement in ["UPDATE audit_log SET action = 'nothing'", "DELETE FROM audit_log"] {
        assert_eq!(transaction.execute(statement, &[]).await?, 0, "{statement}");
    }
    Ok(())
}

/// No policy for anonymous looks anything up, so it may execute none of the functions that run as
/// their owner. Others only reach them through a policy: the schema is closed.
#[tokio::test]
async fn definer_functions_are_for_policies_that_call_them() -> Result<(), Error> {
    let mut world = world().await?;
    let functions = "SELECT proname::text, has_function_privilege('anonymous', oid, 'EXECUTE'),
                has_function_privilege('authenticated', oid, 'EXECUTE')
         FROM pg_proc WHERE pronamespace = 'rls_private'::regnamespace";
    let functions = world.query(functions, &[]).await?;
    assert!(!functions.is_empty());
    for function in &functions {
        let name: String = function.get(0);
        assert!(!function.get::<_, bool>(1), "anonymous can execute {name}");
        assert!(function.get::<_, bool>(2), "authenticated cannot execute {name}");
        let transaction = world.transaction().await?;
        become_role(&transaction, &AUTHOR).await?;
        let called = transaction.execute(&format!("SELECT rls_private.{name}()"), &[]).await;
        let refused = called.map_err(|error| error.code().cloned());
        assert_eq!(refused, Err(Some(SqlState::INSUFFICIENT_PRIVILEGE)), "{name}");
    }
    Ok(())
}

/// Among the members of two thousand organisations, an index finds those of one; and among twenty
/// thousand documents, indexes find those that somebody may read.
#[tokio::test]
async fn lists_are_read_by_an_index() -> Result<(), Error> {
    let mut world = world().await?;
    world.batch_execute(world::MANY_ROWS).await?;
    for table in ["members", "documents"] {
        let transaction = world.transaction().await?;
        become_role(&transaction, &AUTHOR).await?;
        let plan = transaction.query(&format!("EXPLAIN SELECT * FROM {table}"), &[]).await?;
        let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("Index"), "{plan}");
        assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
    }
    Ok(())
}
