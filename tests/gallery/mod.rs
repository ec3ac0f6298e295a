//! Tables that use all of the grammar, for tests that read them twice: as the compiler sees them
//! and as text. The types stand for those of other crates, for only their names count.

#![allow(dead_code, missing_docs, reason = "read by tests, never used")]

use rls_schema::{Function, PgEnum, PgType, Sequence, Table, View, predicate};

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
#[rls(table = "every type", schema = "Gallery", was = "each type")]
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
    #[rls(sql_type = "varchar(20)", default = "it's", was = "called")]
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

/// Everything that the language of predicates has.
#[derive(Table)]
#[rls(
    table = "documents",
    tenant = org_id == claim("o.id"),
    crud_policy(
        role = authenticated,
        read = auth_uid(owner_id)
            || is_member(team_id)
            || shared_with.contains(auth_uid())
            || status.is_in(["public", "listed"]) && published_at <= now(),
        insert = auth_uid(owner_id) && level.is_in(1..=5),
        update = auth_uid(old.owner_id) && auth_uid(new.owner_id) && new.status != "locked",
        delete = auth_uid(owner_id) && created_at > now() - days(30),
        read_columns = [id, org_id, owner_id, title, status],
        write_columns = [title, status],
        insert_columns = [team_id, title, status],
    ),
    policy(
        name = "past the members' own policies",
        command = delete,
        role = authenticated,
        using = definer(exists(Member, |m| m.team_id == team_id
            && auth_uid(m.user_id)
            && m.role == "owner")),
    ),
    policy(
        name = "admins of the team",
        command = all,
        role = [authenticated, "Front Desk"],
        using = exists(Member, |m| m.team_id == team_id
            && auth_uid(m.user_id)
            && m.role.is_in(["admin", "owner"])),
    ),
    policy(
        name = "no drafts at night",
        was = "no \"drafts\" at night",
        command = select,
        role = public,
        restrictive,
        using = title.starts_with("50%_") || title.ends_with("!") || title.ilike("%day%")
            || data["tags"][0] == "x" || data["tags"].contains("y") || data["n"] as i64 > 5
            || claim("scopes").contains("admin") || claim::<i64>("level") >= level as i64
            || role() == "auditor" || reviewed_by.is_some() && !reviewed_by.is_none(),
    ),
    policy(
        name = "two levels",
        command = select,
        roles = anonymous,
        using = exists(Team, |t| t.id == team_id
            && t.is_open
            && !exists(Member, |m| m.team_id == t.id && m.role == title)),
    ),
    force,
    allow(self_guarding_column, reason = "`status` may be changed by whoever may change the row"),
)]
pub struct Document {
    #[rls(primary_key, identity = always)]
    pub id: i64,
    pub org_id: String,
    pub team_id: Uuid,
    #[rls(default = auth_uid())]
    pub owner_id: String,
    pub shared_with: Vec<String>,
    pub title: String,
    #[rls(default = "draft")]
    pub status: String,
    #[rls(default = 1)]
    pub level: i16,
    pub data: Value,
    pub reviewed_by: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    #[rls(default = now())]
    pub created_at: DateTime<Utc>,
}

#[derive(Table)]
#[rls(table = "team", crud_policy(role = [authenticated, anonymous], read = is_open))]
pub struct Team {
    #[rls(primary_key)]
    pub id: Uuid,
    pub is_open: bool,
}

#[derive(Table)]
#[rls(
    policy_indexes = false,
    crud_policy(role = authenticated, read = auth_uid(user_id)),
    crud_policy(role = anonymous, read = role == "visible"),
)]
pub struct Member {
    #[rls(primary_key, references = team(id))]
    pub team_id: Uuid,
    #[rls(primary_key, column = "User")]
    pub user_id: String,
    pub role: String,
}

/// Whether the user is a member of a team.
#[predicate]
pub fn is_member(team: Uuid) -> bool {
    exists(Member, |m| m.team_id == team && auth_uid(m.user_id))
}

