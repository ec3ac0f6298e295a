//! What leans on something that gets another name: all of it stays, or comes back in the same plan.

use rls_core::plan::HazardKind;

use super::{Stage, only_renames, stage, walk};

/// Two tables with everything that can name a column or a table.
fn library(book: &str, was_book: &str, title: &str, was_title: &str) -> String {
    format!(
        "#[derive(Function)]
        #[rls(function = \"touch\", returns = \"trigger\", language = \"plpgsql\", body = \"BEGIN RETURN NEW; END\")]
        pub struct Touch;

        /// Books.
        #[derive(Table)]
        #[rls(table = \"{book}\" {was_book},
            policy(name = \"named\", role = reader, command = select, using = {title} != \"secret\" && shown),
            policy(name = \"raw\", role = reader, command = insert, with_check = sql(\"lower({title}) <> 'x' AND {book}.{title} <> 'y'\")),
            grant(role = reader, privileges = [update, references], columns = [{title}]),
            unique(columns = [{title}, shelf]),
            check(name = \"long\", expr = sql(\"length({title}) > 0\")),
            index(columns = [sql(\"lower({title})\")], predicate = {title}.is_some()),
            index(columns = [shown], include = [{title}]),
            trigger(name = \"touched\", before = [update], of = [{title}], function = touch, when = sql(\"OLD.{title} <> NEW.{title}\")),
        )]
        pub struct Book {{
            #[rls(primary_key, identity)]
            pub id: i64,
            #[rls(serial)]
            pub number: i64,
            /// What is printed on it.
            #[rls({was_title} collation = \"C\", default = \"untitled\")]
            pub {title}: Option<String>,
            pub shelf: i32,
            pub shown: bool,
            #[rls(generated = sql(\"upper({title})\"))]
            pub loud: Option<String>,
        }}

        #[derive(Table)]
        #[rls(table = \"loans\", 
            foreign_key(columns = [book_title, shelf], references = {book}({title}, shelf), on_update = cascade),
            policy(name = \"looks\", role = reader, command = select, using = exists(Book, |b| b.{title} == book_title && b.shown)),
            policy(name = \"past\", role = reader, command = delete, using = definer(exists(Book, |b| b.{title} == book_title))),
        )]
        pub struct Loan {{
            #[rls(primary_key)]
            pub id: i64,
            #[rls(references = {book}(id))]
            pub book: i64,
            pub book_title: String,
            pub shelf: i32,
        }}

        #[derive(View)]
        #[rls(view = \"titles\", query = \"SELECT id, {title} AS shown_title FROM public.{book}\", grant(role = reader, privileges = [select]))]
        pub struct Titles;

        #[derive(View)]
        #[rls(view = \"every\", query = \"SELECT * FROM public.{book}\")]
        pub struct Every;
        "
    )
}

const FILL: &str = "INSERT INTO public.books (title, shelf, shown) VALUES ('a', 1, true), ('b', 1, true), ('secret', 2, true), ('c', 3, false);
    INSERT INTO public.loans VALUES (1, 1, 'a', 1), (2, 4, 'c', 3)";

const BEFORE: &[(&str, &str)] = &[
    ("reader: SELECT string_agg(shown_title, ',' ORDER BY id) FROM public.titles", "a,b"),
    ("reader: SELECT count(*) FROM public.loans", "1"),
    ("SELECT string_agg(loud, ',' ORDER BY id) FROM public.books", "A,B,SECRET,C"),
];

async fn around(name: &str, after: String, answers: &[(&str, &str)]) {
    let allowed: &[HazardKind] = &[HazardKind::WidensAccess, HazardKind::DropsUndeclared];
    let stages = [
        stage(library("books", "", "title", ""), BEFORE),
        Stage { source: after, answers, allowed },
        Stage { source: back(name), answers: BEFORE, allowed },
    ];
    let (live, files) = walk(name, FILL, &stages).await;
    for plan in live[1..].iter().chain(&files[1..]) {
        let sql = plan.to_sql();
        for never in [
            "DROP TABLE",
            "DROP INDEX",
            "DROP TRIGGER",
            "FOREIGN KEY",
            "UNIQUE",
            "GRANT UPDATE (",
            "GRANT SELECT ON TABLE public.books",
            "COMMENT",
        ] {
            assert!(!sql.contains(never), "{never}:\n{sql}");
        }
    }
}

/// The way back from what the test of that name leads to.
fn back(name: &str) -> String {
    match name {
        "around_column" => library("books", "", "title", "was = \"heading\","),
        _ => library("books", ", was = \"volumes\"", "title", ""),
    }
}

#[tokio::test]
async fn of_a_column() {
    let answers = [
        ("reader: SELECT string_agg(shown_title, ',' ORDER BY id) FROM public.titles", "a,b"),
        ("reader: SELECT count(*) FROM public.loans", "1"),
        ("SELECT string_agg(loud, ',' ORDER BY id) FROM public.books", "A,B,SECRET,C"),
        ("SELECT string_agg(heading, ',' ORDER BY id) FROM public.every", "a,b,secret,c"),
    ];
    let after = library("books", "", "heading", "was = \"title\",");
    around("around_column", after, &answers).await;
}

#[tokio::test]
async fn of_a_table() {
    let answers = [
        ("reader: SELECT string_agg(shown_title, ',' ORDER BY id) FROM public.titles", "a,b"),
        ("reader: SELECT count(*) FROM public.loans", "1"),
        ("SELECT string_agg(loud, ',' ORDER BY id) FROM public.volumes", "A,B,SECRET,C"),
        ("SELECT string_agg(title, ',' ORDER BY id) FROM public.every", "a,b,secret,c"),
    ];
    let after = library("volumes", ", was = \"books\"", "title", "");
    around("around_table", after, &answers).await;
}

fn measures(
    table: &str,
    was_table: &str,
    at: &str,
    was_at: &str,
    kind: &str,
    was_kind: &str,
) -> String {
    format!(
        "#[derive(PgEnum)] #[rls(name = \"kind\")] pub enum Kind {{ #[rls({was_kind} value = \"{kind}\")] Hot, Cold }}
        #[derive(Table)]
        #[rls(table = \"{table}\" {was_table}, partition_by(list, columns = [{at}]),
            partition(name = \"hot_ones\", values = [\"{kind}\"]), partition(name = \"cold_ones\", values = [\"cold\"]))]
        pub struct Measure {{ #[rls({was_at})] pub {at}: Kind, pub n: i32 }}
        #[derive(Table)]
        #[rls(table = \"logs\", partition_by(list, columns = [sql(\"abs(n)\")]), partition(name = \"logs_1\", values = [1]))]
        pub struct Log {{ pub n: i32 }}"
    )
}

#[tokio::test]
async fn of_what_partitions_are_told_by() {
    let fill = "INSERT INTO public.measures VALUES ('hot', 1), ('cold', 2), ('hot', 3)";
    let stages = [
        stage(measures("measures", "", "kind", "", "hot", ""), &[]),
        stage(
            measures(
                "readings",
                ", was = \"measures\"",
                "sort",
                "was = \"kind\"",
                "warm",
                "was = \"hot\",",
            ),
            &[
                ("SELECT count(*) FROM public.readings WHERE sort = 'warm'", "2"),
                ("SELECT count(*) FROM public.hot_ones", "2"),
            ],
        ),
    ];
    let (live, files) = walk("around_partitions", fill, &stages).await;
    only_renames(&live[1]);
    only_renames(&files[1]);
}
