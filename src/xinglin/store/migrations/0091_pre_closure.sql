-- Closures that callers maintain ($closure): the codes of each, numbered by the call that brought them.
CREATE TABLE closure (
  bucket  int4 NOT NULL,
  owner   text COLLATE "C" NOT NULL,
  name    text COLLATE "C" NOT NULL,
  system  text COLLATE "C" NOT NULL,
  code    text COLLATE "C" NOT NULL,
  version int4 NOT NULL,
  PRIMARY KEY (bucket, owner, name, system, code)
);
CREATE TABLE closure_name (
  bucket  int4 NOT NULL,
  owner   text COLLATE "C" NOT NULL,
  name    text COLLATE "C" NOT NULL,
  version int4 NOT NULL,
  PRIMARY KEY (bucket, owner, name)
);
