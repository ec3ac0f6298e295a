//! The main job, end to end: the declared table is compiled, planned, applied to a development
//! Postgres, and then tried out by two users and an anonymous visitor.

mod visitors;

use std::path::PathBuf;
use std::process::ExitCode;

use rls_core::apply::{apply, compare, install_stand_in};
use rls_devdb::{DevPostgres, Preference};
use rls_schema::{Provider, Schema, Settings};
use todos::Todo;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("The database did not do what was declared.");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the database enforced what was declared.
async fn run() -> Result<bool, Error> {
    let settings = Settings::new(Provider::Neon);
    let schema = Schema::declare(settings.clone()).table::<Todo>().build()?;

    let server = DevPostgres::start(&directory()?, Preference::Any).await?;
    println!("1. A development Postgres: {}", server.engine());
    let mut client = server.connect().await?;
    // What Neon would supply: the roles, and `auth.user_id()`.
    install_stand_in(&mut client, &settings).await?;

    let mut steps = String::new();
    let applied = apply(&mut client, &schema, &[], &mut |_, _, step| {
        for statement in &step.statements {
            steps += &format!("   {};\n", statement.replace('\n', "\n   "));
        }
    })
    .await?;
    println!("2. The plan from what it held to what is declared, applied in one transaction:\n");
    println!(
        "{}",
        if applied.plan.is_empty() {
            "   (nothing to do: applied by an earlier run)\n"
        } else {
            &steps
        }
    );
    let again = compare(&mut client, &schema).await?;
    println!(
        "3. Compared again: {}\n",
        if again.plan.is_empty() { "no difference" } else { "DIFFERENT" }
    );

    println!("4. Three visitors try what they can do:\n");
    let enforced = visitors::try_everything(&mut client).await?;
    drop(client);
    server.stop().await?;
    Ok(again.plan.is_empty() && enforced)
}

/// Where `cargo rls --project examples/todos` keeps its database too: `target/rls/todos`.
fn directory() -> Result<PathBuf, Error> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("this program is in no target directory")?;
    Ok(target.join("rls").join("todos"))
}
