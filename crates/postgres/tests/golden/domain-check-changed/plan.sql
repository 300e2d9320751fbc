ALTER DOMAIN email DROP CONSTRAINT email_check;
ALTER DOMAIN email ADD CONSTRAINT email_check CHECK ((VALUE ~~ '%_@_%'::text));
