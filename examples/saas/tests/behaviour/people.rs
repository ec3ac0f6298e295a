//! Who tries.

use tokio_postgres::{Error, Transaction};

pub struct Person {
    pub name: &'static str,
    pub role: &'static str,
    /// The claims of the token, as Clerk writes them; empty without a token.
    pub claims: &'static str,
}

/// A member of `org_a` who works on its project, and whose the documents are.
pub const AUTHOR: Person = Person {
    name: "author",
    role: "authenticated",
    claims: r#"{"sub": "user_author", "o": {"id": "org_a", "rol": "member"}}"#,
};

/// In the order of the columns of the attempts.
pub const PEOPLE: [Person; 10] = [
    Person {
        name: "owner",
        role: "authenticated",
        claims: r#"{"sub": "user_owner", "o": {"id": "org_a", "rol": "owner"}}"#,
    },
    Person {
        name: "admin",
        role: "authenticated",
        claims: r#"{"sub": "user_admin", "o": {"id": "org_a", "rol": "admin"}}"#,
    },
    AUTHOR,
    // A member with whom the private document is shared.
    Person {
        name: "reader",
        role: "authenticated",
        claims: r#"{"sub": "user_reader", "o": {"id": "org_a", "rol": "member"}}"#,
    },
    // A member with whom it is shared to be changed.
    Person {
        name: "editor",
        role: "authenticated",
        claims: r#"{"sub": "user_editor", "o": {"id": "org_a", "rol": "member"}}"#,
    },
    // An admin of another organisation, with whom it is shared to be changed all the same.
    Person {
        name: "outsider",
        role: "authenticated",
        claims: r#"{"sub": "user_outsider", "o": {"id": "org_b", "rol": "admin"}}"#,
    },
    // An admin of org_a, on its project and with a share, whose token is for org_b, where they are
    // a member.
    Person {
        name: "guest",
        role: "authenticated",
        claims: r#"{"sub": "user_guest", "o": {"id": "org_b", "rol": "member"}}"#,
    },
    // Was put on the project, has left the organisation, and has a token from before.
    Person {
        name: "former",
        role: "authenticated",
        claims: r#"{"sub": "user_former", "o": {"id": "org_a", "rol": "member"}}"#,
    },
    Person { name: "anonymous", role: "anonymous", claims: "" },
    // Signed in as far as the role goes, by a token that says nothing.
    Person { name: "nobody", role: "authenticated", claims: "{}" },
];

/// What a request does: role and claims, until the transaction ends.
pub async fn become_role(transaction: &Transaction<'_>, person: &Person) -> Result<(), Error> {
    let claims = "SELECT set_config('request.jwt.claims', $1, true)";
    transaction.execute(claims, &[&person.claims]).await?;
    transaction.batch_execute(&format!("SET LOCAL ROLE {}", person.role)).await
}
