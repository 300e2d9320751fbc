-- Some rows for every tenant, written by the product and not by Tenantry.
DO $$
DECLARE
    tenant text;
BEGIN
    FOR tenant IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\_%' LOOP
        EXECUTE format('SET LOCAL search_path = %I', tenant);
        INSERT INTO account (plan_id, name, billing)
            VALUES (2, 'Head office', ROW ('Main Street 1', '10115', 'Berlin', 'DE'));
        INSERT INTO member (account_id, email, name, role) VALUES (1, 'ada@example.org', 'Ada', 'owner');
        INSERT INTO contact (account_id, name, email, fax) VALUES (1, 'First Customer Ltd', 'post@example.com', '030 123');
        INSERT INTO product (sku, name, price) VALUES ('A-1', 'Widget', 12.50);
        INSERT INTO invoice (account_id, contact_id, state, total, issued_on, due_on)
            SELECT 1, 1, CASE n WHEN 1 THEN 'sent' ELSE 'draft' END::invoice_state, 25, '2026-10-01', '2026-10-15'
            FROM generate_series(1, 3) AS n;
        INSERT INTO invoice_line (invoice_id, position, product_id, title, quantity, price)
            SELECT id, 1, 1, 'Widget', 2, 12.50 FROM invoice;
        INSERT INTO payment (invoice_id, amount, received_on) VALUES (1, 25, '2026-10-12');
        INSERT INTO setting VALUES ('theme', '"dark"');
        INSERT INTO audit_log (at, member_id, action) VALUES ('2026-10-01 12:00:00+00', 1, 'login'), ('2027-02-01 12:00:00+00', 1, 'login');
        COMMIT;
    END LOOP;
END
$$;
