//! Postgres types: the built-in ones by variant, others by their qualified name.

use std::fmt;

use super::QualifiedName;

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PgType {
    /// The type itself, or of the array's elements.
    pub base: BaseType,
    /// What stands behind the name: the length of a `varchar`, precision and scale of a `numeric`.
    pub modifiers: Vec<Modifier>,
    /// Whether it is an array; Postgres does not tell arrays of different dimensions apart.
    pub array: bool,
}

/// One thing that narrows a type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Modifier {
    /// A number: a length, a precision, a scale.
    Number(i32),
    /// A word that only a type of an extension understands: `public.geometry(Point,4326)`.
    Word(String),
    /// What an `interval` counts; always the first.
    Fields(IntervalFields),
}

/// What sorts of types compare with one another without a cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeFamily {
    /// `boolean`
    Boolean,
    /// Integers, floats and `numeric`.
    Number,
    /// `text`, `varchar`, `char`.
    Text,
    /// `uuid`
    Uuid,
    /// Dates and timestamps.
    DateTime,
    /// Everything else, and arrays: compared only with itself.
    Other,
}

/// Why a text is not a type that the model knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeError {
    /// Nothing there.
    Empty,
    /// Not a built-in type, and no schema says where it lives.
    Unknown(String),
    /// Brackets that are not a list of whole numbers, or not what the type takes.
    Modifiers(String),
    /// More digits after the second than Postgres keeps.
    Precision(i32),
    /// A name that cannot be one.
    Name(String),
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeError::Empty => f.write_str("a type is missing"),
            TypeError::Unknown(name) => write!(
                f,
                "`{name}` is not a built-in type; write an enum, domain or extension type with \
                 its schema, as in `public.{name}`"
            ),
            TypeError::Modifiers(text) => {
                write!(
                    f,
                    "`({text})` does not fit the type: whole numbers as in `varchar(20)` or `numeric(10, 2)`"
                )
            }
            TypeError::Precision(digits) => {
                write!(f, "Postgres keeps 0 to 6 digits after the second, not {digits}")
            }
            TypeError::Name(text) => write!(f, "`{text}` is not the name of a type"),
        }
    }
}

impl std::error::Error for TypeError {}

/// Declares the built-in types once: variant, name as `format_type` prints it, other spellings,
/// how many modifiers it takes, family.
macro_rules! base_types {
    ($($variant:ident $name:literal [$($alias:literal),*] $modifiers:literal $family:ident;)*) => {
        /// A type without modifiers and array brackets.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum BaseType {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// An enum, domain, composite or extension type.
            Named(QualifiedName),
        }

        impl BaseType {
            /// The built-in type of that name, in any of its spellings.
            pub(super) fn builtin(name: &str) -> Option<BaseType> {
                match name {
                    $($name $(| $alias)* => Some(BaseType::$variant),)*
                    _ => None,
                }
            }

            /// The built-in type's name as `format_type` prints it.
            pub fn builtin_name(&self) -> Option<&'static str> {
                match self {
                    $(BaseType::$variant => Some($name),)*
                    BaseType::Named(_) => None,
                }
            }

            pub(super) fn max_modifiers(&self) -> usize {
                match self {
                    $(BaseType::$variant => $modifiers,)*
                    BaseType::Named(_) => usize::MAX,
                }
            }

            fn family(&self) -> TypeFamily {
                match self {
                    $(BaseType::$variant => TypeFamily::$family,)*
                    BaseType::Named(_) => TypeFamily::Other,
                }
            }

            /// The variant's name, for quoting a value in generated code.
            pub fn variant_name(&self) -> Option<&'static str> {
                match self {
                    $(BaseType::$variant => Some(stringify!($variant)),)*
                    BaseType::Named(_) => None,
                }
            }
        }
    };
}

