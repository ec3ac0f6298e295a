//! Policies that read in a circle, which Postgres takes and refuses to use.

use super::round::pulled;

/// Everything else is pulled, and they are kept as they are.
#[test]
fn a_circle_stops_nothing() {
    let Some(round) = pulled(
        "create table teams (id int primary key, owner text not null); \
         create table members (team int not null, who text not null, primary key (team, who)); \
         create table looks_at_itself (id int primary key, parent int); \
         create table fine (id int primary key, owner text not null); \
         alter table teams enable row level security; alter table members enable row level security; \
         alter table fine enable row level security; alter table looks_at_itself enable row level security; \
         create policy of_members on teams for select to pull_app \
             using (exists (select 1 from members m where m.team = id and m.who = current_user)); \
         create policy of_owners on members for select to pull_app \
             using (exists (select 1 from teams t where t.id = team and t.owner = current_user)); \
         create policy of_parents on looks_at_itself to pull_app \
             using (parent is null or parent in (select l.id from looks_at_itself l)); \
         create policy own on fine for select to pull_app using (owner = current_user); \
         grant select on teams, members, fine, looks_at_itself to pull_app",
    ) else {
        return;
    };
    round.notes("the policies read in a circle, looks_at_itself → looks_at_itself");
    round.notes("teams → members");
    assert_eq!(round.source.matches("allow(policy_recursion, reason = ").count(), 2);
    round.says("name = \"own\"").says("name = \"of_members\"").says("name = \"of_owners\"");
    round.comes_back();
}
