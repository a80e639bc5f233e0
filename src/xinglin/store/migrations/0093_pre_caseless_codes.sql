-- Whether codes of a system that differ in case only are one (CodeSystem.caseSensitive is false).
ALTER TABLE code_system ADD COLUMN caseless bool NOT NULL DEFAULT false;
