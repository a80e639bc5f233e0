-- Who may sign in, how, and who is signed in (docs/trust.md, "Identity"). Not health data: tables beside the record.
-- All rows of an account carry its bucket, that of its id; names, phones and documents are sealed by the vault.

CREATE TABLE account (
  bucket       int4        NOT NULL,
  id           text        COLLATE "C" NOT NULL,
  kind         text        NOT NULL CHECK (kind IN ('resident', 'staff', 'system')),
  state        text        NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
  login        text        NOT NULL DEFAULT '',       -- what staff type to sign in; residents have none
  name         bytea       NOT NULL,                  -- sealed
  phone        bytea,                                 -- sealed
  person       text        COLLATE "C",               -- Patient/… or Practitioner/…
  organization text        COLLATE "C",               -- whose administrator made it
  level        text        NOT NULL DEFAULT '' CHECK (level IN ('', 'L0', 'L1', 'L2', 'L3')),
  demo         bool        NOT NULL DEFAULT false,    -- of the demonstration: without it nobody enters by it
  made         timestamptz NOT NULL,
  used         timestamptz,                           -- signed in last
  why          text        NOT NULL DEFAULT '',       -- why it is disabled
  PRIMARY KEY (bucket, id)
);
CREATE INDEX account_person ON account (person) WHERE person IS NOT NULL;
CREATE INDEX account_list ON account (kind, organization, made DESC, id);

-- What an account is found by, each once: login name, phone, person. Lies by its digest, not by the account.
CREATE TABLE handle (
  bucket  int4  NOT NULL,
  kind    text  NOT NULL CHECK (kind IN ('login', 'phone', 'person')),
  digest  bytea NOT NULL,                             -- keyed, by the vault
  account text  COLLATE "C" NOT NULL,
  PRIMARY KEY (bucket, kind, digest)
);
CREATE INDEX handle_account ON handle (account);

-- The roles that an account may act in, one at a time.
CREATE TABLE assignment (
  bucket            int4        NOT NULL,
  account           text        COLLATE "C" NOT NULL,
  id                text        COLLATE "C" NOT NULL,
  role              text        NOT NULL,
  organization      text        COLLATE "C",
  practitioner_role text        COLLATE "C",
  since             timestamptz NOT NULL,
  until             timestamptz,
  ended             timestamptz,
  by                text        COLLATE "C" NOT NULL, -- account that gave it
  PRIMARY KEY (bucket, account, id)
);
-- Nobody administers the system, its security and its audit at once (三权分立).
CREATE UNIQUE INDEX assignment_separated ON assignment (bucket, account)
  WHERE ended IS NULL AND role IN ('system-admin', 'security-admin', 'audit-admin');

-- What proves that it is the account's owner. A replaced password stays, so that it is not taken again.
CREATE TABLE factor (
  bucket  int4        NOT NULL,
  account text        COLLATE "C" NOT NULL,
  id      text        COLLATE "C" NOT NULL,
  kind    text        NOT NULL CHECK (kind IN ('password', 'totp', 'passkey', 'recovery')),
  secret  bytea       NOT NULL,                       -- argon2id hash; sealed TOTP key; public key; hash of a code
  name    bytea       NOT NULL DEFAULT '',            -- credential id of a passkey
  label   text        NOT NULL DEFAULT '',            -- what its owner calls it
  counter int8        NOT NULL DEFAULT 0,             -- last time step of TOTP; sign count of a passkey
  made    timestamptz NOT NULL,
  used    timestamptz,
  ended   timestamptz,
  PRIMARY KEY (bucket, account, id)
);
CREATE UNIQUE INDEX factor_password ON factor (bucket, account) WHERE kind = 'password' AND ended IS NULL;

