-- Dictionaries are made of pieces of bodies: sealed where these are (store.vault). enc of a sealed body is negative.
ALTER TABLE dict ADD COLUMN sealed bool NOT NULL DEFAULT false;