/// What was ordered,
/// and for how much.
///
/// Only the first paragraph becomes a comment.
#[derive(Table)]
#[rls(
    table = "orders",
    crud_policy(
        role = authenticated,
        read = total > 0,
        insert = quantity > 0,
        insert_columns = [quantity, price],
    ),
    policy(
        name = "cheap ones",
        command = select,
        role = anonymous,
        using = price < 10,
        comment = "visitors see what's cheap",
    ),
)]
pub struct Order {
    #[rls(
        primary_key,
        identity(
            always,
            sequence = "Order Numbers",
            start = 100,
            increment = 10,
            max = 1_000_000,
            cycle
        )
    )]
    pub id: i32,
    /// As it stands on the invoice.
    #[rls(default = next(order_number))]
    pub number: i64,
    #[rls(default = next("Gallery".ticket_number))]
    pub ticket: i32,
    #[rls(serial)]
    pub place: i16,
    #[rls(serial(name = "shelves", start = -5, min = -10, cache = 3))]
    pub shelf: i64,
    pub quantity: i32,
    #[rls(comment = "in cents")]
    pub price: i32,
    #[rls(generated = sql("quantity * price"))]
    pub total: i32,
    #[rls(generated(quantity > 100, stored))]
    pub is_large: bool,
}

/// Numbers for invoices.
#[derive(Sequence)]
#[rls(start = 1000, grant(role = authenticated, privileges = [usage, select]))]
pub struct OrderNumber;

#[derive(Sequence)]
#[rls(sequence = "ticket_number", schema = "Gallery", sql_type = "integer", increment = -1)]
pub struct Ticket;

/// Notes when a row was touched.
#[derive(Function)]
#[rls(returns = "trigger", language = "plpgsql", body = "BEGIN RETURN NEW; END")]
pub struct Touch;

#[derive(Function)]
#[rls(
    function = "open posts",
    schema = "Gallery",
    arguments = [
        "owner uuid",
        "max integer DEFAULT 10",
        "double precision = 1.5",
        "VARIADIC \"Rest of it\" text[] DEFAULT '{}'",
    ],
    returns = "table(id uuid, price numeric(10, 2))",
    volatility = stable,
    parallel = "unsafe",
    security_definer,
    strict,
    cost = 10,
    rows = 20,
    set(search_path = "", work_mem = "64MB"),
    grant(role = authenticated, privileges = [execute]),
    grant(role = "Front Desk", privileges = all, grantable),
    body = "SELECT id, 1.5 FROM public.post WHERE owner = $1 LIMIT max",
)]
pub struct OpenPosts;

#[derive(Function)]
#[rls(
    function = "twice",
    arguments = ["value integer", "OUT result integer"],
    volatility = immutable,
    body = sql("RETURN value * 2"),
    allow(function_search_path_mutable, reason = "it runs as its caller"),
)]
pub struct Twice;

#[derive(Function)]
#[rls(procedure = "clean_up", arguments = ["INOUT removed bigint"], body = "SELECT 0::bigint")]
pub struct CleanUp;

#[derive(Function)]
#[rls(function = "all_posts", returns = "setof public.post", body = sql("BEGIN ATOMIC SELECT * FROM public.post; END"))]
pub struct AllPosts;

/// Rooms that have a number.
#[derive(View)]
#[rls(
    view = "numbered rooms",
    schema = "Gallery",
    query = "SELECT site, number, label FROM public.rooms WHERE number > 1",
    columns = [site, "No."],
    security_barrier,
    check_option = local,
    column(name = "No.", comment = "Which of them it is."),
    grant(role = authenticated, privileges = [select, insert]),
    grant(role = anonymous, privileges = select, columns = [site, "No."]),
    trigger(name = "a touch", instead_of = [insert, delete], function = public.touch, comment = "It is late."),
    trigger(name = "told", after = update, each = statement, function = public.touch, arguments = ["x"]),
)]
pub struct NumberedRooms;

#[derive(View)]
#[rls(
    query = "WITH s AS (SELECT site, count(*) AS rooms, min(label) AS label FROM public.rooms GROUP BY site) TABLE s;",
    materialized,
    index(columns = [site], unique, comment = "one line for each"),
    index(
        columns = [nulls_last(desc(rooms)), class(sql("lower(label)"), "text_pattern_ops")],
        include = [label],
        predicate = sql("rooms > 10"),
        with(fillfactor = 70),
        name = "Biggest",
    ),
    comment = "How many rooms there are.",
)]
pub struct RoomCounts;

