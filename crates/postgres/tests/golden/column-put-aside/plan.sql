ALTER TABLE invoice RENAME COLUMN fax TO tenantry_q_9eca3d60_fax;
