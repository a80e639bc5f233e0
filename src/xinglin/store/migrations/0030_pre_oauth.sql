-- Apps: who may ask for rights, what they were given, and the keys that sign who somebody is (docs/trust.md).
-- An app that was let in is a row of `session` like anybody who signed in, so it ends like one; app_session says which app.

CREATE TABLE client (
  bucket        int4        NOT NULL,
  id            text        COLLATE "C" NOT NULL,
  name          text        NOT NULL,
  state         text        NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'disabled')),
  method        text        NOT NULL CHECK (method IN ('none', 'private_key_jwt')),
  redirect_uris text[]      NOT NULL DEFAULT '{}',
  origins       text[]      NOT NULL DEFAULT '{}',  -- of pages that may call us from a browser
  grants        text[]      NOT NULL,
  scopes        text        NOT NULL,               -- the widest it may be given
  jwks          text        NOT NULL DEFAULT '',
  jwks_uri      text        NOT NULL DEFAULT '',
  launch_uri    text        NOT NULL DEFAULT '',
  client_uri    text        NOT NULL DEFAULT '',
  contacts      text[]      NOT NULL DEFAULT '{}',
  organization  text        COLLATE "C",            -- on whose behalf a system acts
  purpose       text        NOT NULL DEFAULT '',    -- of a system: v3-ActReason
  made          timestamptz NOT NULL,
  decided       timestamptz,
  decided_by    text        COLLATE "C",
  reason        text        NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, id)
);
CREATE INDEX client_list ON client (state, made DESC, id);

-- What an app was given, and by whom: beside its row of `session`, with the same bucket and id.
CREATE TABLE app_session (
  bucket    int4        NOT NULL,
  id        text        COLLATE "C" NOT NULL,
  client    text        COLLATE "C" NOT NULL,
  scopes    text        NOT NULL,
  patient   text        COLLATE "C",                -- of the launch
  encounter text        COLLATE "C",
  parent    text        COLLATE "C",                -- session of who let it in, while which it may stay; none: offline
  PRIMARY KEY (bucket, id)
);
CREATE INDEX app_session_client ON app_session (client);

-- Codes, access and refresh tokens, and the numbers of assertions: each known by a hash, so that the table opens nothing.
CREATE TABLE app_token (
  bucket  int4        NOT NULL,
  hash    bytea       NOT NULL,
  kind    text        NOT NULL CHECK (kind IN ('code', 'access', 'refresh', 'jti')),
  client  text        COLLATE "C" NOT NULL,
  session text        COLLATE "C",                  -- none: a code that was not redeemed yet
  scopes  text        NOT NULL DEFAULT '',
  data    text        NOT NULL DEFAULT '',          -- of a code: what was agreed to
  made    timestamptz NOT NULL,
  expires timestamptz NOT NULL,
  until   timestamptz NOT NULL,                     -- kept until then, so that a second use is recognised
  used    timestamptz,
  PRIMARY KEY (bucket, hash)
);
CREATE INDEX app_token_session ON app_token (session) WHERE session IS NOT NULL;
CREATE INDEX app_token_until ON app_token (until);

-- Keys that sign identity tokens; the private half is sealed by the vault.
CREATE TABLE app_key (
  bucket  int4        NOT NULL,
  kid     text        COLLATE "C" NOT NULL,
  alg     text        NOT NULL CHECK (alg IN ('RS256', 'ES256')),
  public  text        NOT NULL,
  sealed  bytea       NOT NULL,
  made    timestamptz NOT NULL,
  retired timestamptz,                              -- signs no more; stays published until what it signed has expired
  PRIMARY KEY (bucket, kid)
);
