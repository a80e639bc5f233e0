-- How words and grams of its concepts were made (words.FORM); what was made otherwise is made anew by `xinglin migrate`.
ALTER TABLE code_system ADD COLUMN form int4 NOT NULL DEFAULT 0;
