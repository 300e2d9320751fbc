CREATE TABLE person (
    id bigint NOT NULL,
    team_id bigint,
    CONSTRAINT person_pkey PRIMARY KEY (id)
);
CREATE TABLE team (
    id bigint NOT NULL,
    lead_id bigint,
    CONSTRAINT team_pkey PRIMARY KEY (id)
);
ALTER TABLE person ADD CONSTRAINT person_team_id_fkey FOREIGN KEY (team_id) REFERENCES team(id);
ALTER TABLE team ADD CONSTRAINT team_lead_id_fkey FOREIGN KEY (lead_id) REFERENCES person(id);
