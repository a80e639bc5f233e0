-- What Chinese names of people and places end with, so that looking within a name is looking at a beginning:
-- the rows that writing makes (fhir/search/text.py, within), for what was written before.
-- key: kind_key(type, 'name', 'text'); ending: kind_key(type, 'name', 'within').
INSERT INTO sx (bucket, key, norm, rid)
SELECT DISTINCT s.bucket, k.ending, substr(s.norm, place), s.rid
FROM (VALUES
  (-1100186366227145497, -3362373529050779666),  -- HealthcareService
  (-4693358682800486448, 5907881909411707075),  -- Location
  (-5172258405161101731, -1817236890890193938),  -- Organization
  (-49671746612717588, 966944406350943442),  -- Patient
  (5317327685854900448, 2385517551095490983),  -- Person
  (-6100690252123360862, 1927018195216044669),  -- Practitioner
  (-8602145666580738993, -7662436939977545275)  -- RelatedPerson
) AS k (key, ending)
JOIN sx s ON s.key = k.key AND length(s.norm) <= 64 AND s.norm ~ '[㐀-䶿一-鿿豈-﫿]'
CROSS JOIN LATERAL generate_series(2, length(s.norm)) AS place
WHERE substr(s.norm, place, 1) <> ' ';
