#[derive(Function)]
#[rls(function = "all_posts", returns = "integer", body = sql("RETURN (1"))]
pub struct AllPosts;