#[derive(View)]
#[rls(
    security_invoker = false,
    check_option = cascaded,
    query = "SELECT * FROM \"Gallery\".\"numbered rooms\"",
    allow(security_definer_view, reason = "everybody may know where rooms are"),
)]
pub struct OpenRooms;

/// Keys, constraints and indexes of every kind.
#[derive(Table)]
#[rls(
    table = "rooms",
    grant(role = [authenticated, "Front Desk"], privileges = [select, references], grantable),
    grant(role = public, privileges = select, columns = [site, number]),
    grant(role = anonymous, privileges = all),
    primary_key(columns = [site, number], include = [label]),
    unique(columns = [label, site], nulls_not_distinct, name = "one label"),
    check = number > 0,
    crud_policy(role = authenticated, read = true),
)]
pub struct Room {
    pub site: i32,
    pub number: i32,
    #[rls(unique(deferrable, comment = "at commit"), check = label != "")]
    pub label: String,
}

#[derive(Table)]
#[rls(
    table = "bookings",
    foreign_key(
        columns = [site, room],
        references = rooms(site, number),
        on_delete = set_null,
        set_columns = [room],
        match_full,
        initially_deferred,
    ),
    check(
        name = "in order",
        expr = starts_at < ends_at && number.is_some(),
        no_inherit,
        comment = "first it begins",
    ),
    check(expr = sql("upper(during) - lower(during) > 0"), not_valid),
    exclude(
        elements = [(during, "&&"), (sql("int4range(lower(during), upper(during))"), "-|-")],
        predicate = cancelled_at.is_null(),
        deferrable,
        comment = "two at a time never are",
    ),
    index(columns = [desc(starts_at), site], name = "newest"),
    index(columns = [sql("lower(title)")], unique, predicate = cancelled_at.is_null()),
    index(columns = [nulls_last(desc(ends_at)), nulls_first(number)], include = [title]),
    index(columns = [collate(title, "C"), class(note, "text_pattern_ops")], with(fillfactor = 70)),
    index(columns = [tags], method = gin),
    crud_policy(role = authenticated, read = true),
)]
pub struct Booking {
    #[rls(primary_key)]
    pub id: i64,
    pub site: Option<i32>,
    #[rls(column = "Room")]
    pub room: Option<i32>,
    #[rls(references(other(id), name = "to other", on_update = cascade, deferrable, comment = "why"))]
    pub other: Option<i64>,
    #[rls(sql_type = "int4range")]
    pub during: String,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub number: Option<i32>,
    #[rls(index(class = "text_pattern_ops"), collation = "C")]
    pub title: String,
    #[rls(index(method = hash, name = "by note", comment = "for a lookup"))]
    pub note: String,
    pub tags: Vec<String>,
}

#[derive(Table)]
#[rls(
    table = "other",
    crud_policy(role = authenticated, read = true),
    trigger(name = "touch", before = update, function = touch),
    trigger(
        name = "tell others",
        after = update,
        of = [id, title],
        when = sql("OLD.id <> NEW.id OR OLD.\"Title\" IS DISTINCT FROM NEW.\"Title\""),
        function = "Gallery".tell,
        arguments = ["other", "it's"],
        constraint,
        initially_deferred,
        comment = "told when all is done",
    ),
    trigger(
        name = "count",
        after = insert,
        each = statement,
        function = "Gallery.count rows",
        new_table = "added",
        state = always,
    ),
    trigger(name = "gone", before = [insert, delete], function = other.touch),
    trigger(name = "never", before = truncate, each = statement, function = touch, state = disabled),
)]
pub struct Other {
    #[rls(primary_key)]
    pub id: i64,
    #[rls(column = "Title")]
    pub title: String,
}

/// What happened, by year, and the years by region.
#[derive(Table)]
#[rls(
    table = "happenings",
    primary_key(columns = [id, at, region]),
    partition_by(range, columns = [at], keep_undeclared),
    partition(
        name = "happenings_old",
        from = minvalue,
        to = "2024-01-01 00:00:00+00",
        comment = "What happened before."
    ),
    partition(
        name = "happenings_2024",
        from = "2024-01-01 00:00:00+00",
        to = ["2025-01-01 00:00:00+00"],
        partition_by(list, columns = [region]),
        partition(name = "happenings_2024_europe", values = ["eu", "uk"]),
        partition(name = "happenings_2024_rest", default),
    ),
    partition(name = "Rest", schema = "Gallery", default),
    crud_policy(role = authenticated, read = auth_uid(owner_id)),
    index(columns = [owner_id]),
)]
pub struct Happening {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub region: String,
    pub owner_id: String,
}

