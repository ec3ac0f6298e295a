import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgPolicy, pgRole, pgSchema, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authUid, crudPolicy } from 'drizzle-orm/neon';

export const space = pgSchema('My App');
export const kind = space.enum('Kind Of', ['A b', 'c-D']);
export const frontDesk = pgRole('Front Desk');
export const users = space.table('User List', {
  id: bigint('ID', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  ownerId: text('ownerId').notNull(),
  type: kind('type').notNull().default('A b'),
  select: text('select').default('x'),
  email: text('e-mail').unique('User e-mail'),
  kinds: kind('kinds').array(),
}, (t) => [
  crudPolicy({ role: frontDesk, read: authUid(t.ownerId), modify: sql`${t.type} = 'A b'` }),
  index('By Owner').on(t.ownerId, t.select.desc()),
  check('No Root', sql`${t.ownerId} <> 'root'`),
]);
export const order = pgTable('order', {
  group: integer('group').notNull(),
  table: integer('table').notNull(),
  userId: bigint('userId', { mode: 'number' }).references(() => users.id, { onDelete: 'set null' }),
}, (t) => [
  primaryKey({ columns: [t.group, t.table], name: 'the key' }),
  pgPolicy("it's open", { for: 'select', using: sql`true` }),
  pgPolicy('by user', { for: 'update', to: 'Front Desk', using: sql`${t.userId} in (select u."ID" from ${users} u where u."ownerId" = auth.user_id())` }),
  index('a rather long name of an index, which has more bytes than Postgres keeps of one').on(t.userId),
]);
