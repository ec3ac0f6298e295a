//! Every lint there is, in one fixed order: what is a hole first, what is only slow last.

use super::{Lint, Severity};

macro_rules! lints {
    ($($constant:ident $name:literal $severity:ident $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub(super) static $constant: Lint = Lint {
                name: $name,
                severity: Severity::$severity,
                summary: $summary,
                explanation: include_str!(concat!("explain/", $name, ".md")),
            };
        )*

        /// Every lint there is.
        pub static ALL: &[&Lint] = &[$(&$constant),*];
    };
}

lints! {
    RLS_DISABLED_IN_PUBLIC "rls_disabled_in_public" Error
        "a table without row security";
    POLICY_EXISTS_RLS_DISABLED "policy_exists_rls_disabled" Error
        "policies on a table without row security, which nobody asks";
    RLS_REFERENCES_USER_METADATA "rls_references_user_metadata" Error
        "a policy trusts a claim that users edit themselves";
    POLICY_RECURSION "policy_recursion" Error
        "policies that read in a circle, which Postgres refuses whenever they are used";
    AUTH_USERS_EXPOSED "auth_users_exposed" Warning
        "a policy reads `auth.users`";
    FUNCTION_SEARCH_PATH_MUTABLE "function_search_path_mutable" Warning
        "a SECURITY DEFINER function looks names up where its caller says";
    SECURITY_DEFINER_VIEW "security_definer_view" Warning
        "a view shows rows past the policies of the tables that it reads";
    MATERIALIZED_VIEW_IN_API "materialized_view_in_api" Warning
        "a view shows all the rows that it keeps, past the policies of its tables";
    SPOOFABLE_SETTING "spoofable_setting" Warning
        "a policy trusts a setting that any session can set";
    CALLS_UNKNOWN_FUNCTION "calls_unknown_function" Info
        "SQL in a policy uses a function or relation that is not declared here";
    UID_WITH_CLERK_SUBJECT "uid_with_clerk_subject" Info
        "a `uuid` column compared with a subject that need not be one";
    ANONYMOUS_WRITE "anonymous_write" Warning
        "whoever has no account writes without being asked who they are";
    RLS_POLICY_ALWAYS_TRUE "rls_policy_always_true" Warning
        "a policy lets a role write every row";
    ROW_CAN_BE_STOLEN "row_can_be_stolen" Warning
        "an UPDATE makes the caller the owner of rows that are not theirs";
    ROW_CAN_BE_GIVEN_AWAY "row_can_be_given_away" Warning
        "an UPDATE hands the caller's row to somebody else";
    SELF_GRANTED_ACCESS "self_granted_access" Warning
        "users write the rows that policies look up to let them in";
    SELF_GUARDING_COLUMN "self_guarding_column" Warning
        "a condition of DELETE tests a column that the caller changes first";
    OWNER_COLUMN_NULLABLE "owner_column_nullable" Info
        "rows may have no owner, and then belong to nobody";
    NULLABLE_NOT_EQUAL "nullable_not_equal" Info
        "`!=` on a column that may be NULL leaves those rows out";
    RLS_ENABLED_NO_POLICY "rls_enabled_no_policy" Info
        "a table without a policy, which nobody can reach";
    RESTRICTIVE_WITHOUT_PERMISSIVE "restrictive_without_permissive" Warning
        "a restrictive policy narrows what nobody is allowed";
    UNREACHABLE_POLICY "unreachable_policy" Warning
        "another policy allows everything that this one does";
    UPDATE_WITHOUT_SELECT "update_without_select" Warning
        "a role changes rows that it cannot see";
    INSERT_WITHOUT_SELECT "insert_without_select" Info
        "a role cannot read back what it inserts";
    UPDATE_HIDES_ROW "update_hides_row" Info
        "an UPDATE that would hide the row from the caller is refused";
    LOOKUP_SEES_NOTHING "lookup_sees_nothing" Warning
        "a lookup in a table that the role cannot read";
    SENSITIVE_COLUMNS_EXPOSED "sensitive_columns_exposed" Warning
        "a column that looks secret is readable by everyone";
    COLUMN_LISTS_MERGE "column_lists_merge" Warning
        "policies for one role name different columns";
    LOOKUP_EXPOSES_COLUMNS "lookup_exposes_columns" Warning
        "a lookup takes a column that its table keeps from the role";
    USER_SETTABLE_IDENTITY "user_settable_identity" Info
        "a role chooses the number that Postgres should";
    AUTH_RLS_INITPLAN "auth_rls_initplan" Warning
        "SQL in a policy asks who is there once for each row";
    MULTIPLE_PERMISSIVE_POLICIES "multiple_permissive_policies" Info
        "several permissive policies for one role and command";
    POLICY_COLUMN_WITHOUT_INDEX "policy_column_without_index" Warning
        "a policy finds its rows by a column without an index";
    UNKNOWN_LINT "unknown_lint" Warning
        "a table allows a lint that does not exist";
    UNUSED_ALLOW "unused_allow" Warning
        "a table allows a lint that has nothing to say";
}

/// The lint of that name.
pub fn find(name: &str) -> Option<&'static Lint> {
    ALL.iter().copied().find(|lint| lint.name == name)
}
