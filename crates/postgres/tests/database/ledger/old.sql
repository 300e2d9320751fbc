-- What is old and young in a ledger, named somewhere and nowhere: each by a word, whose digest it is kept under.
CREATE FUNCTION digest(word text) RETURNS text LANGUAGE sql AS 'SELECT md5(word) || md5(word)';
CREATE FUNCTION fingerprint(word text) RETURNS text LANGUAGE sql AS 'SELECT ''v1:'' || digest(word)';
CREATE TABLE word (word text);
INSERT INTO word
SELECT unnest('{used,running,renaming,rolling,planned,told 1,told 399,told 401,forgotten,young,here}'::text[]);
SET search_path = tenantry, public;

INSERT INTO tenant (schema, name, namespace, set, database, fingerprint, unfinished)
VALUES ('a', 'a', 0, 's', 'd', fingerprint('used'), digest('running'));
INSERT INTO quarantined VALUES ('a', 'table', '{t}', 'x', digest('renaming'));
INSERT INTO rollout
SELECT 's', '1', 1, jsonb_build_object('groups', jsonb_build_array(fingerprint('rolling'), digest('planned'))), now(), now();
INSERT INTO baseline VALUES ('s', NULL, jsonb_build_object('digest', digest('here')), 'p', now());

INSERT INTO event (at, schema, tenant, set, rollout, plan, revision, outcome, took_ms)
SELECT now() - days * interval '1 day', 'a', 'a', 's', '1', digest('told ' || days), 'r', 'applied', 1
FROM unnest('{1,399,401}'::int[]) AS days;
INSERT INTO plan
SELECT digest(word), '', now() - interval '2 years'
FROM unnest('{running,renaming,planned,told 399,told 401,forgotten}'::text[]) AS word;
INSERT INTO plan VALUES (digest('young'), '', now() - interval '399 days');
INSERT INTO catalog
SELECT fingerprint(word), '', now() - interval '31 days' FROM unnest('{used,rolling,forgotten}'::text[]) AS word;
INSERT INTO catalog VALUES (fingerprint('young'), '', now() - interval '29 days');
INSERT INTO target
SELECT digest(word), 'r', 'p', '', now() - interval '31 days' FROM unnest('{here,forgotten}'::text[]) AS word;
INSERT INTO target VALUES (digest('young'), 'r', 'p', '', now() - interval '29 days');
