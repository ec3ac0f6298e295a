//! Faults of other tools, each of which must be impossible here. One test each, in a real database that an
//! ordinary role owns, but for those that stand elsewhere already:
//!
//! | what must not happen | where that is tested |
//! |---|---|
//! | two crud policies for one role crash | `tests/ui/policies.rs` |
//! | a parameter reaches DDL as `$1`; an expression breaks out of its brackets | `rls-cli/tests/rebuild.rs`: `raw_sql_stays_in_its_brackets` |
//! | a column goes, or changes its type, before the policy that uses it | `apply.rs`: `columns_come_go_and_change_under_a_policy` |
//! | permissive to restrictive, SELECT to ALL or a clause that goes is missed | `apply.rs`: `policies_change_their_kind_command_and_clauses` |
//! | a predicate is a perpetual difference, from its source or from a dump | `catalog.rs`: `no_predicate_is_a_perpetual_difference` |
//! | white space in a literal, brackets or a qualifier make no difference | `catalog.rs`: `what_differs_only_a_little_is_seen` |
//! | row security that was switched off is not seen | `apply.rs`: `drift_row_security_disabled` |
//! | a policy that was edited by hand is not seen | `apply.rs`: `drift_a_policy_altered` |
//! | after `apply` the role has no privilege on its own table | `apply.rs`: `the_rows_are_what_the_policies_say` |
//! | policies and tables of others are dropped | `boundary.rs`: `neighbours_of_every_kind_are_left_alone` |
//! | a REVOKE on a table takes privileges on columns along | `privileges/columns.rs`: `what_a_revoke_on_the_table_takes_along_is_granted_again` |
//! | privileges on functions, sequences, schemas and to come are not seen | `privileges/`, `grants.rs`, `defaults.rs` |
//! | `bigserial` is a perpetual difference | `sequences.rs`: `bigserial_that_somebody_else_made_is_no_difference` |
//! | a comment on a policy is lost when it is replaced | `comments.rs`: `comments_are_set_and_changed_and_come_back_with_their_policy` |
//! | a value of an enum moves to the end | `enums.rs`: `a_value_comes_where_it_is_declared` |
//! | policies and grants of partitioned tables are ignored | `partitions.rs`: `policies_and_grants_of_a_partitioned_table_are_compared` |
//! | names that need quotes are errors | `apply.rs`: `names_that_need_quotes` |
//! | an applied migration may be edited | `migrations.rs`: `whatever_does_not_fit_is_said_at_once_and_nothing_runs` |
//! | policies do not reach the migration | `rls-cli/tests/offline/generate.rs`: `generate_writes_a_migration_and_a_snapshot_once` |
//! | the exit code is another one with `--json` | `rls-cli/tests/support`: `same_twice`, for every command that is run by `both` |
//! | `pull` loses predicates or FORCE, or writes what does not parse | `rls-cli/tests/pull.rs`: `predicates_and_force_of_hand_made_tables_are_kept` |

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod drizzle;
mod planners;
mod server;

use rls_core::apply::{apply, compare};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Plan};
use support::owner::{converge, text};
use support::*;
use tokio_postgres::Client;

/// Documents of teams, with one policy for the role `reader`.
fn docs(policy: Option<Policy>) -> Table {
    let mut docs = table("docs");
    docs.columns = vec![
        column("id", "bigint"),
        column("ownerId", "text"),
        column("ownerid", "text"),
        column("title", "text"),
    ];
    docs.policies = policy.into_iter().map(|policy| (id("p"), policy)).collect();
    docs
}

fn reads(using: &str) -> Policy {
    policy(Command::Select, &[role("reader")], Some(using), None)
}

fn compiled(policy: Option<Policy>) -> Schema {
    schema([docs(policy)], &plain(&["reader"]))
}

/// What is to be done, nothing of which is done.
async fn planned(client: &mut Client, desired: &Schema) -> Plan {
    compare(client, desired).await.unwrap().plan
}

/// Every statement of a plan, in order.
fn statements(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().flat_map(|step| &step.statements).map(String::as_str).collect()
}

/// Where the first statement that begins so stands.
#[track_caller]
fn place(plan: &Plan, start: &str) -> usize {
    let at = statements(plan).iter().position(|statement| statement.starts_with(start));
    at.unwrap_or_else(|| panic!("no `{start}` in\n{}", plan.to_sql()))
}

/// Roles beside the owner, who cannot make any.
async fn add_roles(client: &Client, names: &[&str]) {
    let owner = text(client, "SELECT quote_ident(current_user)").await;
    client.batch_execute("RESET ROLE").await.unwrap();
    for name in names {
        create_role(client, name).await;
    }
    client.batch_execute(&format!("SET ROLE {owner}")).await.unwrap();
}