#[derive(Table)]
#[rls(
    table = "measures",
    partition_by(range, columns = [sql("lower(place)"), class(collate(kind, "C"), "text_pattern_ops"), value]),
    partition(name = "measures_low", from = ["a", "b", -1.5], to = ["a", "c", maxvalue]),
    crud_policy(role = authenticated, read = true),
)]
pub struct Measure {
    pub place: String,
    pub kind: String,
    #[rls(sql_type = "numeric(10, 2)")]
    pub value: String,
}

#[derive(Table)]
#[rls(
    table = "visits",
    partition_by(hash, columns = [visitor]),
    partition(name = "visits_even", modulus = 2, remainder = 0),
    partition(name = "visits_odd", modulus = 2, remainder = 1, row_security = false),
    row_security = false,
)]
pub struct Visit {
    pub visitor: Uuid,
}

#[derive(Table)]
#[rls(
    table = "choices",
    partition_by(list, columns = [is_made]),
    partition(name = "choices_made", values = [true]),
    partition(
        name = "choices_open",
        values = [false, null],
        force = false,
        grant(role = anonymous, privileges = [select, delete]),
        grant(role = authenticated, privileges = update, columns = [is_made], grantable),
    ),
    force,
    crud_policy(role = authenticated, read = is_made),
)]
pub struct Choice {
    pub is_made: Option<bool>,
}

/// How somebody is.
#[derive(PgEnum)]
#[rls(rename_all = "kebab-case")]
pub enum Mood {
    #[rls(was = "it's fine")]
    VeryHappy,
    #[rls(value = "so-so, it's said")]
    SoSo,
    Sad,
}

#[derive(PgEnum)]
#[rls(name = "LEVEL", schema = "Gallery", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    TooLow,
    High,
}

/// Where mail goes.
#[derive(PgType)]
#[rls(
    domain = "email",
    check = value.contains("@") && value != "@",
    check(name = "not too long", expr = sql("length(VALUE) <= 100"), not_valid),
    collation = "C",
    default = "nobody@example.org",
)]
pub struct Email(pub String);

#[derive(PgType)]
#[rls(domain, not_null, check = value > 0)]
pub struct Amount(Decimal);

#[derive(PgType)]
#[rls(domain = "good mood", check = value != "sad")]
pub struct GoodMood(Mood);

/// Where somebody lives.
#[derive(PgType)]
#[rls(composite = "address", schema = "Gallery")]
pub struct Address {
    /// With the number.
    pub street: String,
    #[rls(name = "ZIP", sql_type = "varchar(10)", collation = "C")]
    pub zip: Option<String>,
    pub level: Level,
    pub amounts: Vec<Amount>,
}

#[derive(PgType)]
#[rls(transparent)]
pub struct PersonId(i64);

#[derive(PgType)]
#[rls(transparent)]
pub struct UserId(String);

#[derive(PgType)]
#[rls(transparent)]
pub struct Tagged<T>(UserId, std::marker::PhantomData<T>);

#[derive(Table)]
#[rls(
    table = "persons",
    crud_policy(
        role = authenticated,
        read = auth_uid(user) && mood != "sad" || mood.is_in(["very-happy", "sad"]),
        insert = auth_uid(user) && moods.contains("sad") && email == claim("email"),
    ),
)]
pub struct Person {
    #[rls(primary_key, identity(always, max = 1000))]
    pub id: PersonId,
    #[rls(default = auth_uid())]
    pub user: UserId,
    pub tagged: Tagged<Person>,
    #[rls(default = "very-happy", index)]
    pub mood: Mood,
    pub moods: Vec<Mood>,
    pub good: Option<GoodMood>,
    pub email: Option<Email>,
    pub amount: Box<Amount>,
    pub address: Option<Address>,
    pub addresses: Vec<Option<self::Address>>,
    #[rls(serial)]
    pub place: PersonId,
    #[rls(sql_type = "interval day to second(3)")]
    pub span: Span,
}
