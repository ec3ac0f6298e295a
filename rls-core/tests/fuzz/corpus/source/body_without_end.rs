#[derive(Function)]
#[rls(function = "all_posts", returns = "integer", body = sql("BEGIN ATOMIC SELECT 1; AS"))]
pub struct AllPosts;
