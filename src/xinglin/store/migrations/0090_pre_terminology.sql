-- Concepts of every code system, so that 40,000 codes are no resource (docs/city.md).
-- A system is one CodeSystem resource, that is one version of a code system: sid is its rid, bucket that of its id.
CREATE TABLE code_system (
  bucket   int4  NOT NULL,
  sid      int8  NOT NULL,
  id       text  COLLATE "C" NOT NULL,
  url      text  COLLATE "C" NOT NULL,              -- empty when the resource names none
  version  text  NOT NULL,
  title    text  NOT NULL,
  language text  NOT NULL,                          -- of the displays
  since    date,                                    -- first day of this version; NULL: from the beginning
  status   text  NOT NULL,
  content  text  NOT NULL,                          -- as of the resource; complete: what stands here is all there is
  inline   bool  NOT NULL,                          -- the concepts come from the resource itself
  vid      int4  NOT NULL,                          -- version of the resource that this is in step with
  digest   text  NOT NULL,                          -- of the file that the concepts came from
  concepts int4  NOT NULL,
  PRIMARY KEY (bucket, sid)
);
CREATE INDEX code_system_url ON code_system (url);

-- words: what it may be asked by, each after a line break: code, names, pinyin, initials. grams: pairs of neighbours in
-- words, as numbers (store/terminology/words.py).
CREATE TABLE concept (
  bucket       int4   NOT NULL,
  sid          int8   NOT NULL,
  code         text   COLLATE "C" NOT NULL,
  place        int4   NOT NULL,
  display      text   NOT NULL,
  parents      text[] NOT NULL,
  designations jsonb  NOT NULL,                      -- as in CodeSystem.concept
  properties   jsonb  NOT NULL,
  definition   text   NOT NULL,
  abstract     bool   NOT NULL,
  since        date,
  until        date,                                -- first day on which it is retired
  words        text   COLLATE "C" NOT NULL,
  grams        int4[] NOT NULL,
  PRIMARY KEY (bucket, sid, code)
);
CREATE INDEX concept_place ON concept (sid, place);
CREATE INDEX concept_code ON concept (code, sid);
CREATE INDEX concept_grams ON concept USING gin (grams);
CREATE INDEX concept_parents ON concept USING gin (parents);

-- Every code with each code above it.
CREATE TABLE concept_below (
  bucket   int4 NOT NULL,
  sid      int8 NOT NULL,
  ancestor text COLLATE "C" NOT NULL,
  code     text COLLATE "C" NOT NULL,
  PRIMARY KEY (bucket, sid, ancestor, code)
);
CREATE INDEX concept_above ON concept_below (sid, code, ancestor);
