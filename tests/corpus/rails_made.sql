-- As Rails dumps structure: bigserial ids, timestamps(6), schema_migrations, polymorphic columns, string arrays, views.
-- provider: postgres
-- roles: rails_web

CREATE TABLE schema_migrations (version character varying NOT NULL, CONSTRAINT schema_migrations_pkey PRIMARY KEY (version));
CREATE TABLE ar_internal_metadata (
    key character varying NOT NULL PRIMARY KEY,
    value character varying,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);

CREATE TABLE users (
    id bigserial NOT NULL PRIMARY KEY,
    email character varying DEFAULT ''::character varying NOT NULL,
    encrypted_password character varying DEFAULT ''::character varying NOT NULL,
    reset_password_token character varying,
    sign_in_count integer DEFAULT 0 NOT NULL,
    current_sign_in_ip inet,
    roles character varying[] DEFAULT '{}'::character varying[],
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE UNIQUE INDEX index_users_on_email ON users USING btree (email);
CREATE UNIQUE INDEX index_users_on_reset_password_token ON users USING btree (reset_password_token);
CREATE INDEX index_users_on_lower_email ON users USING btree (lower((email)::text) varchar_pattern_ops);

CREATE TABLE boards (
    id bigserial NOT NULL PRIMARY KEY,
    user_id bigint NOT NULL,
    name character varying(80) NOT NULL,
    slug character varying COLLATE "C" NOT NULL,
    cards_count integer DEFAULT 0,
    lock_version integer DEFAULT 0 NOT NULL,
    discarded_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE INDEX index_boards_on_user_id ON boards USING btree (user_id);
CREATE UNIQUE INDEX index_boards_on_user_id_and_slug ON boards USING btree (user_id, slug) WHERE (discarded_at IS NULL);

CREATE TABLE cards (
    id bigserial NOT NULL PRIMARY KEY,
    board_id bigint NOT NULL,
    title character varying,
    position integer,
    due_on date,
    points numeric(5,1),
    state integer DEFAULT 0 NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL,
    CONSTRAINT chk_rails_0f1c8c3f8c CHECK ((points >= (0)::numeric)),
    CONSTRAINT index_cards_on_board_id_and_position UNIQUE (board_id, position) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE comments (
    id bigserial NOT NULL PRIMARY KEY,
    commentable_type character varying NOT NULL,
    commentable_id bigint NOT NULL,
    user_id bigint,
    body text,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE INDEX index_comments_on_commentable ON comments USING btree (commentable_type, commentable_id);
CREATE INDEX index_comments_on_body ON comments USING gin (to_tsvector('simple'::regconfig, COALESCE(body, ''::text)));

ALTER TABLE ONLY boards ADD CONSTRAINT fk_rails_1fbbb0eb31 FOREIGN KEY (user_id) REFERENCES users(id);
ALTER TABLE ONLY cards ADD CONSTRAINT fk_rails_4a5f0ab4b0 FOREIGN KEY (board_id) REFERENCES boards(id) ON DELETE CASCADE;
ALTER TABLE ONLY comments ADD CONSTRAINT fk_rails_03de2dc08c FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL NOT VALID;

CREATE FUNCTION logidze_like(version bigint) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $_$
BEGIN
    RETURN jsonb_build_object('v', version, 'q', $$quoted '' text$$);
END;
$_$;

CREATE VIEW board_stats AS
 SELECT boards.id AS board_id,
    boards.name,
    count(cards.id) FILTER (WHERE (cards.state = 1)) AS done,
    row_number() OVER (PARTITION BY boards.user_id ORDER BY boards.created_at DESC) AS nth
   FROM (boards
     LEFT JOIN cards ON ((cards.board_id = boards.id)))
  GROUP BY boards.id;

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE boards ENABLE ROW LEVEL SECURITY;
ALTER TABLE boards FORCE ROW LEVEL SECURITY;
ALTER TABLE cards ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_users ON users USING (id = (NULLIF(current_setting('rls.user_id'::text, true), ''::text))::bigint);
CREATE POLICY rls_boards ON boards USING ((user_id = (NULLIF(current_setting('rls.user_id'::text, true), ''::text))::bigint)
    OR (current_setting('rls.disable'::text, true) = 'true'::text));
CREATE POLICY rls_cards ON cards USING ((EXISTS ( SELECT 1 FROM boards WHERE (boards.id = cards.board_id))));
GRANT USAGE ON SCHEMA public TO rails_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, boards, cards, comments TO rails_web;
GRANT SELECT ON board_stats, schema_migrations TO rails_web;
GRANT USAGE, SELECT ON SEQUENCE users_id_seq, boards_id_seq, cards_id_seq, comments_id_seq TO rails_web;
