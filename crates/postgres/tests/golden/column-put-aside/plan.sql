ALTER TABLE invoice RENAME COLUMN fax TO tenantry_q_6095409b_fax;