base_types! {
    SmallInt "smallint" ["int2"] 0 Number;
    Integer "integer" ["int", "int4"] 0 Number;
    BigInt "bigint" ["int8"] 0 Number;
    Real "real" ["float4"] 0 Number;
    DoublePrecision "double precision" ["float8", "float"] 0 Number;
    Numeric "numeric" ["decimal"] 2 Number;
    Boolean "boolean" ["bool"] 0 Boolean;
    Text "text" [] 0 Text;
    Varchar "character varying" ["varchar", "char varying"] 1 Text;
    Char "character" ["char", "bpchar"] 1 Text;
    Bytea "bytea" [] 0 Other;
    Uuid "uuid" [] 0 Uuid;
    Timestamptz "timestamp with time zone" ["timestamptz"] 1 DateTime;
    Timestamp "timestamp without time zone" ["timestamp"] 1 DateTime;
    Date "date" [] 0 DateTime;
    Time "time without time zone" ["time"] 1 Other;
    Timetz "time with time zone" ["timetz"] 1 Other;
    Interval "interval" [] 2 Other;
    Json "json" [] 0 Other;
    Jsonb "jsonb" [] 0 Other;
    Inet "inet" [] 0 Other;
    Cidr "cidr" [] 0 Other;
    Macaddr "macaddr" [] 0 Other;
    Tsvector "tsvector" [] 0 Other;
    Xml "xml" [] 0 Other;
    Money "money" [] 0 Other;
    Point "point" [] 0 Other;
    Line "line" [] 0 Other;
    Lseg "lseg" [] 0 Other;
    Box "box" [] 0 Other;
    Path "path" [] 0 Other;
    Polygon "polygon" [] 0 Other;
    Circle "circle" [] 0 Other;
    Bit "bit" ["\"bit\""] 1 Other;
    Varbit "bit varying" ["varbit"] 1 Other;
    Macaddr8 "macaddr8" [] 0 Other;
    Tsquery "tsquery" [] 0 Other;
    Jsonpath "jsonpath" [] 0 Other;
    Oid "oid" [] 0 Other;
    PgLsn "pg_lsn" [] 0 Other;
    Int4Range "int4range" [] 0 Other;
    Int8Range "int8range" [] 0 Other;
    NumRange "numrange" [] 0 Other;
    TsRange "tsrange" [] 0 Other;
    TstzRange "tstzrange" [] 0 Other;
    DateRange "daterange" [] 0 Other;
    Int4Multirange "int4multirange" [] 0 Other;
    Int8Multirange "int8multirange" [] 0 Other;
    NumMultirange "nummultirange" [] 0 Other;
    TsMultirange "tsmultirange" [] 0 Other;
    TstzMultirange "tstzmultirange" [] 0 Other;
    DateMultirange "datemultirange" [] 0 Other;
    Name "name" [] 0 Other;
    OneByte "\"char\"" [] 0 Other;
    Xid "xid" [] 0 Other;
    Xid8 "xid8" [] 0 Other;
    Cid "cid" [] 0 Other;
    Tid "tid" [] 0 Other;
    Snapshot "pg_snapshot" [] 0 Other;
    TxidSnapshot "txid_snapshot" [] 0 Other;
    Refcursor "refcursor" [] 0 Other;
    Int2Vector "int2vector" [] 0 Other;
    OidVector "oidvector" [] 0 Other;
    AclItem "aclitem" [] 0 Other;
    GtsVector "gtsvector" [] 0 Other;
    Regclass "regclass" [] 0 Other;
    Regcollation "regcollation" [] 0 Other;
    Regconfig "regconfig" [] 0 Other;
    Regdictionary "regdictionary" [] 0 Other;
    Regnamespace "regnamespace" [] 0 Other;
    Regoper "regoper" [] 0 Other;
    Regoperator "regoperator" [] 0 Other;
    Regproc "regproc" [] 0 Other;
    Regprocedure "regprocedure" [] 0 Other;
    Regrole "regrole" [] 0 Other;
    Regtype "regtype" [] 0 Other;
    NodeTree "pg_node_tree" [] 0 Other;
    NDistinct "pg_ndistinct" [] 0 Other;
    Dependencies "pg_dependencies" [] 0 Other;
    McvList "pg_mcv_list" [] 0 Other;
    BrinBloomSummary "pg_brin_bloom_summary" [] 0 Other;
    BrinMinmaxMultiSummary "pg_brin_minmax_multi_summary" [] 0 Other;
}

/// Declares what an `interval` can be limited to, as it is written.
macro_rules! interval_fields {
    ($($variant:ident $text:literal;)*) => {
        /// What an `interval` counts.
        ///
        /// Source: Postgres manual, "Date/Time Types".
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum IntervalFields {
            $(#[doc = concat!("`interval ", $text, "`")] $variant,)*
        }

        impl IntervalFields {
            /// As it is written behind `interval`.
            pub fn name(self) -> &'static str {
                match self {
                    $(IntervalFields::$variant => $text,)*
                }
            }

            pub(super) fn of_name(name: &str) -> Option<IntervalFields> {
                match name {
                    $($text => Some(IntervalFields::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

interval_fields! {
    Year "year";
    Month "month";
    Day "day";
    Hour "hour";
    Minute "minute";
    Second "second";
    YearToMonth "year to month";
    DayToHour "day to hour";
    DayToMinute "day to minute";
    DayToSecond "day to second";
    HourToMinute "hour to minute";
    HourToSecond "hour to second";
    MinuteToSecond "minute to second";
}

impl IntervalFields {
    /// Whether it has digits after the second, which can be limited.
    pub(super) fn has_seconds(self) -> bool {
        self.name().ends_with("second")
    }
}

impl PgType {
    /// The type without modifiers and array brackets.
    pub fn plain(base: BaseType) -> Self {
        PgType { base, modifiers: Vec::new(), array: false }
    }

    /// What it compares with.
    pub fn family(&self) -> TypeFamily {
        if self.array { TypeFamily::Other } else { self.base.family() }
    }
}
