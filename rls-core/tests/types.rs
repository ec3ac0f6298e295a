//! Types on a real server: whatever a column may have is read back as it was written.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::compare;
use rls_core::model::*;
use support::owner::{converge, owned, text};
use support::*;

/// `things` with a column of each type, in order.
fn things(types: &[String], settings: &rls_core::Settings) -> Schema {
    let mut things = table("things");
    let columns = types.iter().enumerate();
    things.columns = columns
        .map(|(at, ty)| Column { nullable: true, ..column(&format!("c{at}"), ty) })
        .collect();
    schema([things], settings)
}

#[tokio::test]
async fn every_type_that_the_server_has_is_read_and_written_alike() {
    let mut client = owned("types_all").await;
    client.batch_execute("SET search_path = ''").await.unwrap();
    // All that a column may have, but the rows of the catalog's own tables.
    let query = "SELECT format_type(t.oid, -1) FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
        WHERE t.typtype <> 'p' AND coalesce(e.typtype, 'b') <> 'p' AND 'c' NOT IN (t.typtype, coalesce(e.typtype, 'b'))
        ORDER BY 1";
    let rows = client.query(query, &[]).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(names.len() > 150, "{names:?}");
    for name in &names {
        let ty = PgType::parse(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(&ty.to_string(), name);
        let builtin = !name.contains('.');
        assert_eq!(ty.base.builtin_name().is_some(), builtin, "{name}");
    }
    // As columns too, which only makes sense of a type that can be stored.
    let stored: Vec<_> = names
        .into_iter()
        .filter(|name| !name.contains("information_schema") && !name.starts_with("pg_brin"))
        .collect();
    let settings = plain(&["reader"]);
    converge(&mut client, &things(&stored, &settings)).await;
}

#[tokio::test]
async fn what_narrows_a_type_is_read_back() {
    let mut client = owned("types_modifiers").await;
    let version: i32 =
        text(&client, "current_setting('server_version_num')").await.parse().unwrap();
    let fields = "year month day hour minute second,second(2),year to month,day to hour,day to minute,\
        day to second,day to second(3),hour to minute,hour to second,minute to second(0)";
    let fields =
        fields.replace("year month day hour minute second,", "year,month,day,hour,minute,second,");
    let mut types: Vec<String> = fields
        .split(',')
        .flat_map(|it| [format!("interval {it}"), format!("interval {it}[]")])
        .collect();
    let others = "interval(0) numeric numeric(5) numeric(5,2)[] varchar varchar(3)[] char bpchar char(4) bit \"bit\" \
        bit(3)[] varbit varbit(9) time(0) timetz(6)[] timestamp(3) timestamptz(1)[] float(3) \"char\" name[]";
    types.extend(others.split(' ').map(str::to_owned));
    if version >= 150_000 {
        types.extend(["numeric(3,-2)".to_owned(), "numeric(2,5)[]".to_owned()]);
    }
    let settings = plain(&["reader"]);
    converge(&mut client, &things(&types, &settings)).await;
    // And each becomes the next one, in an empty table.
    types.rotate_left(2);
    let client = &mut *client;
    client.batch_execute("DROP TABLE public.things").await.unwrap();
    converge(client, &things(&types, &settings)).await;
    for length in ["varchar(3)", "varchar(30)", "varchar", "varchar(3)", "text"] {
        converge(client, &things(&[length.to_owned()], &settings)).await;
    }
}

/// A type of somebody's own whose brackets mean what they mean for `numeric`.
const AMOUNT: &str = "CREATE TYPE public.amount;
    CREATE FUNCTION public.amount_in(cstring, oid, integer) RETURNS public.amount LANGUAGE internal IMMUTABLE STRICT AS 'numeric_in';
    CREATE FUNCTION public.amount_out(public.amount) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'numeric_out';
    CREATE FUNCTION public.amount_typmod_in(cstring[]) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'numerictypmodin';
    CREATE FUNCTION public.amount_typmod_out(integer) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'numerictypmodout';
    CREATE TYPE public.amount (INPUT = public.amount_in, OUTPUT = public.amount_out, LIKE = numeric,
        TYPMOD_IN = public.amount_typmod_in, TYPMOD_OUT = public.amount_typmod_out);";

#[tokio::test]
async fn what_stands_behind_an_extensions_type_is_the_servers_to_compare() {
    let mut client = owned("types_extension").await;
    let owner = text(&client, "current_user").await;
    client.batch_execute(&format!("RESET ROLE; {AMOUNT} SET ROLE {owner}")).await.unwrap();
    let settings = plain(&["reader"]);
    // The type prints a scale that nobody wrote.
    for ty in ["public.amount(5)", "public.amount(6,2)", "public.amount"] {
        converge(&mut client, &things(&[ty.to_owned(), format!("{ty}[]")], &settings)).await;
    }
    // One that it does not understand is the server's error, and no difference in silence.
    let plan = compare(&mut client, &things(&["public.amount(Point)".to_owned()], &settings)).await;
    assert!(plan.unwrap().plan.to_sql().contains("amount(Point)"));
}
