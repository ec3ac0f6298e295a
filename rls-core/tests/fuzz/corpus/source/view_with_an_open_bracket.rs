#[derive(View)]
#[rls(view = "open", query = "SELECT count(*) AS n FROM rooms WHERE (n > 1")]
pub struct Open;