-- Somebody is signed in. The cookie holds the id and 256 random bits, of which only a hash stands here.
CREATE TABLE session (
  bucket       int4        NOT NULL,
  id           text        COLLATE "C" NOT NULL,
  account      text        COLLATE "C" NOT NULL,
  assignment   text        COLLATE "C",
  role         text        NOT NULL,
  patient      text        COLLATE "C",               -- whom a resident acts for
  purpose      text        NOT NULL,
  token        bytea       NOT NULL,
  strong       bool        NOT NULL,                  -- a second factor was used
  strong_until timestamptz,                           -- a second factor was used just now: signing is open until then
  address      text        NOT NULL DEFAULT '',
  device       text        NOT NULL DEFAULT '',
  created      timestamptz NOT NULL,
  seen         timestamptz NOT NULL,
  expires      timestamptz NOT NULL,                  -- moves on with use, never beyond "until"
  until        timestamptz NOT NULL,
  ended        timestamptz,
  why          text        NOT NULL DEFAULT '',
  PRIMARY KEY (bucket, id)
);
CREATE INDEX session_id ON session (id);               -- the ledger's gate knows the id alone
CREATE INDEX session_account ON session (account, created DESC);

-- A step that was begun: a code sent, a password given, an invitation. Its text is known to the visitor alone.
CREATE TABLE ticket (
  bucket  int4        NOT NULL,
  id      bytea       NOT NULL,                       -- hash of the text
  kind    text        NOT NULL,
  account text        COLLATE "C",
  subject bytea       NOT NULL DEFAULT '',            -- digest of what it is about, such as a phone
  sealed  bytea,                                      -- what the step needs to know
  tries   int4        NOT NULL DEFAULT 0,
  made    timestamptz NOT NULL,
  expires timestamptz NOT NULL,
  used    timestamptz,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX ticket_subject ON ticket (subject, kind, made DESC);
CREATE INDEX ticket_account ON ticket (account) WHERE account IS NOT NULL;

-- Wrong answers in a row, for accounts that exist and for those that do not.
CREATE TABLE attempt (
  bucket   int4        NOT NULL,
  kind     text        NOT NULL,
  digest   bytea       NOT NULL,
  failures int4        NOT NULL,
  last     timestamptz NOT NULL,
  locked   timestamptz,                               -- until then
  PRIMARY KEY (bucket, kind, digest)
);
CREATE INDEX attempt_locked ON attempt (locked) WHERE locked IS NOT NULL;

-- Real-name proofing of residents (R6-043): each try, and what came of it.
CREATE TABLE proofing (
  bucket   int4        NOT NULL,
  account  text        COLLATE "C" NOT NULL,
  id       text        COLLATE "C" NOT NULL,          -- also the key by which the register knows the question again
  level    text        NOT NULL CHECK (level IN ('L1', 'L2', 'L3')),
  method   text        NOT NULL,
  state    text        NOT NULL CHECK (state IN ('asked', 'unknown', 'passed', 'refused')),
  sealed   bytea,                                     -- name, number and evidence, until it is decided
  reason   text        NOT NULL DEFAULT '',
  evidence text        NOT NULL DEFAULT '',           -- the register's number of its answer, or the desk's of what was seen
  by       text        COLLATE "C" NOT NULL,          -- account that asked, or that confirmed at a desk
  tries    int4        NOT NULL DEFAULT 0,
  made     timestamptz NOT NULL,
  decided  timestamptz,
  PRIMARY KEY (bucket, account, id)
);

-- Children and others for whom an account acts (R6-042).
CREATE TABLE dependant (
  bucket   int4        NOT NULL,
  account  text        COLLATE "C" NOT NULL,
  id       text        COLLATE "C" NOT NULL,
  patient  text        COLLATE "C",
  relation text        NOT NULL,
  state    text        NOT NULL CHECK (state IN ('asked', 'unknown', 'bound', 'refused', 'ended')),
  sealed   bytea,                                     -- name, documents, until it is decided
  name     bytea       NOT NULL,                      -- sealed
  born     bytea       NOT NULL,                      -- sealed
  reason   text        NOT NULL DEFAULT '',
  until    timestamptz NOT NULL,                      -- of age: then one binds oneself
  tries    int4        NOT NULL DEFAULT 0,
  made     timestamptz NOT NULL,
  PRIMARY KEY (bucket, account, id)
);
CREATE INDEX dependant_patient ON dependant (patient) WHERE patient IS NOT NULL;
