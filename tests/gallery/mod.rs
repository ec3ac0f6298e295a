//! Tables that use all of the grammar, for tests that read them twice: as the compiler sees them
//! and as text. The types stand for those of other crates, for only their names count.

#![allow(dead_code, missing_docs, reason = "read by tests, never used")]

use rls_schema::Table;

pub struct Uuid;
pub struct DateTime<T>(T);
pub struct Utc;
pub struct NaiveDateTime;
pub struct NaiveDate;
pub struct NaiveTime;
pub struct OffsetDateTime;
pub struct PrimitiveDateTime;
pub struct Date;
pub struct Time;
pub struct Timestamp;
pub struct Span;
pub struct Decimal;
pub struct Value;
pub struct Json<T>(T);
pub mod civil {
    pub struct DateTime;
}

#[derive(Table)]
#[rls(table = "every type", schema = "Gallery")]
pub struct EveryType {
    #[rls(primary_key, identity = always)]
    pub id: i64,
    pub tiny: i8,
    pub small: i16,
    pub integer: Option<i32>,
    pub real: f32,
    pub double: f64,
    pub boolean: bool,
    pub text: String,
    pub borrowed: std::borrow::Cow<'static, str>,
    pub boxed: Box<str>,
    pub bytes: Vec<u8>,
    pub hash: [u8; 32],
    pub texts: Vec<String>,
    pub maybe_numbers: Option<Vec<Option<i32>>>,
    pub uuid: Uuid,
    pub at: DateTime<Utc>,
    pub naive: NaiveDateTime,
    pub civil: civil::DateTime,
    pub day: NaiveDate,
    pub clock: NaiveTime,
    pub offset: OffsetDateTime,
    pub primitive: PrimitiveDateTime,
    pub date: Date,
    pub time: Time,
    pub timestamp: Timestamp,
    pub span: Span,
    pub duration: std::time::Duration,
    pub decimal: Decimal,
    pub value: Value,
    pub json: Json<Vec<i32>>,
    pub address: std::net::IpAddr,
    #[rls(sql_type = "varchar(20)", default = "it's")]
    pub name: String,
    #[rls(sql_type = "numeric(10, 2)[]")]
    pub prices: Vec<String>,
    #[rls(sql_type = "\"Gallery\".\"Mood\"")]
    pub mood: String,
    #[rls(skip)]
    pub cache: std::collections::HashMap<String, String>,
    pub r#type: String,
}

#[derive(Table)]
#[rls(
    crud_policy(
        role = authenticated,
        read = auth_uid(owner) || is_public && deleted_at.is_null(),
        modify = auth_uid(owner) && !is_locked,
        delete = claim("o.rol") == "admin" && level >= -1,
    ),
    crud_policy(role = [anonymous, "Front Desk"], read = is_public),
)]
#[rls(crud_policy(
    role = public,
    insert = false,
    update = sql("title <> 'x' OR EXISTS (SELECT 1 FROM label l WHERE l.name = post.title)"),
))]
pub struct Post {
    #[rls(primary_key, default = sql("gen_random_uuid()"))]
    pub id: Uuid,
    #[rls(default = auth_uid())]
    pub owner: Uuid,
    #[rls(unique)]
    pub title: String,
    #[rls(default = false)]
    pub is_public: bool,
    #[rls(default = false)]
    pub is_locked: bool,
    #[rls(default = 1)]
    pub level: i32,
    pub deleted_at: Option<DateTime<Utc>>,
    #[rls(references(post(id), on_delete = cascade, on_update = set_null))]
    pub parent: Option<Uuid>,
}

#[derive(Table)]
pub struct Label {
    #[rls(primary_key, references = post(id))]
    pub post_id: Uuid,
    #[rls(primary_key, index)]
    pub name: String,
    #[rls(references = auth.users(id), column = "Author Id")]
    pub author: Option<Uuid>,
}
