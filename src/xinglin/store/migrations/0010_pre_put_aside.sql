-- Indexes that a load into an empty store has dropped and will build (store.rebuild); not distributed.
CREATE TABLE put_aside (
  name  text PRIMARY KEY,
  made  text NOT NULL
);
