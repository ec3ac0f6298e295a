//! No code of its own: the tests run migrations with the tools that read them.
